package diskblob

import (
	"context"
	"io"
	"strings"

	"magpie/internal/blob"
)

// SmallMost is how long a blob may be at most that Options.Small puts in a pack.
const SmallMost = 256 << 10

// small is an upload that is gathered in memory and goes to a pack when it is
// committed. It turns into a file when it gets too long, when there is no memory
// left for it, or when its key is too short for one.
type small struct {
	driver *Driver
	hint   int64
	buf    *gather
	n      int
	file   *upload // not nil: what it has become
	err    error   // errEnded
}

func (s *small) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.file != nil {
		return s.file.Write(p)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if !s.makeRoom(s.n + len(p)) {
		if err := s.spill(); err != nil {
			return 0, err
		}
		return s.file.Write(p)
	}
	s.n += copy(s.buf.bytes[s.n:], p)
	return len(p), nil
}

// makeRoom has n bytes fit in memory; false where they may not.
func (s *small) makeRoom(n int) bool {
	switch {
	case n > s.driver.small:
		return false
	case s.buf == nil:
		s.buf = s.driver.gathers.take(max(n, int(min(s.hint, SmallMost))))
	case n > len(s.buf.bytes):
		s.buf = s.driver.gathers.grow(s.buf, s.n, n)
	}
	return s.buf != nil
}

// spill turns it into a file.
func (s *small) spill() error {
	var err error
	if s.file, err = s.driver.createFile(s.hint, 0); err == nil && s.n > 0 {
		_, err = s.file.Write(s.buf.bytes[:s.n])
	}
	s.drop()
	if err != nil {
		s.Abort()
	}
	return err
}

func (s *small) drop() {
	if s.buf != nil {
		s.driver.gathers.put(s.buf)
		s.buf, s.n = nil, 0
	}
}

// ReadAt reads what is gathered.
func (s *small) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case s.err != nil:
		return 0, s.err
	case s.file != nil:
		return s.file.ReadAt(p, off)
	case off >= int64(s.n):
		return 0, io.EOF
	}
	n := copy(p, s.buf.bytes[off:s.n])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteHead is never called: no head was left open.
func (s *small) WriteHead([]byte) error { return errEnded }

// Flush does nothing for what is in memory: its name belongs to what is synced.
func (s *small) Flush() error {
	if s.err != nil {
		return s.err
	}
	if s.file != nil {
		return s.file.Flush()
	}
	return nil
}

// Commit appends the bytes to the pack of their shelf, with others that are committed
// there now, by one write and one sync.
func (s *small) Commit(ctx context.Context, key string) error {
	if s.err != nil {
		return s.err
	}
	if s.file == nil && !packable(key) {
		if err := s.spill(); err != nil {
			return err
		}
	}
	if s.file != nil {
		s.err = errEnded
		return s.file.Commit(ctx, key)
	}
	defer s.Abort()
	if err := ctx.Err(); err != nil {
		return err
	}
	return orFull(s.driver.packs.put(key, s.bytes()))
}

func (s *small) bytes() []byte {
	if s.buf == nil {
		return nil
	}
	return s.buf.bytes[:s.n]
}

func (s *small) Abort() {
	if s.err == errEnded {
		return
	}
	s.err = errEnded
	s.drop()
	if s.file != nil {
		s.file.Abort()
	}
}

// packable reports whether a key has three elements or more: there are not so many
// blobs of one or two that it would matter.
func packable(key string) bool {
	first, rest, _ := strings.Cut(key, "/")
	return first != tmpName && strings.Contains(rest, "/")
}

var (
	_ blob.Upload   = (*small)(nil)
	_ blob.Flusher  = (*small)(nil)
	_ blob.Readable = (*small)(nil)
)
