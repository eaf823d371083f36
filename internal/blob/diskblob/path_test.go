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
