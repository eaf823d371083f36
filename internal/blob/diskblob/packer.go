package diskblob

import (
	"hash/crc32"
	"sync"
)

const (
	// batchMost is how many blobs are written in one go.
	batchMost = 64

	// sharedMost is how many blobs a shelf takes that media share; more go to those of
	// their own media. It bounds what must be read through to find one, and remembered.
	sharedMost = 8 << 10
)

// packer writes the packs that a shelf's small blobs go to now. Only packs that this
// process made are written to: what a crash left of one before is never behind
// anything new.
type packer struct {
	driver *Driver
	shelf  shelf
	folder string
	chain  []string // the folders that lead to it, itself last

	// mu is for the lanes, and for the index. It is never held over a call that may
	// wait for the disk: all who store or read something now share few of these.
	mu sync.Mutex
	packIndex
	lanes []lane // as many as packLanes
}

func (p *packer) prepare() {
	p.lanes = make([]lane, packLanes)
	for i := range p.lanes {
		p.lanes[i] = lane{packer: p, fd: -1}
	}
}

// written counts the packs that are open. The caller holds mu, or nobody writes.
func (p *packer) written() (n int) {
	for i := range p.lanes {
		if p.lanes[i].now != nil {
			n++
		}
	}
	return n
}

// choose gives the first lane for which not enough waits yet, else the one for which least
// does. The caller holds mu.
func (p *packer) choose() *lane {
	best := &p.lanes[0]
	for i := range p.lanes {
		l := &p.lanes[i]
		if !l.full() {
			return l
		}
		if l.bytes < best.bytes {
			best = l
		}
	}
	return best
}

// writing gives the lane whose pack this is, nil where it is none's. The caller holds mu.
func (p *packer) writing(one *pack) *lane {
	for i := range p.lanes {
		if l := &p.lanes[i]; l.now == one {
			return l
		}
	}
	return nil
}

// put appends a blob durably. It is false where the shelf takes no more.
func (p *packer) put(key string, data []byte) (bool, error) {
	mine := &pending{record: record{key: key, size: int64(len(data)), crc: crc32.Checksum(data, castagnoli)}, data: data, turn: make(chan bool, 1)}
	p.mu.Lock()
	l := p.choose()
	if p.shelf.prefix == "" && len(p.blobs)+len(l.queue) >= sharedMost {
		p.mu.Unlock()
		return false, nil
	}
	l.queue = append(l.queue, mine)
	l.bytes += mine.record.size
	wait := l.leading
	l.leading = true
	p.mu.Unlock()
	if wait && !<-mine.turn {
		return true, mine.err
	}
	l.lead()
	return true, mine.err
}
