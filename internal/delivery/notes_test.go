package delivery

import (
	"sync"
	"testing"
	"time"

	"magpie/internal/media"
)

// However many media are asked for, so many are remembered, and a change of any
// is seen a second later.
func TestNotes(t *testing.T) {
	c, now := openCatalog(t), touched()
	n := newNotes(c, func() time.Time { return now })
	for id := range media.ID(2*recentKept + 1) {
		if _, err := n.of(t.Context(), id+1); err != nil {
			t.Fatal(err)
		}
		if len(n.new) > recentKept || len(n.old) > recentKept {
			t.Fatalf("%d and %d are kept", len(n.new), len(n.old))
		}
	}
	if len(n.old) != recentKept {
		t.Errorf("only %d older ones are kept", len(n.old))
	}
	h := newHouse(t)
	n = newNotes(h.catalog, func() time.Time { return now })
	is := func(want bool) {
		t.Helper()
		said, err := n.of(t.Context(), 3)
		if err != nil || (said.AudiencePolicy != nil) != want || said.AltText != nil {
			t.Errorf("%+v, %v; want an audience: %v", said, err, want)
		}
	}
	is(false)
	describe(t, h.catalog, 3, `{"audience_policy":{"creator_subscriptions":["Any"],"x_subscriptions":[]},"alt_text":{"text":"a cat"}}`)
	is(false)
	now = now.Add(recentFor - 1)
	is(false)
	now = now.Add(1)
	is(true)
	now = now.Add(-time.Hour)
	describe(t, h.catalog, 3, `{"audience_policy":null}`)
	is(false)
}

// What can't be read is nobody's permission.
func TestNotesThatCannotBeRead(t *testing.T) {
	h := newHouse(t)
	_ = h.catalog.Close()
	w := h.get("GET", "photophotophoto_/large.jpg")
	if w.Code == 200 || w.Header().Get("X-Code") != "internal" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	n := newNotes(h.catalog, touched)
	if _, err := n.of(t.Context(), 3); err == nil {
		t.Error("a catalogue that is closed told something")
	}
}

func TestNotesFromManyGoroutines(t *testing.T) {
	h := newHouse(t)
	h.describe(3, `{"audience_policy":{"creator_subscriptions":["Any"],"x_subscriptions":[]}}`)
	n := newNotes(h.catalog, time.Now)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				id := media.ID(3 + 4*(i%2))
				if said, err := n.of(t.Context(), id); err != nil || (said.AudiencePolicy != nil) != (id == 3) {
					t.Errorf("%s: %+v %v", id, said, err)
				}
			}
		})
	}
	wg.Wait()
}
