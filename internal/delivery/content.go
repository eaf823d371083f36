package delivery

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// content is a stored file as http.ServeContent wants it. Reading is only for
// the rare multipart answer; whole files and single ranges go by sender.
type content struct {
	ctx      context.Context // of one request
	store    *blob.Store
	manifest media.Manifest
	size     int64
	off      int64
	reader   io.ReadCloser
}

func newContent(ctx context.Context, store *blob.Store, m media.Manifest) *content {
	return &content{ctx: ctx, store: store, manifest: m, size: m.Size()}
}

// Seek moves to an offset of the file (io.Seeker).
func (c *content) Seek(offset int64, whence int) (int64, error) {
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
		c.Close()
	}
	c.off = offset
	return offset, nil
}

// Read reads on from the offset (io.Reader).
func (c *content) Read(p []byte) (int, error) {
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

// Close lets go of the blob that Read holds open.
func (c *content) Close() {
	if c.reader != nil {
		_ = c.reader.Close()
		c.reader = nil
	}
}

// sender is the response that ServeContent writes to. When it is asked to send
// a stretch of a content, it has the store copy blob by blob into the real
// response, which hands files to the kernel.
type sender struct {
	http.ResponseWriter
	err error // why the body ended early
}

// ReadFrom implements io.ReaderFrom, which io.Copy prefers.
func (s *sender) ReadFrom(r io.Reader) (int64, error) {
	if limited, ok := r.(*io.LimitedReader); ok {
		if c, ok := limited.R.(*content); ok {
			n, err := c.store.CopyTo(c.ctx, s.ResponseWriter, c.manifest, c.off, min(limited.N, c.size-c.off))
			c.off += n
			limited.N -= n
			s.err = err
			return n, err
		}
	}
	n, err := io.Copy(struct{ io.Writer }{s.ResponseWriter}, r)
	s.err = err
	return n, err
}

// serve answers GET and HEAD for one stored file: ranges (RFC 9110 §14),
// If-None-Match, If-Range, If-Modified-Since. The caller has set the
// Content-Type. A body that breaks off is logged; the server then closes the
// connection, so that the client does not take it for whole.
func serve(w http.ResponseWriter, r *http.Request, store *blob.Store, manifest media.Manifest, m media.Media, tag string, log *slog.Logger) {
	w.Header().Set("ETag", tag)
	c := newContent(r.Context(), store, manifest)
	defer c.Close()
	s := &sender{ResponseWriter: w}
	http.ServeContent(s, r, "", m.TouchedAt, c)
	var client *net.OpError // the viewer went away
	if s.err != nil && r.Context().Err() == nil && !errors.As(s.err, &client) {
		log.ErrorContext(r.Context(), "file not sent to its end", "media", m.ID, "err", s.err)
	}
}
