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

func TestPinnedFoldersStay(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	f := d.folders
	_, chain := d.place("renditions/1/1/a")
	f.pin(chain)
	f.pin(chain)
	if err := f.make(chain); err != nil {
		t.Fatal(err)
	}
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
	if err := f.make(going); err != nil {
		t.Fatal(err)
	}
	f.unpin(going)
	f.pin(coming)
	f.prune(going)
	if isDir(going[3]) || !isDir(going[2]) {
		t.Error("want the attempt's folder gone and the media's there")
	}
	if err := f.make(coming); err != nil {
		t.Fatal(err)
	}
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
	if err := f.make([]string{filepath.Join(f.root, "a")}); err == nil {
		t.Error("a folder was made below nothing")
	}
}
