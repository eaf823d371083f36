package diskblob

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// packMost is where a pack ends, but for the blobs that are on their way.
	packMost = 64 << 20

	packSuffix = ".pack"
)

// pack is what is known of one, under its folder's mutex but for what never changes.
type pack struct {
	name   string
	path   string
	format format

	ours  bool  // this process writes it or did: all in it is known
	upto  int64 // as far as it was read
	live  int   // blobs in it that were not deleted
	final bool  // no more will come
	stays bool  // there are bytes in it that nobody can read, but somebody may want
}

// packName names a pack of today's kind. No key leads to it, and none has the name of
// one that is gone.
func packName(number uint64) string { return fmt.Sprintf("_%016x%s", number, packSuffix) }

// readPackName reads a pack's kind off its name; false for what is none. Those of the old
// kind are counted from 1 in each folder.
func readPackName(name string) (format, bool) {
	digits, ok := strings.CutSuffix(name, packSuffix)
	if !ok || !strings.HasPrefix(digits, "_") {
		return format{}, false
	}
	if n, err := strconv.ParseUint(digits[1:], 16, 64); err == nil && packName(n) == name {
		return format{number: n}, true
	}
	n, err := strconv.Atoi(digits[1:])
	return format{old: true}, err == nil && n > 0 && "_"+strconv.Itoa(n)+packSuffix == name
}

// sealedPerm is the mode of a pack of which all is on stable storage and to which
// nothing is added: it need not be looked through for what a crash left of a
// record. A mark that a crash takes back costs that look, so it is not synced.
const sealedPerm = 0o700

func seal(fd int) { _ = unix.Fchmod(fd, sealedPerm) }

// unlink removes a pack. One that is gone is no error.
func (p *pack) unlink() error {
	if err := retry(func() error { return unix.Unlink(p.path) }); err != nil && err != unix.ENOENT {
		return &fs.PathError{Op: "unlink", Path: p.path, Err: err}
	}
	return nil
}
