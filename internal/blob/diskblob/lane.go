package diskblob

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"
)

// pending is a small blob on its way into a pack. Its bytes belong to the pack
// until put returns.
type pending struct {
	record record
	data   []byte
	err    error
	turn   chan bool // true: lead the next batch; false: it is done, as err says
}

const (
	// packLanes is how many packs of a shelf are written to at once, where more comes than
	// one keeps up with: while one is synced another is written.
	packLanes = 2

	// laneBytes is how much may wait for one pack before that. What few wait for is
	// written and synced in one go: in two that takes no less time, and far more of the
	// processor's.
	laneBytes = 1 << 20
)

// lane is one pack that is written to. Those who come while a batch is written and
// synced are the next batch: one of them leads it, so nobody who is alone waits for anything.
type lane struct {
	*packer
	queue   []*pending
	bytes   int64 // in the queue
	leading bool

	// The leader's, or under mu where nobody leads.
	now      *pack // nil: none is open
	fd       int
	end      int64 // where the next record begins
	settled  int64 // up to where it is on stable storage, with its name
	size     int64 // of the file up to there; what fills a page is not always written
	reserved int64 // up to where it has its place on disk already
}

// full reports whether what waits is enough for a batch. The caller holds mu.
func (l *lane) full() bool { return l.bytes >= laneBytes || len(l.queue) >= batchMost }

// lead writes the blobs that wait, as one of them, and hands on to those who came
// meanwhile. Those who come while a pack is made are among the first in it.
func (l *lane) lead() {
	if l.now != nil && l.end >= packMost {
		l.close()
	}
	batch, err := l.write()
	if err != nil {
		l.giveUp()
	}

	l.mu.Lock()
	if err == nil {
		last := batch[len(batch)-1].record
		l.settled, l.size = l.end, last.data()+last.size
		for _, one := range batch {
			l.add(l.now, one.record)
		}
	}
	l.leading = len(l.queue) > 0
	if l.leading {
		l.queue[0].turn <- true
	}
	l.mu.Unlock()
	for i, one := range batch {
		if one.err = err; i > 0 {
			one.turn <- false
		}
	}
}

// take gives those who wait, at least who leads.
func (l *lane) take() []*pending {
	l.mu.Lock()
	defer l.mu.Unlock()
	batch := l.queue[:min(len(l.queue), batchMost)]
	l.queue = l.queue[len(batch):]
	if len(l.queue) == 0 {
		l.queue = nil
	}
	for _, one := range batch {
		l.bytes -= one.record.size
	}
	return batch
}

// write appends a batch, to a new pack if none is open, and returns when it is on
// stable storage.
func (l *lane) write() ([]*pending, error) {
	if l.now != nil {
		batch := l.take()
		return batch, l.append(batch)
	}
	folders := l.driver.folders
	folders.pin(l.chain)
	defer folders.unpin(l.chain)
	made, err := l.open()
	batch := l.take()
	if err == nil {
		err = l.append(batch)
	}
	if err == nil {
		err = folders.sync(l.folder, made)
	}
	return batch, err
}

// open makes the next pack, and gives the folders that were made for it.
func (l *lane) open() (fresh []string, err error) {
	folders := l.driver.folders
	for range maxRenames {
		if fresh, err = folders.make(l.chain); err == nil {
			err = l.create()
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		folders.forget(l.chain) // somebody else removed one
	}
	if err != nil {
		folders.forget(l.chain)
	}
	return fresh, err
}

// create makes a file of a name that none has or had.
func (l *lane) create() error {
	var random [8]byte
	if _, err := io.ReadFull(l.driver.random, random[:]); err != nil {
		return fmt.Errorf("draw a pack's number: %w", err)
	}
	number := binary.LittleEndian.Uint64(random[:])
	one := &pack{name: packName(number), format: format{number: number}, ours: true}
	one.path = l.folder + "/" + one.name

	// It is known before it is there, so that nobody who finds it reads it through.
	l.mu.Lock()
	taken := l.packs[one.name] != nil
	if !taken {
		l.note(one)
	}
	l.mu.Unlock()
	if taken {
		return &fs.PathError{Op: "open", Path: one.path, Err: fs.ErrExist}
	}
	var fd int
	err := retry(func() (err error) {
		fd, err = unix.Open(one.path, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, filePerm)
		return err
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		delete(l.packs, one.name)
		return &fs.PathError{Op: "open", Path: one.path, Err: err}
	}
	l.now, l.fd, l.settled, l.size, l.end, l.reserved = one, fd, 0, 0, 0, 0
	return nil
}

var padding [recordAlign]byte

// append writes a batch behind the last, and syncs the file.
func (l *lane) append(batch []*pending) error {
	from, now, format := l.end, coarseNow(), l.now.format
	room := 0
	for _, one := range batch {
		room += format.head() + len(one.record.key)
	}
	heads := make([]byte, 0, room) // which stays where it is
	pieces := make([][]byte, 0, 3*len(batch))
	for i, one := range batch {
		r := &one.record
		r.at, r.settled, r.modified = l.end, from, now
		begin := len(heads)
		heads = format.append(heads, *r)
		r.head = int64(len(heads) - begin)
		pieces = append(pieces, heads[begin:], one.data)
		l.end = r.next()
		if i < len(batch)-1 {
			pieces = append(pieces, padding[:l.end-r.data()-r.size])
		}
	}
	l.reserve()
	if err := writeAll(l.fd, pieces, from); err != nil {
		return &fs.PathError{Op: "write", Path: l.now.path, Err: err}
	}
	if err := retry(func() error { return unix.Fdatasync(l.fd) }); err != nil {
		return &fs.PathError{Op: "fdatasync", Path: l.now.path, Err: err}
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
// pages of it, so nothing follows behind. What was acknowledged before stays. The caller
// leads.
func (l *lane) giveUp() {
	if l.now != nil {
		l.mu.Lock()
		none := l.now.live == 0
		l.mu.Unlock()
		if none {
			_ = l.now.unlink()
			l.driver.files.forget(l.now.path)
		} else {
			_ = unix.Ftruncate(l.fd, l.size) // else whoever reads it finds where it ends
		}
		one := l.let()
		if none {
			l.mu.Lock()
			delete(l.packs, one.name)
			l.mu.Unlock()
		}
		unix.Close(one.fd)
	}
	l.driver.folders.prune(l.chain)
}

// shut is a pack that nothing is appended to any more.
type shut struct {
	*pack // nil: there was none
	fd    int
	size  int64
	ahead bool // place on disk was taken beyond that
}

// let takes the open pack out of use. The caller leads, or nobody does or comes to.
func (l *lane) let() shut {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leave()
}

// leave is let for who holds mu.
func (l *lane) leave() shut {
	one := shut{l.now, l.fd, l.size, l.reserved > l.size}
	l.now, l.fd, l.settled, l.size, l.end, l.reserved = nil, -1, 0, 0, 0, 0
	if one.pack != nil {
		one.final = true
	}
	return one
}

// close ends the open pack, if there is one. Who may call it is as with let.
func (l *lane) close() { l.let().close() }

// closeIdle is close where nobody leads, and nothing where somebody does: who comes just
// then leads another pack, and never writes to a descriptor that was closed.
func (l *lane) closeIdle() {
	l.mu.Lock()
	var one shut
	if !l.leading {
		one = l.leave()
	}
	l.mu.Unlock()
	one.close()
}

// close seals a pack.
func (s shut) close() {
	if s.pack == nil {
		return
	}
	if s.ahead {
		_ = unix.Ftruncate(s.fd, s.size) // the rest comes back with the pack
	}
	seal(s.fd)
	unix.Close(s.fd)
}
