package delivery

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// content is a stored file as http.ServeContent wants it. Reading is only for
// the rare multipart answer; whole files and single ranges go by sender.
type content struct {
	ctx      context.Context // of one request, until Close
	cancel   context.CancelFunc
	store    *blob.Store
	manifest media.Manifest
	size     int64

	// When a multipart answer breaks off, ServeContent returns while a goroutine
	// of its own may still be reading.
	mu     sync.Mutex
	off    int64
	reader io.ReadCloser
	closed bool
}

func newContent(ctx context.Context, store *blob.Store, m media.Manifest) *content {
	ctx, cancel := context.WithCancel(ctx)
	return &content{ctx: ctx, cancel: cancel, store: store, manifest: m, size: m.Size()}
}

// Seek moves to an offset of the file (io.Seeker).
func (c *content) Seek(offset int64, whence int) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch whence {
	case io.SeekCurrent:
		offset += c.off
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	if offset != c.off {
		c.drop()
	}
	c.off = offset
	return offset, nil
}

// Read reads on from the offset (io.Reader).
func (c *content) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, fs.ErrClosed
	}
	if c.off >= c.size {
		return 0, io.EOF
	}
	if c.reader == nil {
		c.reader = c.store.Open(c.ctx, c.manifest, c.off, c.size-c.off)
	}
	n, err := c.reader.Read(p)
	c.off += int64(n)
	return n, err
}

// drop lets go of the blob that Read holds open.
func (c *content) drop() {
	if c.reader != nil {
		_ = c.reader.Close()
		c.reader = nil
	}
}

// Close ends a Read that is under way, and all others. It may be called twice.
func (c *content) Close() {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.drop()
}

// little is so few bytes that they go out with the header in one write, which
// costs less than handing them to the kernel on their own.
const little = 2 << 10

// long is from how many bytes on it pays to cork the connection.
const long = 4 << 20

// sender is the response that ServeContent writes to. When it is asked to send
// a stretch of a content, it has the store copy blob by blob into the real
// response, which hands files to the kernel. The status waits for the first
// bytes: a store that can't be reached shows only then.
type sender struct {
	http.ResponseWriter
	held int   // the status, until it is sent
	err  error // why the body ended early
}

func (s *sender) WriteHeader(status int) { s.held = status }

// begin sends the status.
func (s *sender) begin() {
	if s.held != 0 {
		s.ResponseWriter.WriteHeader(s.held)
		s.held = 0
	}
}

func (s *sender) Write(p []byte) (int, error) {
	s.begin()
	return s.ResponseWriter.Write(p)
}

// body is the response of a sender for bytes that the store has in hand.
type body struct {
	*sender
	ctx    context.Context
	began  bool
	kernel bool // whether files go to the connection by themselves
}

// ReadFrom hands the source to the real response as it is.
func (b *body) ReadFrom(r io.Reader) (int64, error) {
	b.begin()
	if !b.began {
		b.began = true
		b.kernel = flushHeader(b.ctx, b.ResponseWriter)
	}
	if !b.kernel {
		r = struct{ io.Reader }{r}
	}
	return io.Copy(b.ResponseWriter, r)
}

// ReadFrom implements io.ReaderFrom, which io.Copy prefers.
func (s *sender) ReadFrom(r io.Reader) (int64, error) {
	if limited, ok := r.(*io.LimitedReader); ok {
		if c, ok := limited.R.(*content); ok {
			n := min(limited.N, c.size-c.off)
			var w io.Writer = &body{sender: s, ctx: c.ctx}
			if n <= little {
				w = struct{ io.Writer }{w}
			}
			if n >= long {
				defer cork(c.ctx)()
			}
			n, err := c.store.CopyTo(c.ctx, w, c.manifest, c.off, n)
			c.off += n
			limited.N -= n
			s.err = err
			return n, err
		}
	}
	n, err := io.Copy(struct{ io.Writer }{s}, r)
	s.err = err
	return n, err
}

// serve answers GET and HEAD for one stored file: ranges (RFC 9110 §14),
// If-None-Match, If-Range, If-Modified-Since. The caller has set the
// Content-Type. A body that breaks off is logged; the server then closes the
// connection, so that the client does not take it for whole. Where the store is
// busy before the first byte it gives that error and has answered nothing.
func serve(w http.ResponseWriter, r *http.Request, store *blob.Store, manifest media.Manifest, m media.Media, tag string, log *slog.Logger) error {
	w.Header().Set("ETag", tag)
	c := newContent(r.Context(), store, manifest)
	defer c.Close()
	s := &sender{ResponseWriter: w}
	http.ServeContent(s, r, "", m.TouchedAt, c)
	if s.held != 0 && media.CodeOf(s.err) == media.CodeBusy {
		for _, of := range []string{"Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Length", "Content-Range", "ETag", "Last-Modified"} {
			w.Header().Del(of)
		}
		return s.err
	}
	s.begin()
	if s.err != nil && r.Context().Err() == nil && !viewerGone(s.err) {
		log.ErrorContext(r.Context(), "file not sent to its end", "media", m.ID, "err", s.err)
	}
	return nil
}

// viewerGone tells a viewer who went away or stalled from a file that could not
// be read: when the kernel sends, both are errors of the connection.
func viewerGone(err error) bool {
	for _, gone := range []error{syscall.EPIPE, syscall.ECONNRESET, net.ErrClosed, os.ErrDeadlineExceeded} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}
