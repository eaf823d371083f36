package diskblob

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestFilesAreOursAlone(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{})
	put(t, d, "segments/1/a", "x")
	file, folders := d.place("segments/1/a")
	for path, want := range map[string]os.FileMode{file: 0o600, folders[0]: 0o700, folders[2]: 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

func TestTmpIsNoKey(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{})
	for _, key := range []string{"tmp", "tmp/a", "tmp/a/b"} {
		u, err := d.Create(context.Background(), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := u.Commit(context.Background(), key); err == nil {
			t.Errorf("%s is taken for a key", key)
		}
	}
	wantTree(t, root, "tmp/")
	put(t, d, "tmpfile", "x")
}

// TestFailedCommitLeavesNothing: a key that cannot be placed.
func TestFailedCommitLeavesNothing(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{})
	put(t, d, "segments/1/a", "kept")
	put(t, d, "renditions/1/1/a", "kept")
	before := tree(t, root)
	for _, key := range []string{"segments/1/a/b", "segments/1/a/b/c", "renditions/1/1", "renditions/1"} {
		u, err := d.Create(context.Background(), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := u.Commit(context.Background(), key); err == nil {
			t.Errorf("%s is stored beside what is in its way", key)
		}
	}
	wantTree(t, root, before...)
}

// TestModifiedIsTheCommit: not the last write.
func TestModifiedIsTheCommit(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	u, err := d.Create(context.Background(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Abort()
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(d.root, "tmp", "1"), long, long); err != nil {
		t.Fatal(err)
	}
	if err := u.Commit(context.Background(), "a"); err != nil {
		t.Fatal(err)
	}
	info, err := d.Stat(context.Background(), "a")
	if err != nil || !info.Modified.After(long.Add(time.Minute)) {
		t.Errorf("modified %v, %v", info.Modified, err)
	}
}

// TestFoldersRemovedFromOutside: somebody tidies up empty folders by hand.
func TestFoldersRemovedFromOutside(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{})
	for range 3 {
		put(t, d, "segments/1/a", "x")
		if err := os.RemoveAll(filepath.Join(root, "segments")); err != nil {
			t.Fatal(err)
		}
	}
	put(t, d, "segments/1/a", "x")
	wantTree(t, root, "tmp/", "segments/", "segments/"+fanOut("1")+"/", "segments/"+fanOut("1")+"/1/", "segments/"+fanOut("1")+"/1/a")
}
