package s3blob

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"magpie/internal/media"
)

// grain is how many bytes of the spool are asked for at a time where nobody knows
// how many will come.
const grain = 1 << 20

// spoolWait is how long a request waits for room that others give back.
const spoolWait = 5 * time.Second

// spool is the local room for what is on its way: files without a name, together
// no longer than limit.
type spool struct {
	folder string
	limit  int64

	mu    sync.Mutex
	used  int64
	given chan struct{} // closed when something was given back, and made anew
}

// openSpool makes the folder and removes what a process left there that was
// killed between making a file and taking its name.
func openSpool(folder string, limit int64) (*spool, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	left, err := filepath.Glob(filepath.Join(folder, "spool-*"))
	if err != nil {
		return nil, err
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return &spool{folder: folder, limit: limit, given: make(chan struct{})}, nil
}

// take reserves n bytes. It waits for others to give some back, for spoolWait at
// most unless patient; then it refuses with media.CodeBusy, and with
// media.CodeFull what can never fit.
func (s *spool) take(ctx context.Context, n int64, patient bool) error {
	if n > s.limit {
		return full(fmt.Errorf("%d bytes are more than the spool may hold, %d", n, s.limit))
	}
	var late <-chan time.Time
	for {
		s.mu.Lock()
		if s.used+n <= s.limit {
			s.used += n
			s.mu.Unlock()
			return nil
		}
		given := s.given
		s.mu.Unlock()
		if late == nil && !patient {
			timer := time.NewTimer(spoolWait)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-given:
		case <-ctx.Done():
			return ctx.Err()
		case <-late:
			return media.Busy(2*time.Second, "Too many uploads are on their way to the store; try again.")
		}
	}
}

func (s *spool) give(n int64) {
	if n == 0 {
		return
	}
	s.mu.Lock()
	s.used -= n
	close(s.given)
	s.given = make(chan struct{})
	s.mu.Unlock()
}

// file makes a file that has no name, or has none any more.
func (s *spool) file() (*os.File, error) {
	f, err := os.OpenFile(s.folder, unix.O_TMPFILE|os.O_RDWR, 0o600)
	if err == nil {
		return f, nil
	}
	if f, err = os.CreateTemp(s.folder, "spool-*"); err != nil { // not every filesystem can
		return nil, orFull(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// ready fails when no file can be made.
func (s *spool) ready() error {
	f, err := s.file()
	if err != nil {
		return err
	}
	return f.Close()
}

// piece is the bytes of one request on their way: a whole blob, or a part of one.
type piece struct {
	spool    *spool
	file     *os.File
	reserved int64
	size     int64
	hole     int64  // at the beginning, still open
	crc      uint32 // CRC-32C of the bytes, if there was no hole
	holed    bool
}

// newPiece makes a piece with a hole at its beginning, which takes from the spool
// what it must at once.
func (s *spool) newPiece(ctx context.Context, reserve, hole int64, patient bool) (*piece, error) {
	reserve = max(reserve, hole)
	if err := s.take(ctx, reserve, patient); err != nil {
		return nil, err
	}
	f, err := s.file()
	if err != nil {
		s.give(reserve)
		return nil, err
	}
	return s.over(f, reserve, hole), nil
}

// over makes a piece of a new file and of room that was taken for it.
func (s *spool) over(f *os.File, reserved, hole int64) *piece {
	return &piece{spool: s, file: f, reserved: reserved, size: hole, hole: hole, holed: hole > 0}
}

// write appends p.
func (p *piece) write(ctx context.Context, b []byte) error {
	if short := p.size + int64(len(b)) - p.reserved; short > 0 {
		short = min((short+grain-1)/grain*grain, max(p.spool.limit-p.reserved, short))
		if err := p.spool.take(ctx, short, false); err != nil {
			return err
		}
		p.reserved += short
	}
	n, err := p.file.WriteAt(b, p.size)
	p.size += int64(n)
	p.crc = crc32.Update(p.crc, castagnoli, b[:n])
	return orFull(err)
}

// fillHole writes the beginning.
func (p *piece) fillHole(b []byte) error {
	_, err := p.file.WriteAt(b, 0)
	p.hole = 0
	return orFull(err)
}

// body reads n bytes from off. Any number may be read at a time.
func (p *piece) body(off, n int64) *io.SectionReader { return io.NewSectionReader(p.file, off, n) }

// empty makes the piece fit for the next bytes; the room stays reserved.
func (p *piece) empty() error {
	p.size, p.hole, p.crc, p.holed = 0, 0, 0, false
	return p.file.Truncate(0)
}

// drop gives everything back. It may be called twice, and on nil.
func (p *piece) drop() {
	if p == nil || p.file == nil {
		return
	}
	p.file.Close()
	p.file = nil
	p.spool.give(p.reserved)
}

// orFull gives the errors of a full disk the code for it.
func orFull(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return full(err)
	}
	return err
}

func full(cause error) error {
	return &media.Error{
		Code:   media.CodeFull,
		Detail: "The server has no room for this upload now; try again later.",
		Cause:  cause,
	}
}
