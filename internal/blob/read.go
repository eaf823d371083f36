package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"magpie/internal/media"
)

// CopyTo writes bytes [off, off+n) of the file that m describes to w, clipped
// at the file's end, and says how many it wrote. The driver's reader is handed
// to w as it is, so that a file goes to a connection without passing through
// this process. A blob that is missing is fs.ErrNotExist; one shorter than m
// says is io.ErrUnexpectedEOF; both name the key.
func (s *Store) CopyTo(ctx context.Context, w io.Writer, m media.Manifest, off, n int64) (int64, error) {
	if err := checkRange(off, n); err != nil {
		return 0, err
	}
	var total int64
	for _, span := range m.Spans(off, n) {
		written, err := s.copySpan(ctx, w, span)
		total += written
		if err != nil {
			return total, fmt.Errorf("copy blob %s: %w", span.Blob.Key, err)
		}
	}
	return total, nil
}

func (s *Store) copySpan(ctx context.Context, w io.Writer, span media.Span) (int64, error) {
	r, err := s.openSpan(ctx, span)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	// CopyN and nothing around r: the kernel is asked to send only when w finds
	// the Sender itself behind one io.LimitedReader.
	n, err := io.CopyN(w, r, span.Length)
	if errors.Is(err, io.EOF) {
		err = tooShort(span.Offset+n, span.Blob.Size)
	}
	return n, err
}

// Open reads bytes [off, off+n) of the file that m describes in order, clipped
// at the file's end. Blobs are opened one at a time, when their turn comes, so
// a missing one (fs.ErrNotExist) shows in Read; one shorter than m says is
// io.ErrUnexpectedEOF. The reader is used by one goroutine, lives no longer
// than ctx, and must be closed.
func (s *Store) Open(ctx context.Context, m media.Manifest, off, n int64) io.ReadCloser {
	if err := checkRange(off, n); err != nil {
		return &reader{err: err}
	}
	return &reader{ctx: ctx, store: s, spans: m.Spans(off, n)}
}

// reader holds a context because Read has no room for one.
type reader struct {
	ctx   context.Context
	store *Store
	spans []media.Span // the first is the one being read
	open  io.ReadCloser
	pos   int64 // how much of the first span has been read
	err   error // what every further Read returns
}

func (r *reader) Read(p []byte) (int, error) {
	for r.err == nil && len(p) > 0 {
		if len(r.spans) == 0 {
			r.err = io.EOF
			break
		}
		span := r.spans[0]
		if r.open == nil {
			var err error
			if r.open, err = r.store.openSpan(r.ctx, span); err != nil {
				r.err = fmt.Errorf("read blob %s: %w", span.Blob.Key, err)
				break
			}
		}
		n, err := r.open.Read(p[:min(int64(len(p)), span.Length-r.pos)])
		r.pos += int64(n)
		switch {
		case r.pos == span.Length:
			r.next()
		case err == io.EOF:
			r.err = fmt.Errorf("read blob %s: %w", span.Blob.Key, tooShort(span.Offset+r.pos, span.Blob.Size))
		case err != nil:
			r.err = fmt.Errorf("read blob %s: %w", span.Blob.Key, err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, r.err
}

func (r *reader) next() {
	r.shut()
	r.spans = r.spans[1:]
	r.pos = 0
}

func (r *reader) shut() {
	if r.open != nil {
		r.open.Close()
		r.open = nil
	}
}

// Close may be called twice.
func (r *reader) Close() error {
	r.shut()
	r.err = fs.ErrClosed
	return nil
}

// openSpan opens the driver's reader at a span. It may yield more than the
// span.
func (s *Store) openSpan(ctx context.Context, span media.Span) (io.ReadCloser, error) {
	if err := CheckKey(span.Blob.Key); err != nil {
		return nil, err
	}
	return s.driver.Open(ctx, span.Blob.Key, span.Offset, span.Length)
}

func checkRange(off, n int64) error {
	if off < 0 || n < 0 {
		return fmt.Errorf("read blobs: %d bytes at %d is no range", n, off)
	}
	return nil
}

func tooShort(got, want int64) error {
	return fmt.Errorf("it ends after %d of %d bytes: %w", got, want, io.ErrUnexpectedEOF)
}
