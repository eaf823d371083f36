package catalogtest

import (
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func testShown(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("one list as several", func(t *testing.T) {
		c := open(t)
		var ids []media.ID
		for id := media.ID(1); id <= 4; id++ {
			ids = append(ids, id)
			finalize(t, c, finalized(id))
		}
		// 1 shows its second attempt, a failed first one lying below it; 2 is in its
		// first; 3 shows files and is gone; 4 has metadata only.
		claim(t, c, 1, at(20))
		claim(t, c, 1, at(21))
		publish(t, c, 1, 2, media.Outcome{Renditions: []media.Rendition{rendition(1, 2, "b.mp4"), rendition(1, 2, "a.mp4")}, Width: 3, Height: 2}, at(30))
		claim(t, c, 2, at(20))
		claim(t, c, 3, at(20))
		publish(t, c, 3, 1, media.Outcome{Renditions: []media.Rendition{rendition(3, 1, "c.mp4")}}, at(30))
		if _, err := c.DeleteMedia(t.Context(), 3, at(40)); err != nil {
			t.Fatal(err)
		}
		for _, id := range []media.ID{1, 4} {
			set := map[string]string{"alt_text": `{"text":"it's a ✓"}`, "shared_info": `{"shared":true}`}
			if _, err := c.MergeMetadata(t.Context(), id, set, nil, catalog.Actor{User: "1"}, at(50)); err != nil {
				t.Fatal(err)
			}
		}

		// Twice, unknown, and more than one statement takes.
		asked := append([]media.ID{404, 1}, ids...)
		for id := media.ID(1000); id < 1700; id++ {
			asked = append(asked, id)
		}
		for _, ids := range [][]media.ID{asked[:6], asked, {404}, nil} {
			list, err1 := c.MediaList(t.Context(), ids)
			renditions, err2 := c.Renditions(t.Context(), ids)
			groups, err3 := c.Metadata(t.Context(), ids)
			if err1 != nil || err2 != nil || err3 != nil {
				t.Fatal(err1, err2, err3)
			}
			want := map[media.ID]catalog.Shown{}
			for id, m := range list {
				m.Manifest = nil // left out by contract
				want[id] = catalog.Shown{Media: m, Renditions: renditions[id], Metadata: groups[id]}
			}
			got, err := c.ShownList(t.Context(), ids)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, want)
		}
	})
}
