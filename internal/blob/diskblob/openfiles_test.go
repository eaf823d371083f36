package diskblob

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"testing"
)

// openNow gives the files below root that this process has open.
func openNow(t *testing.T, root string) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		path, _ := os.Readlink("/proc/self/fd/" + e.Name()) // some are gone by now
		if len(path) > len(root) && path[:len(root)] == root {
			out = append(out, path[len(root)+1:])
		}
	}
	slices.Sort(out)
	return out
}

// readFrom reads a blob from an offset to its end.
func readFrom(t *testing.T, d *Driver, key string, off int64) (string, error) {
	t.Helper()
	r, err := d.Open(t.Context(), key, off, 100)
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	return string(b), err
}

func TestFilesStayOpenUntilTheyAreDeleted(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{KeepOpen: 2})
	keys := []string{"segments/1/a", "segments/1/b", "segments/1/c"}
	for i, key := range keys {
		put(t, d, key, fmt.Sprintf("the bytes of %d", i))
	}
	for i, key := range keys {
		for range 2 {
			if got, err := readFrom(t, d, key, 4); err != nil || got != fmt.Sprintf("bytes of %d", i) {
				t.Errorf("%s: %q, %v", key, got, err)
			}
		}
	}
	if n := len(openNow(t, root)); n != 2 {
		t.Errorf("%d files are open, want 2", n)
	}
	// One that is read when it is deleted is read to its end.
	r, err := d.Open(t.Context(), keys[2], 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys[1:] {
		if err := d.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if _, err := readFrom(t, d, key, 0); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was deleted: %v", key, err)
		}
	}
	if b, err := io.ReadAll(r); err != nil || string(b) != "the bytes of 2" {
		t.Errorf("%q, %v", b, err)
	}
	if n := len(openNow(t, root)); n != 1 {
		t.Errorf("%d files are open while one is read", n)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a closed reader: %v", err)
	}
	if left := openNow(t, root); len(left) != 0 {
		t.Errorf("open: %v", left)
	}
	if _, err := readFrom(t, d, keys[0], 0); err != nil || len(openNow(t, root)) != 1 {
		t.Errorf("open: %v, %v", openNow(t, root), err)
	}
	if err := d.Close(); err != nil || len(openNow(t, root)) != 0 {
		t.Errorf("open after Close: %v, %v", openNow(t, root), err)
	}
}

// What is opened while something is deleted may be that: it does not stay.
func TestAFileOpenedDuringADeletionDoesNotStay(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{KeepOpen: 2})
	put(t, d, "segments/1/a", "x")
	_, asOf := d.files.take("segments/1/a")
	file, err := openRegular(d.file("segments/1/a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(t.Context(), "segments/1/a"); err != nil {
		t.Fatal(err)
	}
	f := d.files.keep("segments/1/a", file, asOf)
	if _, err := readFrom(t, d, "segments/1/a", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is read after its deletion: %v", err)
	}
	d.files.give(f)
	if left := openNow(t, root); len(left) != 0 {
		t.Errorf("open: %v", left)
	}
}

// Many read and one deletes: every reader gets all of the bytes or is told that
// there are none, and in the end nothing is open that was deleted.
func TestOpenFilesFromManyGoroutines(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{KeepOpen: 3})
	key := func(i int) string { return fmt.Sprintf("segments/1/%d", i) }
	const blobs = 8
	for i := range blobs {
		put(t, d, key(i), fmt.Sprintf("bytes of %d", i))
	}
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for i := range 40 * blobs {
				got, err := readFrom(t, d, key(i%blobs), 0)
				if gone := errors.Is(err, fs.ErrNotExist); !gone && (err != nil || got != fmt.Sprintf("bytes of %d", i%blobs)) {
					t.Errorf("%d: %q, %v", i%blobs, got, err)
				}
			}
		})
	}
	all.Go(func() {
		for i := range blobs - 1 {
			if err := d.Delete(t.Context(), key(i)); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	for _, path := range openNow(t, root) {
		if path != openNow(t, root)[0] || len(path) < 2 || path[len(path)-2:] != "/7" {
			t.Errorf("%s is still open", path)
		}
	}
}
