package diskblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"magpie/internal/blob"
)

// maxRenames is how often Commit makes the folders again when something outside
// this process keeps removing them.
const maxRenames = 3

var errEnded = errors.New("the upload was ended by Commit or Abort")

// Create begins a small blob in memory, as far as can be told, and others in a file.
func (d *Driver) Create(ctx context.Context, hint, head int64) (blob.Upload, error) {
	if err := d.mayCreate(ctx, hint); err != nil {
		return nil, err
	}
	// What is announced counts what goes around a blob in a request too.
	if head == 0 && d.small > 0 && hint <= int64(d.small)+recordAlign {
		return &small{driver: d, hint: hint}, nil
	}
	u, err := d.createFile(hint, head)
	if err != nil {
		return nil, err
	}
	return u, nil
}

// mayCreate refuses what cannot be stored now.
func (d *Driver) mayCreate(ctx context.Context, hint int64) error {
	if d.readOnly {
		return ErrReadOnly
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return d.room(hint)
}

// createFile opens a new file in tmp. A head is a hole until it is written.
func (d *Driver) createFile(hint, head int64) (*upload, error) {
	number := strconv.FormatUint(d.uploads.Add(1), 10)
	path := filepath.Join(d.root, tmpName, number)
	// O_EXCL: a file of that name means that a second process writes here.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, filePerm)
	if err != nil {
		return nil, orFull(err)
	}
	u := &upload{driver: d, path: path, file: f, written: head, started: head, hint: hint, reserved: head}
	if head > 0 {
		if _, err := f.Seek(head, io.SeekStart); err != nil {
			u.Abort()
			return nil, err
		}
	}
	return u, nil
}

// upload is a file in tmp.
type upload struct {
	driver    *Driver
	path      string
	file      *os.File
	written   int64 // where the next write goes
	started   int64 // up to where the kernel was asked to put it on disk
	hint      int64 // up to where it was announced to go
	reserved  int64 // up to where it has its place on disk already
	flushed   bool  // all of it is on stable storage
	unchecked int64 // bytes written since the last look at the room left
	err       error // the first failed write, or errEnded
}

// startEvery is how many bytes are left to the kernel's own pace: it would
// begin to write them back when it is asked to sync, and let the client wait for
// all of a large blob.
const startEvery = 1 << 20

func (u *upload) Write(p []byte) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	if u.unchecked >= checkEvery {
		u.unchecked = 0
		if u.err = u.driver.room(0); u.err != nil {
			return 0, u.err
		}
	}
	if u.err = u.reserve(u.written + int64(len(p))); u.err != nil {
		return 0, u.err
	}
	u.flushed = false
	n, err := u.file.Write(p)
	u.unchecked += int64(n)
	u.written += int64(n)
	if u.written-u.started >= startEvery {
		// A hint; what fails shows when the file is synced.
		_ = unix.SyncFileRange(int(u.file.Fd()), u.started, u.written-u.started, unix.SYNC_FILE_RANGE_WRITE)
		u.started = u.written
	}
	u.err = orFull(err)
	return n, u.err
}

// ReadAt reads what the kernel has.
func (u *upload) ReadAt(p []byte, off int64) (int, error) { return u.file.ReadAt(p, off) }

// WriteHead writes to the file's beginning; the sync of Commit covers it.
func (u *upload) WriteHead(p []byte) error {
	if u.err != nil {
		return u.err
	}
	u.flushed = false
	_, err := u.file.WriteAt(p, 0)
	u.err = orFull(err)
	return u.err
}

// Commit syncs the file, makes the folders that are missing, renames, and then
// syncs the blob's folder and those that hold what was made: at every instant the
// name leads to all of the bytes or to nothing. When ctx ends before the rename, nothing is stored; after it
// ctx is not asked any more.
func (u *upload) Commit(ctx context.Context, key string) error {
	err := u.err
	if err == nil {
		err = orFull(u.commit(ctx, key))
	}
	if err != nil {
		u.Abort()
		return err
	}
	u.err = errEnded
	return nil
}

func (u *upload) commit(ctx context.Context, key string) error {
	if first, _, _ := strings.Cut(key, "/"); first == tmpName {
		return fmt.Errorf("a key may not begin with %q: the folder is taken", tmpName)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := u.settle(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	path, chain := u.driver.place(key)
	folders := u.driver.folders
	folders.pin(chain)
	err := u.name(path, chain)
	folders.unpin(chain)
	if err != nil {
		folders.prune(chain)
	}
	return err
}

// settle puts the bytes on stable storage. A sync that failed is not tried
// again: the kernel may have dropped the pages that it could not write.
func (u *upload) settle() error {
	// The time of the commit, where the last write may be long past. It is only
	// what List shows, so a filesystem that will not have it is left alone.
	_ = unix.UtimesNanoAt(unix.AT_FDCWD, u.path, []unix.Timespec{
		{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW},
	}, 0)
	if err := u.flush(); err != nil {
		return err
	}
	return u.file.Close()
}

// Flush is the part of Commit that needs no name.
func (u *upload) Flush() error {
	if u.err == nil {
		u.err = orFull(u.flush())
	}
	return u.err
}

func (u *upload) flush() error {
	if u.flushed {
		return nil
	}
	if err := u.giveBack(); err != nil {
		return err
	}
	u.reserved = min(u.reserved, u.written)
	err := retry(func() error { return unix.Fdatasync(int(u.file.Fd())) })
	if err != nil {
		return &fs.PathError{Op: "fdatasync", Path: u.path, Err: err}
	}
	u.flushed = true
	return nil
}

// name gives the settled file its place, below folders that are pinned.
func (u *upload) name(path string, chain []string) error {
	var fresh []string
	var err error
	for range maxRenames {
		if fresh, err = u.driver.folders.make(chain); err == nil {
			err = os.Rename(u.path, path)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		u.driver.folders.forget(chain) // somebody else removed one
	}
	if err != nil {
		u.driver.folders.forget(chain)
		return err
	}
	if err := u.driver.folders.sync(filepath.Dir(path), fresh); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func (u *upload) Abort() {
	if u.err == errEnded {
		return
	}
	u.err = errEnded
	u.file.Close()
	os.Remove(u.path)
}
