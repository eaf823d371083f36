package catalogtest

import (
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func testSweep(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	sweepable := func(t *testing.T, c *catalog.Catalog, ids ...media.ID) map[media.ID]catalog.SweepState {
		t.Helper()
		got, err := c.Sweepable(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	segments := func(id media.ID) map[string]bool {
		named := map[string]bool{}
		for _, b := range finalized(id).Manifest {
			named[b.Key] = true
		}
		return named
	}

	t.Run("every state", func(t *testing.T) {
		c := open(t)
		create(t, c, 1)
		for id := media.ID(2); id <= 4; id++ {
			finalize(t, c, finalized(id))
		}
		claim(t, c, 3, at(20))
		claim(t, c, 4, at(20))
		claim(t, c, 4, at(21))
		publish(t, c, 4, 2, media.Outcome{Renditions: []media.Rendition{rendition(4, 2, "a.mp4"), rendition(4, 2, "b.jpg")}}, at(30))
		if _, err := c.DeleteMedia(t.Context(), 4, at(40)); err != nil {
			t.Fatal(err)
		}

		want := map[media.ID]catalog.SweepState{404: {}}
		want[1] = catalog.SweepState{Session: session(1), HasSession: true}
		for id := media.ID(2); id <= 4; id++ {
			s := session(id)
			s.State, s.EndedAt = media.SessionClosed, at(10)
			m, err := c.Media(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			want[id] = catalog.SweepState{Session: s, HasSession: true, Media: m, HasMedia: true, Kept: true, Named: segments(id)}
		}
		want[4].Named["renditions/4/2/a.mp4"] = true
		want[4].Named["renditions/4/2/b.jpg"] = true
		wantEqual(t, sweepable(t, c, 1, 2, 3, 4, 404, 4), want)
		wantEqual(t, sweepable(t, c), map[media.ID]catalog.SweepState{})
	})

	t.Run("many ids", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		finalize(t, c, finalized(1300))
		var ids []media.ID
		for id := media.ID(1); id <= 1300; id++ {
			ids = append(ids, id)
		}
		got := sweepable(t, c, ids...)
		wantEqual(t, len(got), 1300)
		wantEqual(t, got[1].Named, segments(1))
		wantEqual(t, got[1300].Named, segments(1300))
		wantEqual(t, got[700], catalog.SweepState{})
	})

	t.Run("one instant", func(t *testing.T) {
		// A session is closed exactly when its media is there: a state that
		// mixes two instants would show one without the other.
		c := open(t)
		const n = 40
		var ids []media.ID
		for id := media.ID(1); id <= n; id++ {
			create(t, c, id)
			ids = append(ids, id)
		}
		together(3, func(i int) {
			if i == 0 {
				for _, id := range ids {
					take(t, c, id, "a", at(9))
					if _, err := c.CloseSession(t.Context(), "a", finalized(id), at(10)); err != nil {
						t.Error(err)
					}
				}
				return
			}
			for range 10 {
				got, err := c.Sweepable(t.Context(), ids)
				if err != nil {
					t.Error(err)
					return
				}
				for id, st := range got {
					if closed := st.Session.State == media.SessionClosed; closed != st.HasMedia || closed != (len(st.Named) == 2) {
						t.Errorf("%d: session %s, media %v, %d named", id, st.Session.State, st.HasMedia, len(st.Named))
					}
				}
			}
		})
	})
}
