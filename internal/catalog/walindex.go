package catalog

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// walIndex looks at the header of SQLite's wal-index, the file -shm beside the
// database. It is another after each commit, of whatever process, before anybody
// can read what was committed, and looking takes no lock and no call.
//
// https://sqlite.org/walformat.html#the_wal_index_header
type walIndex struct {
	header *[12]uint32 // the first of two copies, which is written last
}

// walHeader is such a header as it was at one time, or as it was half written.
type walHeader [12]uint32

// walVersion is the first word of a header that is understood here.
const walVersion = 3007000

// openWALIndex is that of the database at path, which a connection of this process
// has open meanwhile and until nobody looks any more: so the file stays the same.
// Where there is none, or another than what is known here, nothing is ever told.
//
// Neither the descriptor nor the memory is given back: closing a file drops all the
// locks that this process holds on it (fcntl(2)), and SQLite's are on this one.
func openWALIndex(path string) walIndex {
	fd, err := unix.Open(path+"-shm", unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return walIndex{}
	}
	var info unix.Stat_t
	const size = 2 * int64(unsafe.Sizeof(walHeader{}))
	if unix.Fstat(fd, &info) != nil || info.Size < size || !mapped(info.Ino) {
		return walIndex{}
	}
	memory, err := unix.Mmap(fd, 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return walIndex{}
	}
	return walIndex{(*[12]uint32)(unsafe.Pointer(&memory[0]))}
}

// mapped reports whether this process has a file in memory, as SQLite has its index:
// one that is not the open database's would never change.
func mapped(inode uint64) bool {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(maps)) {
		if f := strings.Fields(line); len(f) > 5 && f[4] == strconv.FormatUint(inode, 10) {
			return true
		}
	}
	return false
}

// now is the header, false where it can't be told.
func (w walIndex) now() (h walHeader, ok bool) {
	if w.header == nil {
		return h, false
	}
	for i := range h {
		h[i] = atomic.LoadUint32(&w.header[i])
	}
	return h, h[0] == walVersion
}
