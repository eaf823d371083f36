package catalogtest

import (
	"fmt"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func wantShown(t testingT, c *catalog.Catalog, want map[media.ID][]media.Rendition, ids ...media.ID) {
	t.Helper()
	got, err := c.Renditions(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, want)
}

func testRendition(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("in the order they were published", func(t *testing.T) {
		c := open(t)
		want := map[media.ID][]media.Rendition{}
		var ids []media.ID
		for id := media.ID(1); id <= 3; id++ {
			ids = append(ids, id)
			finalize(t, c, finalized(id))
			claim(t, c, id, at(20))
			if id == 2 {
				continue // shows nothing yet
			}
			var o media.Outcome
			for i := range 15 {
				o.Renditions = append(o.Renditions, rendition(id, 1, fmt.Sprintf("%d.mp4", (i*7)%15)))
			}
			o.Renditions[3] = media.Rendition{
				Role: media.RoleText, Name: "text.vtt", ContentType: "text/vtt",
				Blob: media.Blob{Key: fmt.Sprintf("renditions/%d/1/text.vtt", id)},
			}
			publish(t, c, id, 1, o, at(30))
			want[id] = o.Renditions
		}
		wantShown(t, c, want, ids...)
		wantShown(t, c, map[media.ID][]media.Rendition{3: want[3]}, 3, 3, 404)
		wantShown(t, c, map[media.ID][]media.Rendition{})

		// The same id on two of the pages that a long list is read in.
		long := []media.ID{1}
		for id := media.ID(1000); id < 2000; id++ {
			long = append(long, id)
		}
		wantShown(t, c, map[media.ID][]media.Rendition{1: want[1]}, append(long, 1)...)
	})

	t.Run("by slug and name", func(t *testing.T) {
		c := open(t)
		m := finalized(1)
		finalize(t, c, m)
		finalize(t, c, finalized(2))
		_, _, err := c.RenditionBySlug(t.Context(), m.Slug, "720.mp4")
		wantNotFound(t, "RenditionBySlug before publication", err)

		claim(t, c, 1, at(20))
		claim(t, c, 1, at(21))
		o := media.Outcome{Renditions: []media.Rendition{rendition(1, 2, "720.mp4"), rendition(1, 2, "360.mp4")}}
		publish(t, c, 1, 2, o, at(30))

		m.State, m.Attempt, m.Published, m.Progress, m.TouchedAt = media.Succeeded, 2, 2, 100, at(30)
		m.Manifest = nil // left out by contract
		got, r, err := c.RenditionBySlug(t.Context(), m.Slug, "360.mp4")
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, m)
		wantEqual(t, r, o.Renditions[1])

		for _, bad := range [][2]string{{m.Slug, "1080.mp4"}, {m.Slug, ""}, {finalized(2).Slug, "720.mp4"}, {"404", "720.mp4"}, {"", ""}} {
			_, _, err := c.RenditionBySlug(t.Context(), bad[0], bad[1])
			wantNotFound(t, fmt.Sprintf("RenditionBySlug(%q)", bad), err)
		}

		if _, err := c.DeleteMedia(t.Context(), 1, at(40)); err != nil {
			t.Fatal(err)
		}
		got, _, err = c.RenditionBySlug(t.Context(), m.Slug, "360.mp4")
		if err != nil {
			t.Fatal(err)
		}
		m.GoneAt = at(40)
		wantEqual(t, got, m)
	})
}
