package diskblob

import (
	"container/list"
	"os"
	"sync"
)

// openFiles keeps the files of blobs open that were read last, for who reads them
// next: opening and closing one costs as much as sending a tenth of a megabyte.
// Blobs never change and their names never come back, so one that is open is as
// good as one opened anew until it is deleted.
type openFiles struct {
	most int // how many stay open that nobody reads

	mu      sync.Mutex
	byKey   map[string]*openFile
	idle    list.List // of *openFile, the longest unused first
	deleted uint64    // how many deletions there were
}

// openFile is a file that any number of sections read.
type openFile struct {
	*os.File
	key     string
	readers int
	kept    bool          // in byKey
	idle    *list.Element // while nobody reads it
}

func newOpenFiles(most int) *openFiles {
	return &openFiles{most: most, byKey: map[string]*openFile{}}
}

// take gives the open file of a blob, nil where there is none. asOf is for keep.
// Whoever takes one gives it back.
func (o *openFiles) take(key string) (f *openFile, asOf uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f = o.byKey[key]
	if f == nil {
		return nil, o.deleted
	}
	f.readers++
	if f.idle != nil {
		o.idle.Remove(f.idle)
		f.idle = nil
	}
	return f, o.deleted
}

// keep takes a file that was opened after asOf was given. Where something was
// deleted meanwhile it may be that, and is closed after its one reader.
func (o *openFiles) keep(key string, file *os.File, asOf uint64) *openFile {
	o.mu.Lock()
	defer o.mu.Unlock()
	f := &openFile{File: file, key: key, readers: 1}
	if o.most > 0 && o.deleted == asOf && o.byKey[key] == nil {
		f.kept = true
		o.byKey[key] = f
	}
	return f
}

// give ends one reader's use of a file.
func (o *openFiles) give(f *openFile) {
	var old *openFile
	o.mu.Lock()
	f.readers--
	switch {
	case f.readers > 0:
	case !f.kept:
		old = f
	default:
		f.idle = o.idle.PushBack(f)
		if o.idle.Len() > o.most {
			old = o.idle.Front().Value.(*openFile)
			o.drop(old)
		}
	}
	o.mu.Unlock()
	if old != nil {
		old.Close()
	}
}

// drop has no later reader find a file.
func (o *openFiles) drop(f *openFile) {
	delete(o.byKey, f.key)
	f.kept = false
	if f.idle != nil {
		o.idle.Remove(f.idle)
		f.idle = nil
	}
}

// forget is called when a blob has been deleted. Its room on the disk comes free
// once those who read it now are done.
func (o *openFiles) forget(key string) {
	o.mu.Lock()
	o.deleted++
	f := o.byKey[key]
	if f != nil {
		o.drop(f)
		if f.readers > 0 {
			f = nil
		}
	}
	o.mu.Unlock()
	if f != nil {
		f.Close()
	}
}

// close closes what nobody reads.
func (o *openFiles) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.most = 0
	for o.idle.Len() > 0 {
		f := o.idle.Front().Value.(*openFile)
		o.drop(f)
		f.Close()
	}
}
