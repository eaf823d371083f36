package blob

import (
	"context"
	"io"
	"iter"
	"syscall"
	"time"
)

// Driver moves bytes to and from one kind of storage. It does only what
// differs between kinds: Store checks keys, counts, takes checksums and wraps
// errors above every driver. It may be used from many goroutines, and its
// methods fail once their context has ended. blobtest holds every driver to
// these comments.
type Driver interface {
	// Create begins a blob whose key is not known yet. Where the store has no
	// room for hint more bytes above its reserve (hint may be 0: not known),
	// the error has media.CodeFull. The blob's first head bytes, at most MaxHead,
	// are left open for WriteHead; hint counts them too.
	Create(ctx context.Context, hint, head int64) (Upload, error)

	// Open returns a reader that begins at byte off of the blob. The caller
	// reads at most n bytes from it and closes it; a driver may return a
	// reader that would yield more. A missing key gives an error for which
	// errors.Is(err, fs.ErrNotExist) holds.
	Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error)

	// Stat describes the blob. A missing key is fs.ErrNotExist.
	Stat(ctx context.Context, key string) (Info, error)

	// Delete removes the blob. A missing key is no error. Deleting need not be
	// durable: a blob that comes back after a crash is swept again.
	Delete(ctx context.Context, key string) error

	// List yields every committed blob whose key begins with prefix, which is
	// "" or ends in "/", in no particular order. Blobs committed before List
	// was called and not deleted meanwhile are all yielded; later ones may be.
	// Where prefix has two elements or more, what is yielded is on stable
	// storage, also if its Commit has not returned: who lists a session builds
	// on what they find. A prefix with nothing under it yields nothing.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]

	// Names is List for who needs no more than Key. What else it would have to ask
	// for, blob by blob, it may leave out; then Modified is zero.
	Names(ctx context.Context, prefix string) iter.Seq2[Info, error]

	// Ready fails, saying why, when the store can take no write now.
	Ready(ctx context.Context) error

	// Close lets go of what the driver holds. Nothing is used after it.
	Close() error
}

// Keyed is a Driver that does better where a blob's key is known from the start:
// it may send a long blob on while it comes in.
type Keyed interface {
	// CreateKeyed is Create for a blob that is committed under key, and no other.
	// Its Writes fail once ctx has ended.
	CreateKeyed(ctx context.Context, key string, hint, head int64) (Upload, error)
}

// Presigner is a Driver whose blobs others can read without it.
type Presigner interface {
	// Presign gives a URL at which anybody may GET the blob for a while, with ranges,
	// as the content type and, unless it is "", the disposition. It asks the store
	// nothing, so the blob need not be there.
	Presign(ctx context.Context, key string, ttl time.Duration, contentType, disposition string) (string, error)
}

// MaxHead is the most of a blob's beginning that may be left open.
const MaxHead = 16 << 20

// Upload is a blob on its way in. It is used by one goroutine. Exactly one of
// Commit and Abort ends it; Abort after Commit does nothing, so that it can be
// deferred; Write, WriteHead and Commit fail after either. Until Commit, nothing of it is
// seen by Open, Stat or List, and a crash leaves nothing that lasts past the next
// start.
type Upload interface {
	// Write appends, from behind what was left open at the beginning.
	io.Writer

	// WriteHead fills what Create left open. It is called once before Commit,
	// at any time, with exactly that many bytes, and never where nothing was left
	// open: Writer sees to that. p is not kept. Its bytes are as durable after
	// Commit as all others.
	WriteHead(p []byte) error

	// Commit makes the bytes readable under key. When it returns nil they, and
	// the name, are on stable storage. On an error nothing is readable under
	// key, or, where it could not be learned what became of them, maybe all of
	// them: those are not taken away again, since who listed them may build on
	// them. Keys are never reused: what Commit does to an existing key is
	// undefined.
	Commit(ctx context.Context, key string) error

	// Abort drops the bytes.
	Abort()
}

// Flusher is an Upload that can put on stable storage what was written so far,
// before Commit, which then has less to do. After one that failed nothing can be
// committed.
type Flusher interface {
	Flush() error
}

// Readable is an Upload of which can be read, by any number of goroutines, what was
// written, until it is written on or ended. What fails to be read can be
// committed all the same.
type Readable interface {
	io.ReaderAt
}

// Sender is a driver's reader over a file, whose bytes the kernel can send by itself.
type Sender interface {
	io.ReadCloser

	// SendTo sends n bytes, fewer only with an error or at the file's end, from
	// where the reader stands, and moves it on by as many as it says. to is a socket
	// that does not block; its deadline for writing holds.
	SendTo(to syscall.RawConn, n int64) (int64, error)
}

// Info describes a committed blob.
type Info struct {
	Key      string
	Size     int64
	Modified time.Time // by the store's clock, when it was committed
}
