package diskblob

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"magpie/internal/blob"
)

// List reads only the folders that lie under prefix; each is read to its end
// before its blobs are yielded, so that the caller may delete them. It ends
// with the first error.
func (d *Driver) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return d.list(ctx, prefix, false)
}

// Names is List without a look at each file.
func (d *Driver) Names(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return d.list(ctx, prefix, true)
}

func (d *Driver) list(ctx context.Context, prefix string, names bool) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		w := &walk{ctx: ctx, yield: yield, packs: d.packs, names: names}
		folder := strings.TrimSuffix(prefix, "/")
		switch strings.Count(prefix, "/") {
		case 0:
			_ = w.top(d.root) && w.shared(d.root, prefix)
		case 1:
			if folder != tmpName {
				_ = w.first(filepath.Join(d.root, folder), prefix) && w.shared(d.root, prefix)
			}
		default:
			path, chain := d.place(folder)
			if err := d.folders.settle(append(chain, path)); err != nil {
				yield(blob.Info{}, err)
				return
			}
			w.folders = d.folders
			if media, name := splitKey(prefix); name != "" {
				_ = w.below(path, prefix) && w.packsBelow(chain[2], media, prefix) && w.sharedBy(prefix)
				return
			}
			_ = w.media(path, prefix) && w.sharedBy(prefix)
		}
	}
}

// walk is one listing. Its methods report whether to go on.
type walk struct {
	ctx     context.Context
	yield   func(blob.Info, error) bool
	packs   *packs
	names   bool     // of a blob that is a file, nothing else
	folders *folders // not nil: what is yielded is put on stable storage first
}

// top walks the root: blobs of one element, and the folders of first elements.
func (w *walk) top(root string) bool {
	return w.each(root, func(entry fs.DirEntry) bool {
		name, path := entry.Name(), filepath.Join(root, entry.Name())
		switch {
		case blob.CheckKey(name) != nil, name == tmpName:
			return true
		case entry.IsDir():
			return w.first(path, name+"/")
		}
		return w.blob(name, entry)
	})
}

// first walks the folder of a first element, which holds fan-out folders only.
func (w *walk) first(path, prefix string) bool {
	return w.each(path, func(fan fs.DirEntry) bool {
		if !fan.IsDir() {
			return true
		}
		path := filepath.Join(path, fan.Name())
		return w.each(path, func(entry fs.DirEntry) bool {
			if fanOut(entry.Name()) != fan.Name() {
				return true // no key leads here
			}
			if name := entry.Name(); entry.IsDir() && blob.CheckKey(name) == nil {
				return w.media(filepath.Join(path, name), prefix+name+"/")
			}
			return w.entry(path, prefix, entry)
		})
	})
}

// media walks a folder of a key's second element, and then its packs.
func (w *walk) media(path, prefix string) bool {
	packs := false
	return w.each(path, func(entry fs.DirEntry) bool {
		packs = packs || isPack(entry)
		return w.entry(path, prefix, entry)
	}) && (!packs || w.packed(shelf{prefix: prefix}, prefix))
}

// packsBelow is that of the packs alone, and of those blobs in them that are below
// a prefix.
func (w *walk) packsBelow(path, media, prefix string) bool {
	packs := false
	return w.each(path, func(entry fs.DirEntry) bool {
		packs = packs || isPack(entry)
		return true
	}) && (!packs || w.packed(shelf{prefix: media}, prefix))
}

func isPack(entry fs.DirEntry) bool {
	_, ok := readPackName(entry.Name())
	return ok && entry.Type().IsRegular()
}

// shared walks all packs that media share, for the blobs in them that are below a prefix.
func (w *walk) shared(root, prefix string) bool {
	path := filepath.Join(root, packsName)
	return w.each(path, func(fan fs.DirEntry) bool {
		if !fan.IsDir() {
			return true
		}
		return w.each(filepath.Join(path, fan.Name()), func(entry fs.DirEntry) bool {
			s, ok := readShelf(fan.Name(), entry.Name())
			return !ok || !entry.IsDir() || w.packed(s, prefix)
		})
	})
}

// sharedBy is that of those packs alone that can hold any.
func (w *walk) sharedBy(prefix string) bool {
	s, ok := shared(prefix)
	return !ok || w.packed(s, prefix)
}

// packed yields the blobs below a prefix that lie on a shelf.
func (w *walk) packed(s shelf, prefix string) bool {
	all, err := w.packs.list(w.ctx, s, prefix, w.folders != nil)
	if err != nil {
		w.yield(blob.Info{}, err)
		return false
	}
	for _, info := range all {
		if !w.yield(info, nil) {
			return false
		}
	}
	return true
}

// below walks a folder under a media's.
func (w *walk) below(path, prefix string) bool {
	return w.each(path, func(entry fs.DirEntry) bool { return w.entry(path, prefix, entry) })
}

func (w *walk) entry(path, prefix string, entry fs.DirEntry) bool {
	name := entry.Name()
	switch {
	case blob.CheckKey(name) != nil:
		return true
	case entry.IsDir():
		return w.below(filepath.Join(path, name), prefix+name+"/")
	}
	return w.blob(prefix+name, entry)
}

func (w *walk) blob(key string, entry fs.DirEntry) bool {
	if !entry.Type().IsRegular() {
		return true
	}
	if w.names {
		return w.yield(blob.Info{Key: key}, nil)
	}
	info, err := entry.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return true // deleted since
	}
	if err != nil {
		w.yield(blob.Info{}, err)
		return false
	}
	return w.yield(describe(key, info), nil)
}

// each calls visit for every entry of a folder until it returns false. A folder
// that is not there, or not there any more, has no entries.
func (w *walk) each(path string, visit func(fs.DirEntry) bool) bool {
	if err := w.ctx.Err(); err != nil {
		w.yield(blob.Info{}, err)
		return false
	}
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
		w.yield(blob.Info{}, err)
		return false
	}
	if w.folders != nil && len(entries) > 0 && !w.folders.settled(path) {
		if err := syncDir(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			w.yield(blob.Info{}, err)
			return false
		}
	}
	for _, entry := range entries {
		if !visit(entry) {
			return false
		}
	}
	return true
}
