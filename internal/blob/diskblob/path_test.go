package diskblob

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/blob"
)

func TestPlace(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	for _, c := range []struct {
		key, file string
		folders   []string
	}{
		{"only", "only", nil},
		{"segments/1146654567674912769", "segments/22/1146654567674912769", []string{"segments", "segments/22"}},
		{"segments/1146654567674912769/a", "segments/22/1146654567674912769/a", []string{"segments", "segments/22", "segments/22/1146654567674912769"}},
		{"renditions/1/2/a", "renditions/e3/1/2/a", []string{"renditions", "renditions/e3", "renditions/e3/1", "renditions/e3/1/2"}},
	} {
		file, folders := d.place(c.key)
		want := []string{filepath.Join(d.root, c.file)}
		for _, folder := range c.folders {
			want = append(want, filepath.Join(d.root, folder))
		}
		if diff := cmp.Diff(want, append([]string{file}, folders...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.key, diff)
		}
	}
}

// TestPlaceStaysInside: whatever a checked key is, its file is below the root
// and no two keys share one.
func TestPlaceStaysInside(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	key := rapid.StringMatching(`[a-z0-9][a-z0-9._-]{0,4}(/[a-z0-9][a-z0-9._-]{0,4}){0,3}`).
		Filter(func(s string) bool { return blob.CheckKey(s) == nil })
	rapid.Check(t, func(t *rapid.T) {
		a, b := key.Draw(t, "a"), key.Draw(t, "b")
		file, folders := d.place(a)
		rel, err := filepath.Rel(d.root, file)
		if err != nil || !filepath.IsLocal(rel) || filepath.Base(file) != a[strings.LastIndex(a, "/")+1:] {
			t.Fatalf("%s is at %s", a, file)
		}
		if len(folders) > 0 && folders[len(folders)-1] != filepath.Dir(file) {
			t.Fatalf("the folders of %s are %v", a, folders)
		}
		if other, _ := d.place(b); (other == file) != (a == b) {
			t.Fatalf("%s and %s are both at %s", a, b, file)
		}
	})
}

// TestShelves: which keys share packs, and where these lie.
func TestShelves(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	second := uint64(1) << stretchBits
	for _, c := range []struct {
		key    string
		want   uint64
		shared bool
	}{
		{"segments/1/a", 0, true},
		{"segments/1073741823/", 0, true},
		{"renditions/1073741824/1/a", 1, true},
		{"segments/9223372036854775807/a", 1<<33 - 1, true},
		{"segments/9223372036854775808/a", 0, false},
		{"segments/1a/a", 0, false},
		{"segments/0x1/a", 0, false},
		{"segments/1_000/a", 0, false},
		{"segments/a", 0, false},
		{"a/1", 0, false},
		{"1", 0, false},
	} {
		s, ok := shared(c.key)
		if ok != c.shared || ok && s != (shelf{stretch: c.want}) {
			t.Errorf("%s shares %+v, %v", c.key, s, ok)
		}
		if ok != (s.holds(c.key) && s.prefix == "" && c.shared) {
			t.Errorf("%+v holds %s: %v", s, c.key, s.holds(c.key))
		}
	}
	for _, n := range []uint64{0, 1, second, 1<<31 - 1} {
		chain := d.shelfFolders(shelf{stretch: n})
		fan, name := filepath.Split(chain[2])
		if got, ok := readShelf(filepath.Base(fan), name); !ok || got.stretch != n || chain[0] != d.root+"/_packs" {
			t.Errorf("%d lies in %v, which is %+v, %v", n, chain, got, ok)
		}
	}
	for _, c := range [][2]string{{"zz", "1"}, {fanOut("01"), "01"}, {fanOut("a"), "a"}, {fanOut("-1"), "-1"}} {
		if s, ok := readShelf(c[0], c[1]); ok {
			t.Errorf("%v is the folder of %+v", c, s)
		}
	}
}
