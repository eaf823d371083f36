package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"magpie/internal/media"
)

const (
	// readAhead is how much one opening of a blob asks for at least: small
	// enough to throw away, large enough that reading in order through S3 is not
	// one request per box header.
	readAhead = 1 << 20

	// maxAhead is how far that grows, fourfold each time, while the file is read in
	// order: each opening is a request to S3, which costs time and money.
	maxAhead = 16 << 20

	// maxSkip is how far forward a reader is moved by reading instead of being
	// opened anew.
	maxSkip = 64 << 10

	// maxIdle is how many readers wait for the next ReadAt.
	maxIdle = 4
)

// ReaderAt reads the file that a manifest describes at any offset. It keeps a
// few of the driver's readers open between calls, so that many small reads that
// go forward cost few openings. It may be used from many goroutines.
type ReaderAt struct {
	ctx      context.Context // ReadAt has no room for one
	store    *Store
	manifest media.Manifest
	size     int64

	mu     sync.Mutex
	idle   []*cursor // the longest unused first
	used   *cursor   // the last one that was read to its end
	closed bool
}

// cursor is a driver's reader that stands at pos and may be read up to end. One
// ReadAt has it at a time.
type cursor struct {
	key      string
	pos, end int64
	ahead    int64 // how much it was opened for
	last     bool  // its end is the blob's
	r        io.ReadCloser
}

// before says whether reading on from the cursor's end leads to off of a blob,
// or may do so.
func (c *cursor) before(key string, off int64) bool {
	return c != nil && (c.key == key && c.end == off || c.last && off == 0)
}

// ReaderAt reads the file that m describes at any offset, as long as ctx
// lasts. It must be closed.
func (s *Store) ReaderAt(ctx context.Context, m media.Manifest) *ReaderAt {
	return &ReaderAt{ctx: ctx, store: s, manifest: m, size: m.Size()}
}

// Size is the file's length in bytes.
func (a *ReaderAt) Size() int64 { return a.size }

// ReadAt fills p from offset off, as io.ReaderAt says: fewer bytes only with
// an error, io.EOF at the file's end. A blob that is missing is
// fs.ErrNotExist, one shorter than the manifest says io.ErrUnexpectedEOF, and
// a closed ReaderAt fs.ErrClosed.
func (a *ReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if err := checkRange(off, int64(len(p))); err != nil {
		return 0, err
	}
	if err := a.ctx.Err(); err != nil {
		return 0, fmt.Errorf("read blobs at %d: %w", off, err)
	}
	total := 0
	for _, span := range a.manifest.Spans(off, int64(len(p))) {
		n, err := a.readSpan(p[total:total+int(span.Length)], span)
		total += n
		if err != nil {
			return total, fmt.Errorf("read blob %s: %w", span.Blob.Key, err)
		}
	}
	if total < len(p) {
		return total, io.EOF
	}
	return total, nil
}

// readSpan fills p from a span of the same length.
func (a *ReaderAt) readSpan(p []byte, span media.Span) (int, error) {
	total := 0
	for total < len(p) {
		off := span.Offset + int64(total)
		c, reused, err := a.take(span.Blob, off, int64(len(p)-total))
		if err != nil {
			return total, err
		}
		n, err := c.readAt(p[total:], off)
		total += n
		if err == nil {
			a.give(c)
			continue
		}
		c.r.Close()
		if reused {
			continue // it may only have been idle for too long: open anew
		}
		if errors.Is(err, io.EOF) {
			err = tooShort(c.pos, span.Blob.Size)
		}
		return total, err
	}
	return total, nil
}

// readAt reads at off, which the cursor reaches by going forward, as much of p
// as lies before the cursor's end.
func (c *cursor) readAt(p []byte, off int64) (int, error) {
	if c.pos < off {
		n, err := io.CopyN(io.Discard, c.r, off-c.pos)
		c.pos += n
		if err != nil {
			return 0, err
		}
	}
	n, err := io.ReadFull(c.r, p[:min(int64(len(p)), c.end-off)])
	c.pos += int64(n)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

// take gives a cursor that reaches off of the blob: an idle one, or one newly
// opened for n bytes or the read-ahead.
func (a *ReaderAt) take(b media.Blob, off, n int64) (c *cursor, reused bool, err error) {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return nil, false, fs.ErrClosed
	}
	for i, c := range a.idle {
		if c.key == b.Key && c.pos <= off && off <= c.pos+maxSkip && off < c.end {
			a.idle = append(a.idle[:i], a.idle[i+1:]...)
			a.mu.Unlock()
			return c, true, nil
		}
	}
	ahead := int64(readAhead)
	if a.used.before(b.Key, off) {
		ahead = min(4*a.used.ahead, maxAhead)
	}
	a.mu.Unlock()

	n = min(max(n, ahead), b.Size-off)
	r, err := a.store.openSpan(a.ctx, media.Span{Blob: b, Offset: off, Length: n})
	if err != nil {
		return nil, false, err
	}
	return &cursor{key: b.Key, pos: off, end: off + n, ahead: ahead, last: off+n == b.Size, r: r}, false, nil
}

// give puts a cursor back for the next ReadAt, or closes it when it is used up
// or nobody will ask; of too many, the longest unused goes.
func (a *ReaderAt) give(c *cursor) {
	a.mu.Lock()
	if c.pos == c.end {
		a.used = c
	}
	if !a.closed && c.pos < c.end {
		a.idle = append(a.idle, c)
		c = nil
		if len(a.idle) > maxIdle {
			c = a.idle[0]
			a.idle = append(a.idle[:0], a.idle[1:]...)
		}
	}
	a.mu.Unlock()
	if c != nil {
		c.r.Close()
	}
}

// Close lets go of the driver's readers; a ReadAt that is under way closes its
// own when it is done. It may be called twice.
func (a *ReaderAt) Close() error {
	a.mu.Lock()
	idle := a.idle
	a.idle, a.closed = nil, true
	a.mu.Unlock()
	for _, c := range idle {
		c.r.Close()
	}
	return nil
}
