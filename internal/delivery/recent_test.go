package delivery

import (
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
)

func TestRecent(t *testing.T) {
	now, writes := touched(), uint64(7)
	c := newRecent[int, string](func() time.Time { return now })
	c.writes = func() uint64 { return writes }
	is := func(want string) {
		t.Helper()
		if got, _, ok := c.get(1); got != want || ok != (want != "") {
			t.Errorf("%q %v, want %q", got, ok, want)
		}
	}
	is("")
	_, taken, _ := c.get(1)
	now = now.Add(recentFor - 1) // while it was read
	c.put(1, "a", taken)
	is("a")
	now = now.Add(1)
	is("")
	now = now.Add(-recentFor - 1)
	is("") // the clock was set back
	now = now.Add(2)
	is("a")
	writes++
	is("")
	c.put(1, "b", taken)
	is("") // it may have been written since it was read
	_, taken, _ = c.get(1)
	c.put(1, "c", taken)
	is("c")
	for key := range 3 * recentKept {
		c.put(key+2, "", taken)
	}
	if len(c.new) > recentKept || len(c.old) > recentKept {
		t.Errorf("%d and %d are kept", len(c.new), len(c.old))
	}
	is("")
}

// What this process changes of a file that was just shown acts at once.
func TestFindingsAreOfTheLastWrite(t *testing.T) {
	h := newHouse(t)
	const photo = "photophotophoto_/large.jpg"
	if w := h.get("GET", photo); w.Code != 200 {
		t.Fatal(w.Code, w.Header())
	}
	if _, err := h.catalog.DeleteMedia(t.Context(), 3, h.now); err != nil {
		t.Fatal(err)
	}
	if w := h.get("GET", photo); w.Header().Get("X-Code") != string(media.CodeNotFound) {
		t.Errorf("deleted: %d %v", w.Code, w.Header())
	}
}

// A URL that is longer than any that is given out is not remembered, nor is one
// that means nothing.
func TestFindingsAreShort(t *testing.T) {
	h := newHouse(t)
	r := NewRenditions(Config{Catalog: h.catalog, Now: touched})
	large := map[string][]string{"name": {"large"}}
	for i, name := range []string{"large." + strings.Repeat("x", askedMost), "large.jpg", "other.jpg"} {
		_, found, err := r.find(t.Context(), "photophotophoto_", name, large)
		if err != nil || found.Name != "large.jpg" || len(r.found.new) != i {
			t.Errorf("%.20s: %+v, %v; %d are remembered, want %d", name, found, err, len(r.found.new), i)
		}
	}
	if _, _, err := r.find(t.Context(), "photophotophoto_", "nothing", nil); err == nil || len(r.found.new) != 2 {
		t.Errorf("%v; %d are remembered", err, len(r.found.new))
	}
}
