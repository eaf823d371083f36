package diskblob

import (
	"bytes"
	"os"
	"testing"
)

// TestOldPacks: packs that versions before left in a media's own folder are read, listed,
// deleted, and mended as these did; what is new goes beside them.
func TestOldPacks(t *testing.T) {
	for _, perm := range []os.FileMode{sealedPerm, filePerm} {
		root := t.TempDir()
		d := open(t, root, packing)
		want := map[string]string{"a": "first", "b": "", "1/c": string(bytes.Repeat([]byte("x"), 3*recordAlign))}
		first := oldPack(t, d, "renditions/7/a", 1, perm, want)
		oldPack(t, d, "renditions/7/a", 2, perm, map[string]string{"d": "fourth"})
		want["d"], want["e"] = "fourth", "fifth"
		put(t, d, "renditions/7/e", "fifth")
		for _, d := range []*Driver{d, open(t, root, Options{ReadOnly: true}), open(t, root, packing)} {
			for _, prefix := range []string{"", "renditions/", "renditions/7/"} {
				if got := keys(t, d, prefix); len(got) != len(want) {
					t.Errorf("list %q yields %v", prefix, got)
				}
			}
			if got := keys(t, d, "renditions/7/1/"); len(got) != 1 || !got["renditions/7/1/c"] {
				t.Errorf("listed are %v", got)
			}
			for name, data := range want {
				if got := read(t, d, "renditions/7/"+name); string(got) != data {
					t.Errorf("%s holds %d bytes", name, len(got))
				}
			}
		}
		wantMode(t, first, sealedPerm)
		for _, name := range []string{"a", "d", "e", "1/c"} {
			if err := d.Delete(t.Context(), "renditions/7/"+name); err != nil {
				t.Fatal(err)
			}
			delete(want, name)
			for _, d := range []*Driver{d, open(t, root, packing)} {
				wantAbsent(t, d, "renditions/7/"+name)
				if got := keys(t, d, "renditions/7/"); len(got) != len(want) {
					t.Errorf("listed are %v", got)
				}
			}
		}
		if err := d.Delete(t.Context(), "renditions/7/b"); err != nil {
			t.Fatal(err)
		}
		wantTree(t, root, "tmp/", "renditions/", "renditions/"+fanOut("7")+"/", packsName+"/", packsName+"/"+fanOut("0")+"/")
	}
}

// TestOldPackDamaged: there is no telling what lies behind a damaged header of a pack of
// the old kind, and all of it stays.
func TestOldPackDamaged(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	path := oldPack(t, d, "segments/1/a", 1, sealedPerm, map[string]string{"a": "a", "b": "b"})
	flip(t, path, 9)
	before := tree(t, root)
	for range 2 {
		d = open(t, root, packing)
		if got := keys(t, d, ""); len(got) != 0 {
			t.Errorf("listed are %v", got)
		}
		wantTree(t, root, before...)
	}
}
