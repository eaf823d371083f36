package diskblob

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// look learns which packs a shelf has, and reads through those that are not known. What
// is found is on stable storage; names too where that is asked for.
func (f *packFolder) look(names bool) error {
	f.mu.Lock()
	known := f.listed && (f.certain || !names)
	f.mu.Unlock()
	if known {
		return nil
	}
	f.disk.Lock()
	defer f.disk.Unlock()
	if err := f.refresh(); err != nil || !names {
		return err
	}
	return f.settle()
}

// settle puts the names of a shelf's packs on stable storage. The caller holds disk.
func (f *packFolder) settle() error {
	f.mu.Lock()
	known := f.certain || len(f.packs) == 0
	f.mu.Unlock()
	if known {
		return nil
	}
	folders := f.driver.folders
	if err := folders.settle(f.chain); err != nil {
		return err
	}
	if !folders.settled(f.folder) {
		if err := syncDir(f.folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.certain = f.listed
	return nil
}

// refresh reads what came to the shelf's packs since they were last read. Nobody but
// this process adds to them, unless it is for reading only. The caller holds disk.
func (f *packFolder) refresh() error {
	f.mu.Lock()
	listed := f.listed
	f.mu.Unlock()
	if listed {
		return nil
	}
	entries, err := os.ReadDir(f.folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
		return err
	}
	var failed error
	for _, one := range f.meet(entries) {
		if err := f.readThrough(one); err != nil {
			failed = errors.Join(failed, err) // what the others hold is found all the same
		}
	}
	if failed != nil {
		return failed
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listed = !f.driver.readOnly
	return nil
}

// meet notes the packs among a folder's entries, forgets those that are not there any
// more, and gives those that must be read through.
func (f *packFolder) meet(entries []fs.DirEntry) []*pack {
	f.mu.Lock()
	defer f.mu.Unlock()
	var unread []*pack
	there := map[string]bool{}
	for _, entry := range entries {
		name := entry.Name()
		format, ok := readPackName(name)
		if !ok || !entry.Type().IsRegular() {
			continue
		}
		there[name] = true
		one := f.packs[name]
		if one == nil {
			one = &pack{name: name, path: f.folder + "/" + name, format: format}
			f.note(one)
		}
		if !one.ours && !one.final {
			unread = append(unread, one)
		}
	}
	for name, one := range f.packs {
		if !one.ours && !there[name] {
			f.drop(one)
		}
	}
	return unread
}

// readThrough reads the records of one pack, which this process does not write. What is
// torn at the end of one that was not closed was never acknowledged: a record says
// how much of the pack was on stable storage when it was written, and what comes behind
// that must have its checksum.
func (f *packFolder) readThrough(one *pack) error {
	file, err := os.OpenFile(one.path, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.drop(one)
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	end, sealed := info.Size(), info.Mode().Perm() == sealedPerm
	if !sealed {
		if err := retry(func() error { return unix.Fdatasync(int(file.Fd())) }); err != nil {
			return &fs.PathError{Op: "fdatasync", Path: one.path, Err: err}
		}
	}
	got, err := hop(file, one.upto, end, one.format, f.shelf)
	if err != nil {
		if sealed {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.addLive(one, got.records)
		}
		return err
	}
	settled := end
	if !sealed {
		settled = got.settled
		if err := got.keepWhole(file, settled, one.format.old); err != nil {
			return err
		}
	}
	stays := got.foreign || got.unread && got.unreadAt < settled
	if !sealed && !f.driver.readOnly && !got.foreign && len(got.records) > 0 {
		if err := finish(file, one.format, got, settled, end); err != nil {
			return err
		}
	}

	f.mu.Lock()
	defer f.mu.Unlock()
	f.addLive(one, got.records)
	one.stays = one.stays || stays
	one.final = sealed || !f.driver.readOnly
	if one.upto = settled; one.format.old && len(got.records) > 0 {
		one.upto = got.records[len(got.records)-1].next()
	}
	return nil
}

// finish removes from a pack what a crash left torn of it, and seals it: else what is
// between whole records would be taken for damage later.
func finish(f *os.File, format format, got passage, settled, end int64) error {
	at := settled
	var torn [][2]int64
	for _, r := range got.records {
		if r.at > at {
			torn = append(torn, [2]int64{at, r.at})
		}
		at = max(at, r.next())
	}
	// Also where nothing is behind: it may have its place on disk already. That is room
	// and no more; who reads what is whole need not suffer where it can't be given back.
	if err := retry(func() error { return unix.Truncate(f.Name(), min(at, end)) }); err != nil && at < end {
		return &fs.PathError{Op: "truncate", Path: f.Name(), Err: err}
	}
	if err := eraseAll(f.Name(), format, torn, got.torn); err != nil {
		return err
	}
	if at < end || len(torn) > 0 {
		if err := retry(func() error { return unix.Fsync(int(f.Fd())) }); err != nil {
			return &fs.PathError{Op: "sync", Path: f.Name(), Err: err}
		}
	}
	seal(int(f.Fd()))
	return nil
}
