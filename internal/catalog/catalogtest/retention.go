package catalogtest

import (
	"slices"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func testRetention(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("media expire once, at their time", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 6; id++ {
			m := finalized(id)
			switch id {
			case 5: // never
			case 6:
				m.ExpiresAt = at(5001)
			default:
				m.ExpiresAt = at(5000)
			}
			finalize(t, c, m)
		}
		if _, err := c.DeleteMedia(t.Context(), 4, at(100)); err != nil {
			t.Fatal(err)
		}
		expire := func(now, limit int) []media.ID {
			t.Helper()
			ids, err := c.ExpireMedia(t.Context(), at(now), limit)
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		wantEqual(t, expire(4999, 10), []media.ID{})
		wantEqual(t, expire(5000, -1), []media.ID{})
		first := expire(5000, 2)
		wantEqual(t, len(first), 2)
		all := append(first, expire(5000, 10)...)
		slices.Sort(all)
		wantEqual(t, all, []media.ID{1, 2, 3})
		wantEqual(t, expire(5000, 10), []media.ID{})

		m := finalized(1)
		m.ExpiresAt, m.GoneAt = at(5000), at(5000)
		wantMedia(t, c, m)
		m = finalized(4)
		m.ExpiresAt, m.GoneAt = at(5000), at(100)
		wantMedia(t, c, m)
		wantMedia(t, c, finalized(5))
	})

	t.Run("prune removes what has ended and all that hangs from it", func(t *testing.T) {
		c := open(t)
		prune := func(before, limit int) []media.ID {
			t.Helper()
			ids, err := c.Prune(t.Context(), at(before), limit)
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		for id := media.ID(1); id <= 3; id++ { // 1, 2 go; 3 stays
			finalize(t, c, finalized(id))
			claim(t, c, id, at(20))
			publish(t, c, id, 1, media.Outcome{Renditions: []media.Rendition{rendition(id, 1, "a.mp4")}}, at(30))
			if _, err := c.MergeMetadata(t.Context(), id, map[string]string{"alt_text": "{}"}, nil, server, at(31)); err != nil {
				t.Fatal(err)
			}
			if id != 3 {
				if _, err := c.DeleteMedia(t.Context(), id, at(99+int(id))); err != nil { // one first
					t.Fatal(err)
				}
			}
		}
		for id := media.ID(4); id <= 5; id++ { // expired
			create(t, c, id)
			if _, err := c.MergeMetadata(t.Context(), id, map[string]string{"alt_text": "{}"}, nil, server, at(31)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.ExpireSessions(t.Context(), at(1000), never, 10); err != nil {
			t.Fatal(err)
		}
		create(t, c, 6) // open
		create(t, c, 7) // closing
		take(t, c, 7, "a", at(5))

		wantEqual(t, prune(100, 10), []media.ID{})
		wantEqual(t, prune(2000, 0), []media.ID{})
		wantEqual(t, prune(2000, -3), []media.ID{})
		wantEqual(t, prune(101, 1), []media.ID{1})
		wantEqual(t, prune(1000, 10), []media.ID{2})
		both := append(prune(1001, 1), prune(100_000, 10)...) // which first is open
		slices.Sort(both)
		wantEqual(t, both, []media.ID{4, 5})
		wantEqual(t, prune(100_000, 10), []media.ID{})

		for _, id := range []media.ID{1, 2, 4, 5} {
			_, err := c.Session(t.Context(), id)
			wantNotFound(t, "Session", err)
			_, err = c.Media(t.Context(), id)
			wantNotFound(t, "Media", err)
		}
		wantMetadata(t, c, map[media.ID]map[string]string{3: {"alt_text": "{}", "shared_info": `{"shared":true}`}}, 1, 2, 3, 4, 5)
		for _, id := range []media.ID{1, 2, 4, 5} {
			wantTrail(t, c, id)
		}
		wantTrail(t, c, 3, catalog.Change{Serial: 1, At: at(31), Group: "alt_text", After: "{}"})
		wantShown(t, c, map[media.ID][]media.Rendition{3: {rendition(3, 1, "a.mp4")}}, 1, 2, 3)
		s, err := c.Session(t.Context(), 3)
		if err != nil || s.State != media.SessionClosed {
			t.Fatalf("session of a live media: %+v, %v", s, err)
		}
		wantSession(t, c, session(6))

		// A pruned id is free, and nothing of the old upload comes with it.
		finalize(t, c, unshared(1))
		claim(t, c, 1, at(20))
		publish(t, c, 1, 1, media.Outcome{}, at(30))
		wantMetadata(t, c, map[media.ID]map[string]string{}, 1)
		wantShown(t, c, map[media.ID][]media.Rendition{}, 1)
	})
}
