package diskblob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
)

func TestDriver(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Driver { return open(t, t.TempDir(), Options{}) })
}

// TestDriverPacks is the suite with packs; some of its blobs are too long for them.
func TestDriverPacks(t *testing.T) {
	for _, small := range []int{1000, SmallMost} {
		t.Run(strconv.Itoa(small), func(t *testing.T) {
			blobtest.Run(t, func(t *testing.T) blob.Driver { return open(t, t.TempDir(), Options{Small: small}) })
		})
	}
}

func open(t *testing.T, root string, opts Options) *Driver {
	t.Helper()
	d, err := Open(root, opts)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func put(t *testing.T, d *Driver, key, data string) {
	t.Helper()
	u, err := d.Create(context.Background(), int64(len(data)), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Abort()
	if _, err := u.Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
	if err := u.Commit(context.Background(), key); err != nil {
		t.Fatal(err)
	}
}

// tree lists everything below root, folders with a slash.
func tree(t *testing.T, root string) []string {
	t.Helper()
	all := []string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name, err := filepath.Rel(root, path)
		if entry.IsDir() {
			name += "/"
		}
		all = append(all, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func wantTree(t *testing.T, root string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, tree(t, root)); diff != "" {
		t.Errorf("on disk (-want +got):\n%s", diff)
	}
}

func TestOpenMakesRoot(t *testing.T) {
	root := filepath.Join(t.TempDir(), "not", "yet", "there")
	for range 2 {
		d := open(t, root, Options{})
		if err := d.Ready(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	wantTree(t, root, "tmp/")
	info, err := os.Stat(root)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the root's mode is %v, %v", info.Mode(), err)
	}
}

func TestOpenEmptiesTmp(t *testing.T) {
	root := t.TempDir()
	put(t, open(t, root, Options{}), "segments/1/a", "kept")
	before := tree(t, root)
	if err := os.MkdirAll(filepath.Join(root, "tmp", "folder", "in it"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "tmp", "7"), []byte("left"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, root, Options{ReadOnly: true})
	if n := len(tree(t, root)); n != len(before)+3 {
		t.Errorf("a read-only Open left %d entries of %d", n, len(before)+3)
	}
	open(t, root, Options{})
	wantTree(t, root, before...)
}

func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, opts := range []Options{{}, {ReadOnly: true}} {
		if _, err := Open(file, opts); err == nil {
			t.Errorf("%+v: a file is taken for a root", opts)
		}
		if _, err := Open(filepath.Join(file, "below"), opts); err == nil {
			t.Errorf("%+v: a root below a file is taken", opts)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "missing"), Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing root, read-only: %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	root := t.TempDir()
	ctx := context.Background()
	owner := open(t, root, Options{})
	put(t, owner, "segments/1/a", "data")
	u, err := owner.Create(ctx, 0, 0) // under way in the owner
	if err != nil {
		t.Fatal(err)
	}
	defer u.Abort()
	before := tree(t, root)

	d := open(t, root, Options{ReadOnly: true})
	_, create := d.Create(ctx, 0, 0)
	for op, err := range map[string]error{
		"create": create, "delete": d.Delete(ctx, "segments/1/a"), "ready": d.Ready(ctx),
	} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: %v, want ErrReadOnly", op, err)
		}
	}
	wantTree(t, root, before...)

	r, err := d.Open(ctx, "segments/1/a", 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if data, err := io.ReadAll(r); err != nil || string(data) != "ata" {
		t.Errorf("read %q, %v", data, err)
	}
	for info, err := range d.List(ctx, "segments/1/") {
		if err != nil || info.Key != "segments/1/a" {
			t.Errorf("list yields %+v, %v", info, err)
		}
	}
}

func TestLinksAreNoBlobs(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{})
	if err := os.Symlink("/etc/passwd", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if r, err := d.Open(context.Background(), "link", 0, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open follows a symbolic link: %v, %v", r, err)
	}
	if _, err := d.Stat(context.Background(), "link"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("stat follows a symbolic link: %v", err)
	}
	for info := range d.List(context.Background(), "") {
		t.Errorf("list yields %+v", info)
	}
}

func TestDeletePrunes(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{})
	ctx := context.Background()
	put(t, d, "renditions/1/1/a", "")
	put(t, d, "renditions/1/1/b", "")
	put(t, d, "renditions/1/2/a", "")
	fan := "renditions/" + fanOut("1") + "/"
	for _, step := range []struct {
		key  string
		left []string
	}{
		{"renditions/1/1/a", []string{fan + "1/", fan + "1/1/", fan + "1/1/b", fan + "1/2/", fan + "1/2/a"}},
		{"renditions/1/1/b", []string{fan + "1/", fan + "1/2/", fan + "1/2/a"}},
		{"renditions/1/2/a", nil},
	} {
		if err := d.Delete(ctx, step.key); err != nil {
			t.Fatal(err)
		}
		wantTree(t, root, append(step.left, "tmp/", "renditions/", fan)...)
	}

	// What a crash between the two steps left goes with the next Delete.
	if err := os.MkdirAll(filepath.Join(root, fan, "1", "1"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(ctx, "renditions/1/1/a"); err != nil {
		t.Fatal(err)
	}
	wantTree(t, root, "tmp/", "renditions/", fan)
}
