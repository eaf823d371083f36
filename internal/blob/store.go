package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"magpie/internal/media"
)

// bufferSize is the fixed memory of one Put or Verify.
const bufferSize = 256 << 10

// Store keeps blobs over a Driver. It checks keys, counts bytes, takes
// checksums and names the operation and the key in every error; what the
// driver's error says can still be found in the chain (fs.ErrNotExist, a
// *media.Error of CodeFull, the context's error). Its methods may be used from
// many goroutines.
type Store struct {
	driver  Driver
	buffers sync.Pool
}

// New makes a Store that owns d.
func New(d Driver) *Store {
	return &Store{
		driver:  d,
		buffers: sync.Pool{New: func() any { return new([bufferSize]byte) }},
	}
}

// Create begins a blob whose key is given at the end. hint is how many bytes
// are expected, 0 where nobody knows; a store without room for them refuses
// with media.CodeFull. The Writer must be ended by Commit or Abort.
func (s *Store) Create(ctx context.Context, hint int64) (*Writer, error) {
	return s.CreateHeaded(ctx, hint, 0)
}

// CreateHeaded is Create for a blob whose beginning is known last: its first head
// bytes, at most MaxHead, are left open for Writer.WriteHead. hint counts them
// too.
func (s *Store) CreateHeaded(ctx context.Context, hint, head int64) (*Writer, error) {
	return s.CreateKeyed(ctx, "", hint, head)
}

// CreateKeyed is CreateHeaded for a blob that is committed under key, and no
// other: a driver that can then needs less room for a long one. ctx must last until
// Commit.
func (s *Store) CreateKeyed(ctx context.Context, key string, hint, head int64) (*Writer, error) {
	if head < 0 || head > MaxHead {
		return nil, fmt.Errorf("create blob: a head of %d bytes; at most %d can be left open", head, MaxHead)
	}
	var u Upload
	var err error
	if d, ok := s.driver.(Keyed); ok && key != "" {
		u, err = d.CreateKeyed(ctx, key, max(hint, 0), head)
	} else {
		u, err = s.driver.Create(ctx, max(hint, 0), head)
	}
	if err != nil {
		return nil, fmt.Errorf("create blob: %w", err)
	}
	return &Writer{store: s, upload: u, head: head, open: head > 0}, nil
}

// Put stores everything that r yields under key. When it returns nil the bytes
// and the name are on stable storage; on an error, r's included, nothing is
// readable under key. Its memory is one fixed buffer, whatever r's length.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (media.Blob, error) {
	if err := CheckKey(key); err != nil {
		return media.Blob{}, fmt.Errorf("put blob: %w", err)
	}
	w, err := s.CreateKeyed(ctx, key, 0, 0)
	if err != nil {
		return media.Blob{}, fmt.Errorf("put blob %s: %w", key, err)
	}
	defer w.Abort()
	if _, err := w.ReadFrom(r); err != nil {
		return media.Blob{}, fmt.Errorf("put blob %s: %w", key, err)
	}
	return w.Commit(ctx, key)
}

// Stat describes a committed blob. A missing one is fs.ErrNotExist.
func (s *Store) Stat(ctx context.Context, key string) (Info, error) {
	if err := CheckKey(key); err != nil {
		return Info{}, fmt.Errorf("stat blob: %w", err)
	}
	info, err := s.driver.Stat(ctx, key)
	if err != nil {
		return Info{}, fmt.Errorf("stat blob %s: %w", key, err)
	}
	return info, nil
}

// Presign gives a URL at which anybody may GET a blob for a while, with ranges, as
// a content type and, unless it is "", a disposition. It is an error where the
// driver is no Presigner.
func (s *Store) Presign(ctx context.Context, key string, ttl time.Duration, contentType, disposition string) (string, error) {
	err := CheckKey(key)
	d, ok := s.driver.(Presigner)
	if err == nil && !ok {
		err = errors.New("the store has no addresses for viewers")
	}
	var u string
	if err == nil {
		u, err = d.Presign(ctx, key, ttl, contentType, disposition)
	}
	if err != nil {
		return "", fmt.Errorf("presign blob %s: %w", key, err)
	}
	return u, nil
}

// Delete removes a blob; a missing one is no error. It need not outlast a
// crash: whoever deletes must be ready to find the blob again and to delete it
// again.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return fmt.Errorf("delete blob: %w", err)
	}
	if err := s.driver.Delete(ctx, key); err != nil {
		return fmt.Errorf("delete blob %s: %w", key, err)
	}
	return nil
}

// List yields every committed blob under prefix, which is "" or ends in "/", in
// no particular order. Blobs committed before the iteration began and not
// deleted meanwhile are all yielded; later ones may be. An error is the last
// thing yielded. Blobs may be deleted while they are listed.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return s.list(ctx, prefix, s.driver.List)
}

// Names is List for who needs no more than the keys: where Modified is zero, Stat
// tells the rest.
func (s *Store) Names(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return s.list(ctx, prefix, s.driver.Names)
}

func (s *Store) list(ctx context.Context, prefix string, list func(context.Context, string) iter.Seq2[Info, error]) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := CheckPrefix(prefix); err != nil {
			yield(Info{}, fmt.Errorf("list blobs: %w", err))
			return
		}
		for info, err := range list(ctx, prefix) {
			if err != nil {
				yield(Info{}, fmt.Errorf("list blobs under %q: %w", prefix, err))
				return
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

// Ready fails, saying why, when the store can take no write now.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.driver.Ready(ctx); err != nil {
		return fmt.Errorf("blob store: %w", err)
	}
	return nil
}

// Close closes the driver. Nothing is used after it.
func (s *Store) Close() error {
	if err := s.driver.Close(); err != nil {
		return fmt.Errorf("close blob store: %w", err)
	}
	return nil
}
