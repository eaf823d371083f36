package catalogtest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// testMade is about media that are closed and published at once.
func testMade(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	const size = 5<<20 + 1 // of what finalized says
	running := func(id media.ID) media.Media {
		m := finalized(id)
		m.State, m.Attempt = media.InProgress, 1
		return m
	}
	outcome := func(id media.ID) media.Outcome {
		return media.Outcome{Width: 1280, Height: 720, Renditions: []media.Rendition{rendition(id, 1, "720.mp4")}}
	}
	closing := func(t *testing.T, c *catalog.Catalog, id media.ID) {
		t.Helper()
		create(t, c, id)
		take(t, c, id, "a", at(9))
	}

	t.Run("closed and published, both or neither", func(t *testing.T) {
		c := open(t)
		create(t, c, 1)
		_, ok, err := c.CloseMade(t.Context(), "a", running(1), outcome(1), at(10))
		want(t, "CloseMade of an open session", ok, err, false)
		take(t, c, 1, "a", at(9))
		_, ok, err = c.CloseMade(t.Context(), "b", running(1), outcome(1), at(10))
		want(t, "CloseMade by another token", ok, err, false)
		_, err = c.Media(t.Context(), 1)
		wantNotFound(t, "Media", err)

		got, ok, err := c.CloseMade(t.Context(), "a", running(1), outcome(1), at(11))
		want(t, "CloseMade", ok, err, true)
		m := running(1)
		m.State, m.Published, m.Progress, m.Width, m.Height, m.TouchedAt = media.Succeeded, 1, 100, 1280, 720, at(11)
		wantEqual(t, got, m)
		wantMedia(t, c, m)
		s := session(1)
		s.State, s.EndedAt = media.SessionClosed, at(11)
		wantSession(t, c, s)
		shown, err := c.Renditions(t.Context(), []media.ID{1})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, shown[1], outcome(1).Renditions)
		storage, err := c.Storage(t.Context(), m.Owner)
		if err != nil || storage.Originals != size || storage.Uploads != 0 || storage.Renditions != 1<<34 || storage.Media != 1 {
			t.Errorf("the storage is %+v, %v", storage, err)
		}
		events, err := c.Events(t.Context(), 0, 10)
		if err != nil || len(events) != 1 || events[0].Kind != catalog.MediaSucceeded || events[0].Media != 1 {
			t.Errorf("the events are %+v, %v", events, err)
		}

		_, ok, err = c.CloseMade(t.Context(), "a", running(1), outcome(1), at(12))
		want(t, "CloseMade again", ok, err, false)
		wantMedia(t, c, m)
		_, ok, err = c.Claim(t.Context(), 1, at(13))
		want(t, "Claim of what is made", ok, err, false)
	})

	t.Run("a failure", func(t *testing.T) {
		c := open(t)
		closing(t, c, 1)
		o := media.Outcome{Failure: media.NewFailure(media.InvalidMedia, "It is damaged.")}
		got, ok, err := c.CloseMade(t.Context(), "a", running(1), o, at(11))
		want(t, "CloseMade", ok, err, true)
		if got.State != media.Failed || got.Failure == nil || got.Failure.Message != "It is damaged." || got.Published != 0 {
			t.Errorf("%+v", got)
		}
		wantMedia(t, c, got)
	})

	t.Run("renditions of any number, in their order", func(t *testing.T) {
		c := open(t)
		for id, n := range []int{0, 1, 7, 8, 9, 25} {
			id := media.ID(id + 1)
			closing(t, c, id)
			o := media.Outcome{Placeholder: "p", Facts: media.Facts{Model: &media.ModelFacts{}}, More: n == 9}
			for i := range n {
				o.Renditions = append(o.Renditions, rendition(id, 1, fmt.Sprintf("%d.mp4", n-i)))
			}
			m, ok, err := c.CloseMade(t.Context(), "a", running(id), o, at(11))
			want(t, "CloseMade", ok, err, true)
			wantMedia(t, c, m)
			shown, err := c.Renditions(t.Context(), []media.ID{id})
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, shown[id], o.Renditions)
			again, took, err := c.Claim(t.Context(), id, at(13))
			if err != nil || took != o.More || took && (again.Attempt != 2 || again.State != media.Succeeded) {
				t.Errorf("claimed once more: %v, %+v, %v", took, again, err)
			}
			h, err := c.History(t.Context(), id)
			if err != nil || len(h.Entries) == 0 || !h.Entries[0].At.Equal(m.CreatedAt) || !h.Entries[0].EndedAt.Equal(at(11)) {
				t.Errorf("the history is %+v, %v", h.Entries, err)
			}
		}
		if miscounted, err := c.CheckStorage(t.Context()); err != nil || len(miscounted) > 0 {
			t.Errorf("the storage is counted wrong: %v, %v", miscounted, err)
		}
	})

	t.Run("what can't be published isn't closed", func(t *testing.T) {
		c := open(t)
		closing(t, c, 1)
		twice := outcome(1)
		twice.Renditions = append(twice.Renditions, twice.Renditions[0])
		if _, ok, err := c.CloseMade(t.Context(), "a", running(1), twice, at(11)); err == nil || ok {
			t.Errorf("two renditions of one name: %v, %v", ok, err)
		}
		pending := finalized(1)
		if _, ok, err := c.CloseMade(t.Context(), "a", pending, outcome(1), at(11)); err == nil || ok {
			t.Errorf("a media that is not in progress: %v, %v", ok, err)
		}
		_, err := c.Media(t.Context(), 1)
		wantNotFound(t, "Media", err)
		_, ok, err := c.CloseMade(t.Context(), "a", running(1), outcome(1), at(12))
		want(t, "CloseMade afterwards", ok, err, true)

		closing(t, c, 2)
		taken := running(2)
		taken.Slug = running(1).Slug
		_, _, err = c.CloseMade(t.Context(), "a", taken, outcome(2), at(12))
		wantConflict(t, "CloseMade with a slug that is taken", err)
		_, err = c.Media(t.Context(), 2)
		wantNotFound(t, "Media", err)
	})

	t.Run("against expiry, one wins", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 8; id++ {
			closing(t, c, id)
			var made, expired atomic.Int64
			together(4, func(i int) {
				if i < 2 {
					_, ok, err := c.CloseMade(t.Context(), "a", running(id), outcome(id), at(1000))
					if err != nil {
						t.Error(err)
					}
					if ok {
						made.Add(1)
					}
					return
				}
				ids, err := c.ExpireSessions(t.Context(), at(1000), at(1000), 10)
				if err != nil {
					t.Error(err)
				}
				expired.Add(int64(len(ids)))
			})
			if made.Load()+expired.Load() != 1 {
				t.Fatalf("made %d times and expired %d times", made.Load(), expired.Load())
			}
		}
	})
}
