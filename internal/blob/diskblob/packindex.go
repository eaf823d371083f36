package diskblob

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"magpie/internal/blob"
)

// packIndex says where the blobs of a folder's packs lie, as far as these were read.
type packIndex struct {
	names   map[string]packed // by the key behind the second element
	scanned map[int]*scan     // by the pack's number
}

// packed is where a blob is.
type packed struct {
	path     string // of the pack
	number   int
	at       int64 // of the record
	data     int64 // of the bytes
	size     int64
	modified time.Time
}

func (a packed) info(key string) blob.Info {
	return blob.Info{Key: key, Size: a.size, Modified: a.modified}
}

// use reports whether a blob is there, and hands it on. The caller holds p.mu.
func (x *packIndex) use(name string, use func(packed) error) (bool, error) {
	at, ok := x.names[name]
	if !ok {
		return false, nil
	}
	return true, use(at)
}

// scan is how far a pack was read.
type scan struct {
	upto  int64
	live  int  // blobs in it that were not deleted
	final bool // no more will come
	stays bool // there are bytes in it that nobody can read, but somebody may want
}

// refresh reads what came to the folder's packs since they were last read. The
// caller holds p.mu.
func (x *packIndex) refresh(p *packer) error {
	entries, err := os.ReadDir(p.folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
		return err
	}
	found := map[int]bool{}
	for _, entry := range entries {
		if n := packNumber(entry.Name()); n > 0 && entry.Type().IsRegular() {
			found[n] = true
		}
	}
	for n := range x.scanned {
		if !found[n] {
			x.drop(n)
		}
	}
	for n := range found {
		if err := x.read(p, n); err != nil {
			return err
		}
	}
	return nil
}

// drop forgets a pack that is gone.
func (x *packIndex) drop(number int) {
	if x.scanned[number] == nil {
		return
	}
	for name, at := range x.names {
		if at.number == number {
			delete(x.names, name)
		}
	}
	delete(x.scanned, number)
}

// read reads the records of one pack that are new, and all that it finds is on
// stable storage. Of the pack that is being written to these are the settled ones.
// What another process wrote is looked through from the place on that its last whole
// record says was settled before: a record that is not whole, and all behind it, were
// never acknowledged.
func (x *packIndex) read(p *packer, number int) error {
	s := x.scanned[number]
	writing := p.fd >= 0 && p.number == number
	if s != nil && (s.final && !writing || writing && s.upto >= p.settled) {
		return nil
	}
	path := p.path(number)
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		x.drop(number)
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if s == nil {
		s = &scan{}
	}
	end, sealed := info.Size(), info.Mode().Perm() == sealedPerm
	switch {
	case writing:
		end = p.settled
	case !sealed:
		if err := retry(func() error { return unix.Fdatasync(int(f.Fd())) }); err != nil {
			return &fs.PathError{Op: "fdatasync", Path: path, Err: err}
		}
	}
	fresh, foreign, err := hop(f, s.upto, end, p.prefix)
	if err == nil && !writing && !sealed {
		fresh, err = unbroken(f, fresh)
	}
	if err != nil {
		return err
	}
	if x.scanned == nil {
		x.scanned, x.names = map[int]*scan{}, map[string]packed{}
	}
	x.scanned[number] = s
	for _, r := range fresh {
		if s.upto = r.next(); !r.dead {
			s.live++
			x.names[r.key[len(p.prefix):]] = packed{path: path, number: number, at: r.at, data: r.data(), size: r.size, modified: r.modified}
		}
	}
	s.final = !writing && !p.driver.readOnly
	s.stays = foreign || sealed && s.upto < end
	if s.final && !sealed && !foreign && s.upto > 0 {
		return finish(f, s.upto, end)
	}
	return nil
}

// finish cuts off what a crash left torn of a pack, and seals it.
func finish(f *os.File, upto, end int64) error {
	if upto < end {
		err := retry(func() error { return unix.Truncate(f.Name(), upto) })
		if err == nil {
			err = retry(func() error { return unix.Fsync(int(f.Fd())) })
		}
		if err != nil {
			return &fs.PathError{Op: "truncate", Path: f.Name(), Err: err}
		}
	}
	seal(int(f.Fd()))
	return nil
}

// hop reads headers from at on, up to end or the first that is none; foreign says
// that this is one of another place, as in a file that was moved by hand.
func hop(f io.ReaderAt, at, end int64, prefix string) (all []record, foreign bool, err error) {
	buf := make([]byte, recordMost)
	for at < end {
		n, err := f.ReadAt(buf[:min(recordMost, end-at)], at)
		if err != nil && err != io.EOF {
			return nil, false, err
		}
		r, ok := readRecord(buf[:n], at, prefix)
		if !ok || r.data()+r.size > end {
			return all, !ok && r.key != "", nil
		}
		all = append(all, r)
		at = r.next()
	}
	return all, false, nil
}

// unbroken gives the records up to the first that is torn.
func unbroken(f io.ReaderAt, all []record) ([]record, error) {
	if len(all) == 0 {
		return nil, nil
	}
	settled := all[len(all)-1].settled
	for i, r := range all {
		if r.next() <= settled {
			continue
		}
		sum := crc32.New(castagnoli)
		n, err := io.Copy(sum, io.NewSectionReader(f, r.data(), r.size))
		if err != nil {
			return nil, err
		}
		if n < r.size || sum.Sum32() != r.crc {
			return all[:i], nil
		}
	}
	return all, nil
}

// list gives the blobs in the packs of the folder whose keys begin with prefix. It
// removes a pack of which a crash left nothing whole. One that was whole once stays,
// whatever became of it.
func (p *packs) list(ctx context.Context, prefix string, numbers []int) ([]blob.Info, error) {
	f := p.acquire(prefix + "x")
	defer p.release(f)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range numbers {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := f.read(&f.packer, n); err != nil {
			return nil, err
		}
		if s := f.scanned[n]; s != nil && s.final && s.live == 0 && !s.stays {
			if err := f.remove(n); err != nil {
				return nil, err
			}
		}
	}
	all := make([]blob.Info, 0, len(f.names))
	for name, at := range f.names {
		all = append(all, at.info(prefix+name))
	}
	return all, nil
}

// remove removes a pack, and its folder with the last. The caller holds mu, and
// nobody leads.
func (f *packFolder) remove(number int) error {
	if f.fd >= 0 && f.number == number {
		f.shut()
	}
	path := f.path(number)
	if err := retry(func() error { return unix.Unlink(path) }); err != nil && err != unix.ENOENT {
		return &fs.PathError{Op: "unlink", Path: path, Err: err}
	}
	f.drop(number)
	f.driver.folders.prune(f.chain)
	return nil
}

// delete deletes a blob: with the last of a pack this goes; the others' records are
// marked. The room is free again when the pack is gone.
func (p *packs) delete(key string) error {
	if !packable(key) {
		return nil
	}
	f := p.acquire(key)
	defer p.release(f)
	f.mu.Lock()
	defer f.mu.Unlock()
	name := key[len(f.prefix):]
	at, ok := f.names[name]
	if !ok {
		if err := f.refresh(&f.packer); err != nil {
			return err
		}
		if at, ok = f.names[name]; !ok {
			return nil
		}
	} else if err := f.read(&f.packer, at.number); err != nil {
		return err
	}
	s := f.scanned[at.number]
	if s == nil {
		return nil // somebody else removed it
	}
	if busy := f.leading && f.number == at.number && f.fd >= 0; s.live == 1 && !busy {
		return f.remove(at.number)
	}
	if err := bury(at.path, at.at); err != nil {
		return err
	}
	delete(f.names, name)
	s.live--
	return nil
}

// bury marks a record as deleted.
func bury(path string, at int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(binary.LittleEndian.AppendUint32(nil, recordDead), at)
	return err
}
