package diskblob

import (
	"container/list"
	"strings"
	"sync"
)

// What is remembered of packs: of so many folders, where so many blobs lie in them,
// about 10 MiB; and so many packs stay open to be written to. What was not used for
// longest is forgotten first, and read again when somebody asks.
const (
	packFolders = 4 << 10
	packRecords = 64 << 10
	packsOpen   = 256
)

// packDepth is how many folders lead to a pack: those of the key's first two elements,
// and the fan-out between them. So all small blobs of a media share one.
const packDepth = 3

// splitKey parts a key of three elements or more behind the second.
func splitKey(key string) (prefix, name string) {
	first := strings.IndexByte(key, '/') + 1
	second := first + strings.IndexByte(key[first:], '/') + 1
	return key[:second], key[second:]
}

// packs are those that are in use now or were lately, by folder.
type packs struct {
	driver *Driver

	mu      sync.Mutex
	folders map[string]*packFolder
	order   *list.List // of *packFolder, the latest first
	records int        // in all of them
	open    int
}

// packFolder is what is known of one folder's packs: the one that is written to and
// where the blobs lie.
type packFolder struct {
	packer
	packIndex // under the packer's mutex

	// Under the mutex of packs.
	place   *list.Element
	users   int
	records int  // as counted in packs
	open    bool // as counted in packs
}

func newPacks(d *Driver) *packs {
	return &packs{driver: d, folders: map[string]*packFolder{}, order: list.New()}
}

// put appends a blob to its folder's pack, durably.
func (p *packs) put(key string, data []byte) error {
	f := p.acquire(key)
	defer p.release(f)
	return f.put(key, data)
}

// acquire gives the folder of a key; release must follow.
func (p *packs) acquire(key string) *packFolder {
	_, chain := p.driver.place(key)
	chain = chain[:packDepth]
	folder := chain[packDepth-1]
	prefix, _ := splitKey(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.folders[folder]
	if f == nil {
		f = &packFolder{packer: packer{driver: p.driver, folder: folder, chain: chain, prefix: prefix, fd: -1}}
		f.place = p.order.PushFront(f)
		p.folders[folder] = f
	}
	f.users++
	p.order.MoveToFront(f.place)
	return f
}

// release lets go of a folder, and forgets others where there are too many. Only the
// last to let go counts: what another saw may be long past.
func (p *packs) release(f *packFolder) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.users--; f.users == 0 { // nobody else has it, so its mutex is free
		p.count(f, len(f.names), f.fd >= 0)
		if f.fd < 0 && len(f.scanned) == 0 {
			p.forget(f)
		}
	}
	for at := p.order.Back(); at != nil && p.tooMany(); {
		old := at.Value.(*packFolder)
		at = at.Prev()
		if old.users > 0 {
			continue
		}
		if p.open > packsOpen && old.fd >= 0 {
			old.close()
			p.count(old, old.records, false)
		}
		if p.records > packRecords || len(p.folders) > packFolders {
			p.forget(old)
		}
	}
}

func (p *packs) tooMany() bool {
	return len(p.folders) > packFolders || p.records > packRecords || p.open > packsOpen
}

func (p *packs) count(f *packFolder, records int, open bool) {
	p.records += records - f.records
	if open != f.open {
		if p.open--; open {
			p.open += 2
		}
	}
	f.records, f.open = records, open
}

func (p *packs) forget(f *packFolder) {
	f.close()
	p.count(f, 0, false)
	p.order.Remove(f.place)
	delete(p.folders, f.folder)
}

// known finds a blob in a folder that is remembered, without a look at the disk.
// Until use returns the blob isn't deleted: a pack's name comes again once it is
// gone, and where the blob was another may be.
func (p *packs) known(key string, use func(packed) error) (bool, error) {
	if !packable(key) {
		return false, nil
	}
	_, name := splitKey(key)
	file := p.driver.file(key)
	p.mu.Lock()
	f := p.folders[file[:len(file)-len(name)-1]]
	if f == nil {
		p.mu.Unlock()
		return false, nil
	}
	p.order.MoveToFront(f.place)
	f.users++
	p.mu.Unlock()
	defer p.release(f)
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.use(name, use)
}

// find is known for a blob in a folder's packs, which it looks through where it must.
func (p *packs) find(key string, use func(packed) error) (bool, error) {
	if !packable(key) {
		return false, nil
	}
	f := p.acquire(key)
	defer p.release(f)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refresh(&f.packer); err != nil {
		return false, err
	}
	return f.use(key[len(f.prefix):], use)
}

// close closes all packs. Nothing is being written.
func (p *packs) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.folders {
		p.forget(f)
	}
}
