package diskblob

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// A place on disk is taken ahead of the bytes, which makes writing them back
// cheap: from reserveFrom on, in multiples of it, and at most as many bytes as
// have come already or reserveAhead, so that announcing much takes little from
// others.
const (
	reserveFrom  = 128 << 10
	reserveAhead = 1 << 20
)

// reserve takes a place on disk for a file that is about to have size bytes.
func (u *upload) reserve(size int64) error {
	to := min(u.hint, max(2*size, reserveAhead)) / reserveFrom * reserveFrom
	if size <= u.reserved || size < reserveFrom || to <= u.reserved {
		return nil
	}
	err := retry(func() error {
		return unix.Fallocate(int(u.file.Fd()), unix.FALLOC_FL_KEEP_SIZE, u.reserved, to-u.reserved)
	})
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return full(err)
	}
	if u.reserved = to; err != nil {
		u.hint = 0 // not on this filesystem; what else is wrong shows when it is written
	}
	return nil
}

// giveBack gives back the place of bytes that were announced and did not come.
func (u *upload) giveBack() error {
	if u.reserved <= u.written {
		return nil
	}
	if err := retry(func() error { return unix.Ftruncate(int(u.file.Fd()), u.written) }); err != nil {
		return &fs.PathError{Op: "truncate", Path: u.path, Err: err}
	}
	return nil
}

// packAhead is how much place is taken at a time for a pack, once it has that many
// bytes: one that stays small needs none, and what a crash leaves taken of many is little.
const packAhead = 1 << 20

// reserve takes a place on disk for a batch that is about to be written, and for what
// comes after it. Not every filesystem can; what else is wrong shows when it is written.
func (l *lane) reserve() {
	if l.end < packAhead || l.end <= l.reserved {
		return
	}
	from, to := max(l.reserved, l.settled), l.end+packAhead
	_ = retry(func() error {
		return unix.Fallocate(l.fd, unix.FALLOC_FL_KEEP_SIZE, from, to-from)
	})
	l.reserved = to
}
