package diskblob

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"magpie/internal/blob"
)

const (
	// SmallMost is how long a blob may be at most that Options.Small puts in a pack.
	SmallMost = 256 << 10

	// smallAtOnce is how many such blobs are gathered in memory at a time, 16 MiB;
	// others become files.
	smallAtOnce = 64
)

// gathers are the buffers that small blobs are gathered in.
type gathers struct {
	pool sync.Pool // of *[SmallMost]byte
	left atomic.Int64
}

func newGathers() *gathers {
	g := &gathers{pool: sync.Pool{New: func() any { return new([SmallMost]byte) }}}
	g.left.Store(smallAtOnce)
	return g
}

// take gives nil where all are in use.
func (g *gathers) take() *[SmallMost]byte {
	if g.left.Add(-1) < 0 {
		g.left.Add(1)
		return nil
	}
	return g.pool.Get().(*[SmallMost]byte)
}

func (g *gathers) put(b *[SmallMost]byte) {
	g.pool.Put(b)
	g.left.Add(1)
}

// small is an upload that is gathered in memory and goes to a pack when it is
// committed. It turns into a file when it gets too long, when there is no memory
// left for it, or when its key has no folder of its own.
type small struct {
	driver *Driver
	hint   int64
	buf    *[SmallMost]byte
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
	if s.buf == nil {
		s.buf = s.driver.gathers.take()
	}
	if s.buf == nil || s.n+len(p) > s.driver.small {
		if err := s.spill(); err != nil {
			return 0, err
		}
		return s.file.Write(p)
	}
	s.n += copy(s.buf[s.n:], p)
	return len(p), nil
}

// spill turns it into a file.
func (s *small) spill() error {
	var err error
	if s.file, err = s.driver.createFile(s.hint, 0); err == nil && s.n > 0 {
		_, err = s.file.Write(s.buf[:s.n])
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

// Commit appends the bytes to the pack of the key's media, with others that are
// committed there now, by one write and one sync.
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
	return s.buf[:s.n]
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

// packable reports whether a key has a folder that is a media's: there are not so
// many blobs in those of one or two elements that it would matter.
func packable(key string) bool {
	first, rest, _ := strings.Cut(key, "/")
	return first != tmpName && strings.Contains(rest, "/")
}

var (
	_ blob.Upload  = (*small)(nil)
	_ blob.Flusher = (*small)(nil)
)
