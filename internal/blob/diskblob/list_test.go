package diskblob

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestListSkipsStrangers: what no key leads to is not listed.
func TestListSkipsStrangers(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{})
	put(t, d, "segments/1/a", "")
	fan := filepath.Join("segments", fanOut("1"))
	for _, path := range []string{
		"lost+found/file",
		".hidden",
		"UPPER",
		"tmp/8",
		"segments/file",
		"segments/zz/1/a",
		"segments/" + fanOut("2") + "/1/a",
		fan + "/1/.a.swp",
		fan + "/1/A",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, prefix := range []string{"", "segments/", "segments/1/"} {
		var keys []string
		for info, err := range d.List(context.Background(), prefix) {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, info.Key)
		}
		if len(keys) != 1 || keys[0] != "segments/1/a" {
			t.Errorf("list %q yields %v", prefix, keys)
		}
	}
}

// TestListShowsErrors: a listing that is not complete never looks complete.
func TestListShowsErrors(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{})
	// A loop of links is an error for everybody, root included.
	if err := os.Symlink("loop", filepath.Join(root, "loop")); err != nil {
		t.Fatal(err)
	}
	d.root = filepath.Join(root, "loop")
	n := 0
	for info, err := range d.List(context.Background(), "") {
		if err == nil {
			t.Errorf("list yields %+v", info)
		}
		n++
	}
	if n != 1 {
		t.Errorf("list yields %d errors, want 1", n)
	}
}
