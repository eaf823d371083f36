package diskblob

// What is remembered of packs: of so many shelves, where so many blobs lie in them,
// about 0.7 MiB; and so many packs stay open to be written to. What was not used for
// longest is forgotten first, and read again when somebody asks. The shelves that were
// used last stay whatever they hold: who reads a full one, blob by blob, while others
// store, would read through it for each.
const (
	packFolders = 4 << 10
	packRecords = 4 << 10
	packsStay   = 8
	packsOpen   = 128
)

// release lets go of a shelf, and forgets others where there are too many.
func (p *packs) release(f *packFolder) {
	for _, one := range p.letGo(f) {
		one.close()
	}
}

// letGo gives the packs that must be closed.
func (p *packs) letGo(f *packFolder) (old []shut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f.users--
	open := f.open
	if f.users == 0 { // nobody else has it
		open = f.written()
	}
	p.count(f, int(f.held.Load()), open)
	if f.users == 0 && f.open == 0 && len(f.packs) == 0 {
		p.forget(f)
	}
	for at, from := p.order.Back(), p.order.Len(); at != nil && p.tooMany(); from-- {
		f := at.Value.(*packFolder)
		at = at.Prev()
		if f.users > 0 {
			continue
		}
		forget := p.forgets() && from > p.stay
		if p.open > packsOpen || forget {
			for i := range f.lanes {
				if one := f.lanes[i].let(); one.pack != nil {
					old = append(old, one)
				}
			}
			p.count(f, f.records, 0)
		}
		if forget {
			p.forget(f)
		}
	}
	return old
}

func (p *packs) tooMany() bool { return p.forgets() || p.open > packsOpen }

func (p *packs) forgets() bool {
	return len(p.folders) > packFolders || p.records > packRecords
}

func (p *packs) count(f *packFolder, records, open int) {
	p.records += records - f.records
	p.open += open - f.open
	f.records, f.open = records, open
}

// forget is for a shelf of which no pack is open.
func (p *packs) forget(f *packFolder) {
	p.count(f, 0, 0)
	p.order.Remove(f.place)
	delete(p.folders, f.shelf)
}
