package s3blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"
)

// resumes is how often in a row a body may break off without a byte.
const resumes = 3

// Open asks for the range. When the answer breaks off half-way the rest is asked
// for again; the reader ends with ctx.
func (d *Driver) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	if n <= 0 {
		if _, err := d.Stat(ctx, key); err != nil {
			return nil, err
		}
		return io.NopCloser(bytes.NewReader(nil)), nil
	}
	r := &reader{driver: d, ctx: ctx, key: key, pos: off, end: off + n}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r, nil
}

type reader struct {
	driver *Driver
	ctx    context.Context
	key    string
	pos    int64
	end    int64 // of the range
	tag    string
	body   io.ReadCloser // nil when it must be asked for
	broken int           // times in a row without a byte
	err    error         // what every further Read returns
}

// open asks for what is left of the range.
func (r *reader) open() error {
	d := r.driver
	return d.line.do(r.ctx, func(ctx context.Context) error {
		opts := minio.GetObjectOptions{}
		if err := opts.SetRange(r.pos, r.end-1); err != nil {
			return err
		}
		if r.tag != "" { // it must be the same object
			if err := opts.SetMatchETag(r.tag); err != nil {
				return err
			}
		}
		body, info, header, err := d.api.GetObject(ctx, d.address.Bucket, d.object(r.key), opts)
		if answerOf(err).StatusCode == http.StatusRequestedRangeNotSatisfiable {
			r.body, r.end = io.NopCloser(bytes.NewReader(nil)), r.pos // it ends before
			return nil
		}
		if err != nil {
			return missing("open", r.key, err)
		}
		given := header.Get("Content-Range")
		if given == "" && r.pos > 0 || given != "" && !strings.HasPrefix(given, fmt.Sprintf("bytes %d-", r.pos)) {
			body.Close()
			return fmt.Errorf("open %s: asked for bytes from %d on, the answer has %q", r.key, r.pos, given)
		}
		r.body, r.tag = body, info.ETag
		r.end = min(r.end, r.pos+info.Size) // the object may end before
		return nil
	})
}

func (r *reader) Read(p []byte) (int, error) {
	for r.err == nil && len(p) > 0 {
		if r.pos == r.end {
			return 0, io.EOF
		}
		if r.body == nil {
			if r.err = r.open(); r.err != nil {
				break
			}
			continue
		}
		n, err := r.body.Read(p[:min(int64(len(p)), r.end-r.pos)])
		r.pos += int64(n)
		if n > 0 {
			r.broken = 0
		}
		if err != nil && r.pos < r.end {
			r.shut()
			if r.err = r.ctx.Err(); r.err == nil && n == 0 {
				if r.broken++; r.broken > resumes {
					r.err = away(fmt.Errorf("read %s at %d: %w", r.key, r.pos, errors.Join(err, io.ErrUnexpectedEOF)))
				}
			}
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, r.err
}

func (r *reader) shut() {
	if r.body != nil {
		r.body.Close()
		r.body = nil
	}
}

// Close may be called twice.
func (r *reader) Close() error {
	r.shut()
	r.err = fs.ErrClosed
	return nil
}
