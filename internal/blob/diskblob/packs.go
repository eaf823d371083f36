package diskblob

import (
	"container/list"
	"context"
	"io/fs"
	"sync"

	"magpie/internal/blob"
)

// packs are those that are in use now or were lately, by shelf.
type packs struct {
	driver   *Driver
	readings *readings

	mu      sync.Mutex
	stay    int // shelves that are not forgotten
	folders map[shelf]*packFolder
	order   *list.List // of *packFolder, the latest first
	records int        // in all of them
	open    int
}

// packFolder is what is known of one shelf's packs: the one that is written to and
// where the blobs lie.
type packFolder struct {
	packer

	// disk is held while packs are read through, and while something is deleted. The
	// packer's mutex is taken below it, for a moment, and never the other way round.
	disk sync.Mutex

	// Under the mutex of packs.
	place   *list.Element
	users   int
	records int // as counted in packs
	open    int // as counted in packs
}

func newPacks(d *Driver) *packs {
	return &packs{driver: d, readings: newReadings(), stay: packsStay, folders: map[shelf]*packFolder{}, order: list.New()}
}

// put appends a blob to a pack, durably: to one that media share, where it can.
func (p *packs) put(key string, data []byte) error {
	if s, ok := shared(key); ok {
		f := p.acquire(s)
		ok, err := f.put(key, data)
		p.release(f)
		if ok {
			return err
		}
	}
	f := p.acquire(own(key))
	defer p.release(f)
	_, err := f.put(key, data)
	return err
}

// acquire gives what is known of a shelf; release must follow.
func (p *packs) acquire(s shelf) *packFolder {
	if f := p.remembered(s); f != nil {
		return f
	}
	chain := p.driver.shelfFolders(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.folders[s]
	if f == nil {
		f = &packFolder{packer: packer{driver: p.driver, shelf: s, folder: chain[len(chain)-1], chain: chain}}
		f.prepare()
		f.place = p.order.PushFront(f)
		p.folders[s] = f
	}
	f.users++
	return f
}

// remembered is acquire for a shelf of which something is known; others give nil.
func (p *packs) remembered(s shelf) *packFolder {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.folders[s]
	if f != nil {
		f.users++
		p.order.MoveToFront(f.place)
	}
	return f
}

// known finds a blob on a shelf that is remembered, without a look at the disk. With
// reads the caller is about to read it: readings.end must follow.
func (p *packs) known(key string, reads bool) (packed, bool) {
	if !packable(key) {
		return packed{}, false
	}
	if s, ok := shared(key); ok {
		if at, ok := p.on(s, key, reads); ok {
			return at, true
		}
	}
	return p.on(own(key), key, reads)
}

func (p *packs) on(s shelf, key string, reads bool) (packed, bool) {
	f := p.remembered(s)
	if f == nil {
		return packed{}, false
	}
	defer p.release(f)
	return f.where(key, reads)
}

// where finds a blob among those that are known.
func (f *packFolder) where(key string, reads bool) (packed, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.blobs[key]
	if b == nil {
		return packed{}, false
	}
	at := b.packed()
	if reads {
		f.driver.packs.readings.begin(at)
	}
	return at, true
}

// find is known for a blob that may be in any pack, which are read through where they
// must be. One that is not there is fs.ErrNotExist; where not all could be read and it is
// not in what could, that is the error.
func (p *packs) find(key string, reads bool) (packed, error) {
	for _, s := range shelves(key) {
		f := p.acquire(s)
		err := f.look(false)
		at, ok := f.where(key, reads)
		p.release(f)
		if ok {
			return at, nil
		}
		if err != nil {
			return packed{}, err
		}
	}
	return packed{}, fs.ErrNotExist
}

// shelves gives those that a key's blob may be on: at first the one that takes less to
// look through.
func shelves(key string) []shelf {
	if !packable(key) {
		return nil
	}
	all := []shelf{own(key)}
	if s, ok := shared(key); ok {
		all = append(all, s)
	}
	return all
}

// delete deletes a blob. One that is not there is no error.
func (p *packs) delete(key string) error {
	all := shelves(key)
	for _, s := range all {
		f := p.remembered(s)
		if f == nil {
			continue
		}
		_, ok := f.where(key, false)
		if ok {
			ok, err := f.delete(key)
			if ok || err != nil {
				p.release(f)
				return err
			}
		}
		p.release(f)
	}
	for _, s := range all {
		f := p.acquire(s)
		ok, err := f.delete(key)
		p.release(f)
		if ok || err != nil {
			return err
		}
	}
	return nil
}

// list gives the blobs on a shelf whose keys begin with prefix, and removes packs that
// hold nothing. With names what it gives lies on stable storage with the packs' names.
func (p *packs) list(ctx context.Context, s shelf, prefix string, names bool) ([]blob.Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f := p.acquire(s)
	defer p.release(f)
	if err := f.look(names); err != nil {
		return nil, err
	}
	if err := f.sweep(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.below(prefix), nil
}

// close closes all packs. One that is being written to all the same, for somebody who was
// cut off, stays as it is: it is not to seem whole before it is.
func (p *packs) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.folders {
		for i := range f.lanes {
			f.lanes[i].closeIdle()
		}
		p.forget(f)
	}
}
