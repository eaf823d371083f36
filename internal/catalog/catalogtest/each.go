package catalogtest

import (
	"errors"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func testEach(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("every row once, in order, over pages", func(t *testing.T) {
		c := open(t)
		const n = 105 // more than a page
		for i := range n {
			id := media.ID((i*97)%n + 1)
			finalize(t, c, finalized(id))
		}
		claim(t, c, 50, at(20))
		publish(t, c, 50, 1, media.Outcome{Renditions: []media.Rendition{rendition(50, 1, "b.mp4"), rendition(50, 1, "a.mp4")}}, at(30))
		if _, err := c.DeleteMedia(t.Context(), 50, at(40)); err != nil {
			t.Fatal(err)
		}
		create(t, c, 1000)

		next := media.ID(1)
		err := c.EachMedia(t.Context(), func(m media.Media, r []media.Rendition) error {
			wantEqual(t, m.ID, next)
			if next == 50 {
				wantEqual(t, m.GoneAt, at(40))
				wantEqual(t, r, []media.Rendition{rendition(50, 1, "b.mp4"), rendition(50, 1, "a.mp4")})
			} else {
				wantEqual(t, m, finalized(next))
				wantEqual(t, r, nil)
			}
			next++
			if m.ID%25 != 0 {
				return nil
			}
			// The callback may read and write.
			_, err := c.MergeMetadata(t.Context(), m.ID, map[string]string{"seen": "1"}, nil, server, at(60))
			if m.ID == 50 {
				wantNotFound(t, "MergeMetadata of a gone media", err)
				return nil
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, next, n+1)

		var sessions []media.ID
		err = c.EachSession(t.Context(), func(s media.Session) error {
			sessions = append(sessions, s.ID)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, len(sessions), n+1)
		for i, id := range sessions[:n] {
			wantEqual(t, id, media.ID(i+1))
		}
		wantEqual(t, sessions[n], 1000)
	})

	t.Run("nothing", func(t *testing.T) {
		c := open(t)
		if err := c.EachMedia(t.Context(), func(media.Media, []media.Rendition) error { return errors.New("called") }); err != nil {
			t.Fatal(err)
		}
		if err := c.EachSession(t.Context(), func(media.Session) error { return errors.New("called") }); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("stops at an error and gives it back", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		finalize(t, c, finalized(2))
		stop := errors.New("stop")
		calls := 0
		err := c.EachMedia(t.Context(), func(media.Media, []media.Rendition) error { calls++; return stop })
		if err != stop || calls != 1 {
			t.Fatalf("EachMedia: %v after %d calls", err, calls)
		}
		calls = 0
		err = c.EachSession(t.Context(), func(media.Session) error { calls++; return stop })
		if err != stop || calls != 1 {
			t.Fatalf("EachSession: %v after %d calls", err, calls)
		}
	})
}
