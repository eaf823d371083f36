package diskblob

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
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
		f.keep(fmt.Sprint(i))
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
