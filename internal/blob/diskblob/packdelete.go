package diskblob

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// delete deletes a blob, and with the last of a pack this. It is false where the blob is
// not there.
func (f *packFolder) delete(key string) (bool, error) {
	f.disk.Lock()
	defer f.disk.Unlock()
	if err := f.refresh(); err != nil {
		return false, err
	}
	b, last := f.takeOut(key)
	if b == nil {
		return false, nil
	}
	if last {
		return true, f.remove(b.pack)
	}
	if err := f.driver.packs.free(b.packed()); err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.tie(b)
		b.pack.live++
		return true, err
	}
	return true, nil
}

// takeOut has nobody find a blob any more, and a pack whose last it was.
func (f *packFolder) takeOut(key string) (b *inPack, last bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b = f.blobs[key]; b == nil {
		return nil, false
	}
	f.cut(b)
	b.pack.live--
	return b, f.spent(b.pack)
}

// spent reports whether a pack can go, which then nothing is written to any more. The
// caller holds mu.
func (f *packFolder) spent(one *pack) bool {
	l := f.writing(one)
	if one.live > 0 || one.stays || l == nil && !one.final || l != nil && l.leading {
		return false
	}
	if l != nil {
		unix.Close(l.leave().fd)
	}
	return true
}

// remove removes a pack that is spent, and its folder with the last. The caller holds
// disk.
func (f *packFolder) remove(one *pack) error {
	err := one.unlink()
	f.driver.files.forget(one.path)
	f.mu.Lock()
	f.drop(one)
	if err != nil {
		f.listed = false // it is found again
	}
	f.mu.Unlock()
	if err == nil {
		f.driver.folders.prune(f.chain)
	}
	return err
}

// sweep removes the packs that nothing is in any more: of what a crash left of one that
// never held anything, for one. One that was whole once stays, whatever became of it.
func (f *packFolder) sweep() error {
	if f.driver.readOnly {
		return nil
	}
	var spent []*pack
	f.mu.Lock()
	for _, one := range f.packs {
		if f.spent(one) {
			spent = append(spent, one)
		}
	}
	f.mu.Unlock()
	if len(spent) == 0 {
		return nil
	}
	f.disk.Lock()
	defer f.disk.Unlock()
	for _, one := range spent {
		if err := f.remove(one); err != nil {
			return err
		}
	}
	return nil
}

// readings counts who reads a blob in a pack: its room is not given back under them.
type readings struct {
	mu  sync.Mutex
	all map[spot]*reading
}

// spot is where a record is.
type spot struct {
	path string
	at   int64
}

type reading struct {
	readers int
	deleted *packed // not nil: to be erased after them
}

func newReadings() *readings { return &readings{all: map[spot]*reading{}} }

// begin counts one more reader of a blob, until end. The blob is not deleted yet.
func (r *readings) begin(at packed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := spot{at.pack.path, at.at}
	one := r.all[s]
	if one == nil {
		one = &reading{}
		r.all[s] = one
	}
	one.readers++
}

// end counts one less, and gives what is to be erased now.
func (r *readings) end(at packed) *packed {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := spot{at.pack.path, at.at}
	one := r.all[s]
	if one.readers--; one.readers > 0 {
		return nil
	}
	delete(r.all, s)
	return one.deleted
}

// busy reports whether somebody reads a blob that was deleted: nobody else will.
func (r *readings) busy(at packed) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[spot{at.pack.path, at.at}] != nil
}

// putOff is busy, and has the last to end erase it.
func (r *readings) putOff(at packed) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.all[spot{at.pack.path, at.at}]
	if one == nil {
		return false
	}
	one.deleted = &at
	return true
}

// free gives back the room of a blob that nobody finds any more, after those who read it
// now. It is marked meanwhile: the process may end before they do.
func (p *packs) free(at packed) error {
	if p.readings.busy(at) {
		if err := mark(at); err != nil || p.readings.putOff(at) {
			return err
		}
	}
	return erase(at)
}

// erase deletes a record for good and gives its room back to the filesystem, the page
// with the header first: these are steps of a journal that keeps their order, so that
// after a crash it is there and whole or is none, and in no case without bytes. It needs no
// sync for that: what comes back is deleted again. No page of another record is touched.
// Where the filesystem can't, or gives room back in larger pieces than pages, and in a pack
// of the old kind, it is marked.
func erase(at packed) error {
	if at.pack.format.old {
		return mark(at)
	}
	f, err := openToErase(at.pack.path)
	if f == nil {
		return err
	}
	defer f.Close()
	if punch(f, at.at, recordAlign) != nil {
		return write(f, at)
	}
	if rest := at.next() - at.at - recordAlign; rest > 0 {
		_ = punch(f, at.at+recordAlign, rest) // room, and no more: it is deleted
	}
	return nil
}

// mark deletes a record and leaves its bytes.
func mark(at packed) error {
	f, err := openToErase(at.pack.path)
	if f == nil {
		return err
	}
	defer f.Close()
	return write(f, at)
}

func write(f *os.File, at packed) error {
	_, err := f.WriteAt(binary.LittleEndian.AppendUint32(nil, at.pack.format.dead()), at.at)
	return err
}

// openToErase gives nil for a pack that is gone.
func openToErase(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return f, err
}

func punch(f *os.File, at, n int64) error {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(int(f.Fd()), &st) }); err != nil {
		return err
	}
	if st.Blksize > recordAlign {
		return unix.EOPNOTSUPP // it would write zeros, which is no step of its journal
	}
	return retry(func() error {
		return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, at, n)
	})
}

// eraseAll is erase for what is between the whole records of a pack; where the filesystem
// can't, those records there are marked.
func eraseAll(path string, format format, ranges [][2]int64, torn []record) error {
	if len(ranges) == 0 {
		return nil
	}
	f, err := openToErase(path)
	if f == nil {
		return err
	}
	defer f.Close()
	able := true
	for _, r := range ranges {
		able = able && punch(f, r[0], r[1]-r[0]) == nil
	}
	one := &pack{path: path, format: format}
	for _, r := range torn {
		if able || r.at >= ranges[len(ranges)-1][1] {
			break
		}
		if err := write(f, packed{pack: one, at: r.at}); err != nil {
			return err
		}
	}
	return nil
}
