package diskblob

import "sync"

// folderSyncs puts folders' entries on stable storage. Those who ask for one
// folder while it is being synced share the next sync: it begins after their
// renames, and so covers them all.
type folderSyncs struct {
	sync func(path string) error
	mu   sync.Mutex
	busy map[string]*folderSync // by path: the sync that comes after the running one
}

// folderSync is one sync, to come or under way.
type folderSync struct {
	wanted bool          // somebody waits for it
	turn   chan struct{} // closed when whoever wanted it first may begin
	done   chan struct{} // closed when it has ended, as err says
	err    error
}

func newFolderSyncs(syncDir func(path string) error) *folderSyncs {
	return &folderSyncs{sync: syncDir, busy: map[string]*folderSync{}}
}

func newFolderSync() *folderSync {
	return &folderSync{turn: make(chan struct{}), done: make(chan struct{})}
}

// do returns when a sync of path that began after the call has ended.
func (f *folderSyncs) do(path string) error {
	f.mu.Lock()
	mine := f.busy[path]
	switch {
	case mine == nil: // nobody syncs it
		mine = newFolderSync()
		f.busy[path] = newFolderSync()
		f.mu.Unlock()
	case mine.wanted:
		f.mu.Unlock()
		<-mine.done
		return mine.err
	default:
		mine.wanted = true
		f.mu.Unlock()
		<-mine.turn
		f.mu.Lock()
		f.busy[path] = newFolderSync()
		f.mu.Unlock()
	}

	mine.err = f.sync(path)
	close(mine.done)
	f.mu.Lock()
	defer f.mu.Unlock()
	if next := f.busy[path]; next.wanted {
		close(next.turn)
	} else {
		delete(f.busy, path)
	}
	return mine.err
}
