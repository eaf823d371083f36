package image

import (
	"context"
	"fmt"
	"io"
)

// windowSize is the most of the original that is fetched at once. Decoders and
// header readers ask for a few bytes at a time, and behind an original may be
// one request per read. After a jump only firstFetch is read, and twice as much
// with each fetch that goes on from there, so that a file which makes a decoder
// jump about does not cost a window each time.
const (
	windowSize = 512 << 10
	firstFetch = 32 << 10
)

// source reads an original through one window. It is used by one goroutine.
//
// It keeps the first error that is not the file's fault (the store failed, the
// context ended), because decoders pass on read errors in words of their own:
// fault tells the two apart afterwards.
type source struct {
	ctx    context.Context // decoders take no context; every fetch looks here
	pools  *pools
	r      io.ReaderAt
	size   int64
	window []byte
	at     int64
	fault  error
	pixels *[]byte // that are lent to it
}

// ReadAt is io.ReaderAt over the original.
func (s *source) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n := 0
	for n < len(p) {
		if off >= s.size {
			return n, io.EOF
		}
		if off < s.at || off >= s.at+int64(len(s.window)) {
			if err := s.fetch(off); err != nil {
				return n, err
			}
		}
		m := copy(p[n:], s.window[off-s.at:])
		n += m
		off += int64(m)
	}
	return n, nil
}

// fetch moves the window to off, which is inside the file.
func (s *source) fetch(off int64) error {
	if s.fault != nil {
		return s.fault
	}
	if err := s.ctx.Err(); err != nil {
		s.fault = err
		return err
	}
	want := int64(firstFetch)
	if off == s.at+int64(len(s.window)) {
		want = max(want, 2*int64(len(s.window)))
	}
	want = min(want, int64(cap(s.window)), windowSize, s.size-off)
	buf := s.window[:want]
	s.window = s.window[:0]
	n, err := s.r.ReadAt(buf, off)
	if int64(n) < want {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF // the store holds less than the manifest says
		}
		s.fault = fmt.Errorf("read original at %d: %w", off, err)
		return s.fault
	}
	s.window, s.at = buf, off
	return nil
}

// section reads n bytes from off on, or fewer if the file ends.
func (s *source) section(off, n int64) *io.SectionReader { return io.NewSectionReader(s, off, n) }

// all reads the whole file from its beginning.
func (s *source) all() *io.SectionReader { return s.section(0, s.size) }

// bytes reads exactly n bytes at off. The caller bounds n.
func (s *source) bytes(off int64, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := s.ReadAt(b, off); err != nil {
		return nil, err
	}
	return b, nil
}
