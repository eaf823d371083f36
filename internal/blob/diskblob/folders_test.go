package diskblob

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// made makes the folders of a chain, durably.
func made(t *testing.T, f *folders, chain []string) {
	t.Helper()
	fresh, err := f.make(chain)
	if err == nil {
		err = f.sync(chain[len(chain)-1], fresh)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestPinnedFoldersStay(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	f := d.folders
	_, chain := d.place("renditions/1/1/a")
	f.pin(chain)
	f.pin(chain)
	made(t, f, chain)
	for range 2 {
		f.prune(chain)
		if !isDir(chain[3]) {
			t.Fatal("a pinned folder was removed")
		}
		f.unpin(chain)
	}
	f.prune(chain)
	if isDir(chain[2]) || !isDir(chain[1]) {
		t.Errorf("after the last unpin: media folder %v, fan-out %v, want only the latter", isDir(chain[2]), isDir(chain[1]))
	}
	if len(f.pins) != 0 {
		t.Errorf("pins are left: %v", f.pins)
	}
	// What was removed is not taken for durable when it comes again.
	if f.isKept(chain[3]) || f.isKept(chain[2]) || !f.isKept(chain[1]) {
		t.Errorf("kept: %v", f.kept)
	}
}

// TestPinHoldsFoldersAbove: a folder that is yet to be made holds those that
// it will be made in.
func TestPinHoldsFoldersAbove(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	f := d.folders
	_, going := d.place("renditions/1/1/a")
	_, coming := d.place("renditions/1/2/a")
	f.pin(going)
	made(t, f, going)
	f.unpin(going)
	f.pin(coming)
	f.prune(going)
	if isDir(going[3]) || !isDir(going[2]) {
		t.Error("want the attempt's folder gone and the media's there")
	}
	made(t, f, coming)
	if !isDir(coming[3]) {
		t.Error("the folder was not made")
	}
	f.unpin(coming)
}

func TestKeptIsBounded(t *testing.T) {
	f := newFolders(t.TempDir())
	for i := range maxKept + 10 {
		f.note(f.kept, fmt.Sprint(i))
	}
	if len(f.kept) != 10 {
		t.Errorf("%d folders are kept in memory, want 10", len(f.kept))
	}
}

func TestMakeSaysWhy(t *testing.T) {
	f := newFolders(filepath.Join(t.TempDir(), "missing"))
	if _, err := f.make([]string{filepath.Join(f.root, "a")}); err == nil {
		t.Error("a folder was made below nothing")
	}
}

// TestSettled: what a listing has read of a folder needs no sync where every
// commit into it, since this process began to write, has ended with one.
func TestSettled(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	synced := 0
	fails := false
	d.folders.syncs.sync = func(path string) error {
		if fails {
			return unix.EIO
		}
		synced++
		return syncDir(path)
	}
	put(t, d, "segments/1/a", "x")
	path, _ := d.place("segments/1")
	settled := func(want bool) {
		t.Helper()
		if d.folders.settled(path) != want {
			t.Errorf("settled: %v", !want)
		}
	}
	settled(true)
	_, chain := d.place("segments/1/b")
	d.folders.pin(chain) // a commit is between its rename and its sync
	settled(false)
	d.folders.unpin(chain)
	settled(true)

	again := open(t, d.root, Options{}) // the process before may have been killed between the two
	if again.folders.settled(path) {
		t.Error("a new process takes the folder for synced")
	}

	fails = true
	u, err := d.Create(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Commit(t.Context(), "segments/1/b"); !errors.Is(err, unix.EIO) {
		t.Errorf("commit: %v", err)
	}
	settled(false)
	fails = false
	put(t, d, "segments/1/c", "x")
	settled(true)
	for _, key := range []string{"segments/1/a", "segments/1/c"} {
		if err := d.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	settled(false) // it is gone, and who makes it again begins anew
}
