package diskblob

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// maxKept bounds the memory of folders that are known to be durable: half a
// megabyte, which a few thousand uploads fill.
const maxKept = 4 << 10

// folders makes and removes the folders that blobs lie in.
//
// It answers three questions that a look at the disk cannot. Is this folder's
// own entry on stable storage, or has another commit only just made it (or did
// a process make it that was killed before it synced)? It is when kept says so.
// May this empty folder go, or is a commit on its way into it? It may go when
// nothing pins it. And are all of its entries on stable storage? They are when it
// is synced and nothing pins it.
type folders struct {
	root   string
	syncs  *folderSyncs
	mu     sync.Mutex
	pins   map[string]int
	kept   map[string]struct{}
	synced map[string]struct{} // since this process began to write to it
}

func newFolders(root string) *folders {
	return &folders{root: root, syncs: newFolderSyncs(syncDir), pins: map[string]int{}, kept: map[string]struct{}{}, synced: map[string]struct{}{}}
}

// pin keeps folders from being pruned until unpin.
func (f *folders) pin(chain []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, folder := range chain {
		f.pins[folder]++
	}
}

func (f *folders) unpin(chain []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, folder := range chain {
		if f.pins[folder]--; f.pins[folder] == 0 {
			delete(f.pins, folder)
		}
	}
}

// make makes the folders of a chain, which the caller has pinned, outermost
// first, and gives those whose entries are not known to be on stable storage: they
// are for sync. Where all are known to be it touches nothing.
func (f *folders) make(chain []string) (fresh []string, err error) {
	for _, folder := range chain {
		if f.isKept(folder) {
			continue
		}
		if err := os.Mkdir(folder, dirPerm); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		fresh = append(fresh, folder)
	}
	return fresh, nil
}

// sync returns when the entries of a pinned folder and of those that make gave
// are on stable storage. The innermost comes first: a filesystem with a journal
// writes with it what was done before, and has little left to do for the others.
func (f *folders) sync(folder string, fresh []string) error {
	if err := f.syncs.do(folder); err != nil {
		f.forget([]string{folder})
		return err
	}
	f.note(f.synced, folder)
	for i := len(fresh) - 1; i >= 0; i-- {
		if f.isKept(fresh[i]) {
			continue // another commit saw to it meanwhile
		}
		if err := f.syncs.do(filepath.Dir(fresh[i])); err != nil {
			return err
		}
		f.note(f.kept, fresh[i])
	}
	return nil
}

// settle puts the entries of those folders of a chain that are there on stable
// storage, outermost first.
func (f *folders) settle(chain []string) error {
	parent := f.root
	for _, folder := range chain {
		if !f.isKept(folder) {
			if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
				return nil
			}
			if err := syncDir(parent); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		parent = folder
	}
	return nil
}

func (f *folders) isKept(folder string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.kept[folder]
	return ok
}

// note adds a pinned folder to kept or synced. Forgetting costs a sync and no
// more, so a full memory is simply emptied.
func (f *folders) note(known map[string]struct{}, folder string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(known) >= maxKept {
		clear(known)
	}
	known[folder] = struct{}{}
}

// settled reports whether all that was read of a folder is on stable storage. It
// is asked after reading: what was renamed into the folder before and is not
// synced is still pinned.
func (f *folders) settled(folder string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.synced[folder]
	return ok && f.pins[folder] == 0
}

// forget makes the next make look at the disk again.
func (f *folders) forget(chain []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, folder := range chain {
		delete(f.kept, folder)
		delete(f.synced, folder)
	}
}

// prune removes the folders of a chain that are empty and that nothing pins,
// innermost first. Folders that cannot be removed stay; they do no harm.
func (f *folders) prune(chain []string) {
	for i := len(chain) - 1; i >= pruneFrom; i-- {
		if !f.remove(chain[i]) {
			return
		}
	}
}

// remove holds the lock over rmdir, so that no commit can pin the folder, or
// take it for durable, in between.
func (f *folders) remove(folder string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pins[folder] > 0 {
		return false
	}
	err := retry(func() error { return unix.Rmdir(folder) })
	if err != nil && err != unix.ENOENT {
		return false
	}
	delete(f.kept, folder)
	delete(f.synced, folder)
	return true
}

// syncDir puts a folder's entries on stable storage.
func syncDir(path string) error {
	var fd int
	err := retry(func() (err error) {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	if err := retry(func() error { return unix.Fsync(fd) }); err != nil {
		return &fs.PathError{Op: "sync", Path: path, Err: err}
	}
	return nil
}

// retry calls again what a signal interrupted.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
