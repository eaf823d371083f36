package diskblob

import (
	"errors"
	"hash/crc32"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// packMost is where a pack ends, but for the blobs that are on their way.
	packMost = 64 << 20

	// batchMost is how many blobs are written in one go.
	batchMost = 64
)

// packName names a folder's packs. No key leads to it.
func packName(number int) string { return "_" + strconv.Itoa(number) + ".pack" }

// packNumber reads it back, 0 for what is none.
func packNumber(name string) int {
	digits, ok := strings.CutSuffix(name, ".pack")
	if !ok || !strings.HasPrefix(digits, "_") {
		return 0
	}
	n, err := strconv.Atoi(digits[1:])
	if err != nil || n < 1 || packName(n) != name {
		return 0
	}
	return n
}

// pending is a small blob on its way into a pack. Its bytes belong to the pack
// until put returns.
type pending struct {
	record record
	data   []byte
	err    error
	turn   chan bool // true: lead the next batch; false: it is done, as err says
}

// packer writes the pack that a folder's small blobs go to now. Only packs that this
// process made are written to: what a crash left of one before is never behind
// anything new. Those who come while a batch is written and synced are the next
// batch: one of them leads it, so nobody who is alone waits for anything.
type packer struct {
	driver *Driver
	folder string
	chain  []string // the folders that lead to it, itself last
	prefix string   // of the keys in it

	mu      sync.Mutex // for what follows, and for the index
	queue   []*pending
	leading bool
	number  int   // of the pack that is open
	settled int64 // up to where it is on stable storage, with its name

	fd  int   // the leader's, or under mu where nobody leads; -1: none is open
	end int64 // where the next record begins
}

// put appends a blob durably.
func (p *packer) put(key string, data []byte) error {
	mine := &pending{record: record{key: key, size: int64(len(data)), crc: crc32.Checksum(data, castagnoli)}, data: data, turn: make(chan bool, 1)}
	p.mu.Lock()
	p.queue = append(p.queue, mine)
	wait := p.leading
	p.leading = true
	p.mu.Unlock()
	if wait && !<-mine.turn {
		return mine.err
	}
	p.lead()
	return mine.err
}

// lead writes the blobs that wait, as one of them, and hands on to those who came
// meanwhile. Those who come while a pack is made are among the first in it.
func (p *packer) lead() {
	p.mu.Lock()
	if p.fd >= 0 && p.end >= packMost {
		p.close()
	}
	fresh := p.fd < 0
	p.mu.Unlock()

	batch, err := p.write(fresh)

	p.mu.Lock()
	if err == nil {
		p.settled = p.end
	} else {
		p.giveUp()
	}
	p.leading = len(p.queue) > 0
	if p.leading {
		p.queue[0].turn <- true
	}
	p.mu.Unlock()
	for i, one := range batch {
		if one.err = err; i > 0 {
			one.turn <- false
		}
	}
}

// take gives those who wait, at least who leads.
func (p *packer) take() []*pending {
	p.mu.Lock()
	defer p.mu.Unlock()
	batch := p.queue[:min(len(p.queue), batchMost)]
	p.queue = p.queue[len(batch):]
	if len(p.queue) == 0 {
		p.queue = nil
	}
	return batch
}

// write appends a batch, to a new pack if none is open, and returns when it is on
// stable storage.
func (p *packer) write(fresh bool) ([]*pending, error) {
	if !fresh {
		batch := p.take()
		return batch, p.append(batch)
	}
	folders := p.driver.folders
	folders.pin(p.chain)
	defer folders.unpin(p.chain)
	made, err := p.open()
	batch := p.take()
	if err == nil {
		err = p.append(batch)
	}
	if err == nil {
		err = folders.sync(p.folder, made)
	}
	return batch, err
}

// open makes the next pack, and gives the folders that were made for it.
func (p *packer) open() (fresh []string, err error) {
	folders := p.driver.folders
	for range maxRenames {
		if fresh, err = folders.make(p.chain); err == nil {
			err = p.create()
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		folders.forget(p.chain) // somebody else removed one
	}
	if err != nil {
		folders.forget(p.chain)
	}
	return fresh, err
}

// create makes a file of a number that none has. It holds mu, so that nobody who
// finds the file takes it for one that is done.
func (p *packer) create() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for number := p.number + 1; ; number++ {
		path := p.path(number)
		var fd int
		err := retry(func() (err error) {
			fd, err = unix.Open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, filePerm)
			return err
		})
		if err == unix.EEXIST {
			continue
		}
		if err != nil {
			return &fs.PathError{Op: "open", Path: path, Err: err}
		}
		p.fd, p.number, p.settled, p.end = fd, number, 0, 0
		return nil
	}
}

func (p *packer) path(number int) string { return p.folder + "/" + packName(number) }

var padding [recordAlign]byte

// append writes a batch behind the last, and syncs the file.
func (p *packer) append(batch []*pending) error {
	from, now := p.end, coarseNow()
	heads := make([]byte, 0, len(batch)*recordMost)
	pieces := make([][]byte, 0, 3*len(batch))
	for i, one := range batch {
		r := &one.record
		r.at, r.settled, r.modified = p.end, from, now
		begin := len(heads)
		heads = r.appendTo(heads)
		pieces = append(pieces, heads[begin:], one.data)
		p.end = r.next()
		if i < len(batch)-1 {
			pieces = append(pieces, padding[:p.end-r.data()-r.size])
		}
	}
	if err := writeAll(p.fd, pieces, from); err != nil {
		return &fs.PathError{Op: "write", Path: p.path(p.number), Err: err}
	}
	if err := retry(func() error { return unix.Fdatasync(p.fd) }); err != nil {
		return &fs.PathError{Op: "fdatasync", Path: p.path(p.number), Err: err}
	}
	return nil
}

// writeAll writes pieces at off.
func writeAll(fd int, pieces [][]byte, off int64) error {
	for len(pieces) > 0 {
		var n int
		err := retry(func() (err error) {
			n, err = unix.Pwritev(fd, pieces, off)
			return err
		})
		if err != nil {
			return err
		}
		if n == 0 {
			return unix.ENOSPC
		}
		off += int64(n)
		for len(pieces) > 0 && n >= len(pieces[0]) {
			n -= len(pieces[0])
			pieces = pieces[1:]
		}
		if n > 0 {
			pieces[0] = pieces[0][n:]
		}
	}
	return nil
}

// coarseNow is the clock that the kernel gives files their times by: of two blobs,
// one in a pack and one in a file, the later must not seem the older.
func coarseNow() time.Time {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &ts); err != nil {
		return time.Now()
	}
	return time.Unix(ts.Unix())
}

// giveUp cuts off what could not be written or synced: the kernel may have dropped
// pages of it, so nothing follows behind. The caller holds mu and leads.
func (p *packer) giveUp() {
	switch {
	case p.fd < 0:
	case p.settled == 0:
		_ = unix.Unlink(p.path(p.number))
		p.shut()
	default:
		_ = unix.Ftruncate(p.fd, p.settled) // else whoever reads it finds where it ends
		p.shut()
	}
	p.driver.folders.prune(p.chain)
}

// close ends the pack: nothing is appended to it any more. The caller holds mu, and
// leads if anybody does.
func (p *packer) close() {
	if p.fd >= 0 {
		seal(p.fd)
		p.shut()
	}
}

func (p *packer) shut() {
	unix.Close(p.fd)
	p.fd, p.settled, p.end = -1, 0, 0
}

// sealedPerm is the mode of a pack of which all is on stable storage and to which
// nothing is added: it need not be looked through for what a crash left of a
// record. A mark that a crash takes back costs that look, so it is not synced.
const sealedPerm = 0o700

func seal(fd int) { _ = unix.Fchmod(fd, sealedPerm) }
