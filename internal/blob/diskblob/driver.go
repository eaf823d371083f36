package diskblob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"magpie/internal/blob"
)

const (
	dirPerm  = 0o700
	filePerm = 0o600
)

// ErrReadOnly is what writing and deleting give on a driver that was opened
// ReadOnly.
var ErrReadOnly = errors.New("the blob folder is open for reading only")

// Options says how to use a root. The zero value is ready for use.
type Options struct {
	// Reserve is how many bytes of the filesystem stay free: uploads that
	// would go below it are refused. 0 keeps none.
	Reserve int64

	// ReadOnly changes nothing on disk, so that a root can be read while
	// another process owns it. The root must exist.
	ReadOnly bool

	// Small is up to how many bytes, at most SmallMost, a blob whose key has three
	// elements or more is kept in a pack, with others. 0 keeps each in a file. What is in
	// packs is found either way.
	Small int

	// Random is what the numbers of packs are drawn from, by many goroutines. Nobody may
	// be able to guess them, and none comes twice. nil is crypto/rand.
	Random io.Reader

	// KeepOpen is how many files stay open that nobody reads, of blobs that were
	// read last. 0 keeps none.
	KeepOpen int
}

// Driver is a blob.Driver over a folder.
type Driver struct {
	root     string
	reserve  int64
	ample    ample
	readOnly bool
	uploads  atomic.Uint64 // the last number given to a file in tmp
	folders  *folders
	small    int
	gathers  *gathers
	packs    *packs
	random   io.Reader
	files    *openFiles
}

var _ blob.Driver = (*Driver)(nil)

// Open makes root where it is missing and removes what an earlier process left
// in its tmp. The caller holds whatever lock says that no other process writes
// to root; only a ReadOnly driver needs none.
func Open(root string, opts Options) (*Driver, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("open blob folder: %w", err)
	}
	d := &Driver{
		root: root, reserve: max(opts.Reserve, 0), readOnly: opts.ReadOnly, folders: newFolders(root),
		small: max(0, min(opts.Small, SmallMost)), gathers: newGathers(), random: opts.Random, files: newOpenFiles(opts.KeepOpen),
	}
	d.ample.since = time.Now()
	if d.random == nil {
		d.random = rand.Reader
	}
	d.packs = newPacks(d)
	if opts.ReadOnly {
		d.files = newOpenFiles(0) // another process deletes
		info, err := os.Stat(root)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is not a folder", root)
		}
		if err != nil {
			return nil, fmt.Errorf("open blob folder: %w", err)
		}
		return d, nil
	}
	if err := makeRoot(root); err != nil {
		return nil, fmt.Errorf("open blob folder: %w", err)
	}
	if err := emptyTmp(filepath.Join(root, tmpName)); err != nil {
		return nil, fmt.Errorf("open blob folder: %w", err)
	}
	return d, nil
}

// makeRoot makes root and whatever is missing above it, durably. The entry of a
// root that was there is synced too: an earlier process may have been killed
// between the two steps. Where that is forbidden somebody else made the root.
func makeRoot(root string) error {
	parent := filepath.Dir(root)
	err := os.Mkdir(root, dirPerm)
	if errors.Is(err, fs.ErrNotExist) && parent != root {
		if err := makeRoot(parent); err != nil {
			return err
		}
		err = os.Mkdir(root, dirPerm)
	}
	existed := false
	if errors.Is(err, fs.ErrExist) {
		info, statErr := os.Stat(root)
		if statErr != nil {
			return statErr
		}
		if !info.IsDir() {
			return fmt.Errorf("%s is not a folder", root)
		}
		existed, err = true, nil
	}
	if err != nil {
		return err
	}
	err = syncDir(parent)
	if existed && errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

func emptyTmp(tmp string) error {
	if err := os.Mkdir(tmp, dirPerm); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	left, err := os.ReadDir(tmp)
	if err != nil {
		return err
	}
	for _, entry := range left {
		if err := os.RemoveAll(filepath.Join(tmp, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Open returns a section of the file, which the kernel can send. It may yield more
// than n bytes.
func (d *Driver) Open(ctx context.Context, key string, off, _ int64) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if at, ok := d.packs.known(key, true); ok {
		return d.inPack(at, off)
	}
	f, asOf := d.files.take(key)
	if f == nil {
		file, err := openRegular(d.file(key))
		if errors.Is(err, fs.ErrNotExist) {
			if at, e := d.packs.find(key, true); e == nil {
				return d.inPack(at, off)
			} else if !errors.Is(e, fs.ErrNotExist) {
				return nil, e
			}
		}
		if err != nil {
			return nil, err
		}
		f = d.files.keep(key, file, asOf)
	}
	return &section{files: d.files, file: f, off: off, end: math.MaxInt64}, nil
}

// openRegular opens a file, and nothing else, for reading.
func openRegular(path string) (*os.File, error) {
	// Not os.OpenFile: it tries in six calls whether a file can be waited for.
	var fd int
	err := retry(func() (err error) {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, missing(&fs.PathError{Op: "open", Path: path, Err: err})
	}
	f := os.NewFile(uintptr(fd), path)
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = notABlob("open", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Stat describes the blob's file.
func (d *Driver) Stat(ctx context.Context, key string) (blob.Info, error) {
	if err := ctx.Err(); err != nil {
		return blob.Info{}, err
	}
	if at, ok := d.packs.known(key, false); ok {
		return at.info(key), d.stands(at)
	}
	path := d.file(key)
	file, err := os.Lstat(path)
	if err != nil {
		if err = missing(err); errors.Is(err, fs.ErrNotExist) {
			if at, e := d.packs.find(key, false); e == nil {
				return at.info(key), d.stands(at)
			} else if !errors.Is(e, fs.ErrNotExist) {
				err = e
			}
		}
		return blob.Info{}, err
	}
	if !file.Mode().IsRegular() {
		return blob.Info{}, notABlob("stat", path)
	}
	return describe(key, file), nil
}

func describe(key string, info fs.FileInfo) blob.Info {
	return blob.Info{Key: key, Size: info.Size(), Modified: info.ModTime()}
}

// Delete removes the file and the folders that it leaves empty. Nothing is
// synced.
func (d *Driver) Delete(ctx context.Context, key string) error {
	if d.readOnly {
		return ErrReadOnly
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	path, folders := d.place(key)
	// Not os.Remove: it would take an empty folder of that name too.
	err := retry(func() error { return unix.Unlink(path) })
	d.files.forget(key)
	switch {
	case err == nil:
		d.folders.prune(folders)
	case err == unix.ENOENT:
		if err := d.packs.delete(key); err != nil {
			return err
		}
		d.folders.prune(folders)
	case err == unix.ENOTDIR, err == unix.EISDIR:
	default:
		return &fs.PathError{Op: "unlink", Path: path, Err: err}
	}
	return nil
}

// Ready makes and removes a file, after looking at the room that is left.
func (d *Driver) Ready(ctx context.Context) error {
	if err := d.mayCreate(ctx, 1); err != nil {
		return err
	}
	u, err := d.createFile(1, 0)
	if err != nil {
		return err
	}
	u.Abort()
	return nil
}

// Close closes the packs that were written to, and the files that are open for who
// reads them next.
func (d *Driver) Close() error {
	d.packs.close()
	d.files.close()
	return nil
}

// missing turns "an element of the path is a file" and "the file is a symbolic
// link" into "there is no such blob".
func missing(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) && (p.Err == unix.ENOTDIR || p.Err == unix.ELOOP) {
		return notABlob(p.Op, p.Path)
	}
	return err
}

func notABlob(op, path string) error {
	return &fs.PathError{Op: op, Path: path, Err: fs.ErrNotExist}
}
