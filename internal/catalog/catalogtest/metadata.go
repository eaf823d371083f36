package catalogtest

import (
	"fmt"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func wantMetadata(t testingT, c *catalog.Catalog, want map[media.ID]map[string]string, ids ...media.ID) {
	t.Helper()
	got, err := c.Metadata(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, want)
}

func testMetadata(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	type groups = map[string]string

	t.Run("groups merge one by one", func(t *testing.T) {
		c := open(t)
		create(t, c, 1)
		finalize(t, c, finalized(2))
		merge := func(id media.ID, set groups, clear []string, want groups) {
			t.Helper()
			got, err := c.MergeMetadata(t.Context(), id, set, clear, at(20))
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, want)
		}
		merge(1, nil, nil, nil)
		merge(1, groups{"alt_text": `{"text":"a 'quoted' \"bird\" 🐦"}`}, nil, groups{"alt_text": `{"text":"a 'quoted' \"bird\" 🐦"}`})
		merge(2, groups{"a": "1", "b": "2"}, nil, groups{"a": "1", "b": "2"})
		merge(2, groups{"b": "3", "c": "4"}, nil, groups{"a": "1", "b": "3", "c": "4"})
		merge(2, groups{"c": "5"}, []string{"a", "c", "unknown"}, groups{"b": "3", "c": "5"})
		wantMetadata(t, c, map[media.ID]groups{1: {"alt_text": `{"text":"a 'quoted' \"bird\" 🐦"}`}, 2: {"b": "3", "c": "5"}}, 1, 2, 404, 2)
		merge(2, nil, []string{"b", "c"}, nil)
		wantMetadata(t, c, map[media.ID]groups{}, 2)
		wantMetadata(t, c, map[media.ID]groups{})
	})

	t.Run("nothing to describe", func(t *testing.T) {
		c := open(t)
		set := groups{"a": "1"}
		_, err := c.MergeMetadata(t.Context(), 404, set, nil, at(20))
		wantNotFound(t, "unknown", err)

		create(t, c, 1)
		if _, err := c.ExpireSessions(t.Context(), at(1000), never, 10); err != nil {
			t.Fatal(err)
		}
		_, err = c.MergeMetadata(t.Context(), 1, set, nil, at(1001))
		wantNotFound(t, "expired", err)

		finalize(t, c, finalized(2))
		if _, err := c.DeleteMedia(t.Context(), 2, at(20)); err != nil {
			t.Fatal(err)
		}
		_, err = c.MergeMetadata(t.Context(), 2, set, nil, at(21))
		wantNotFound(t, "gone", err)
		wantMetadata(t, c, map[media.ID]groups{}, 1, 2, 404)
	})

	t.Run("calls at once lose nothing", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		want := groups{}
		for i := range 20 {
			want[fmt.Sprint("own", i)] = fmt.Sprint(i)
		}
		together(20, func(i int) {
			own := fmt.Sprint("own", i)
			got, err := c.MergeMetadata(t.Context(), 1, groups{own: fmt.Sprint(i), "shared": fmt.Sprint(i)}, nil, at(20))
			if err != nil || got[own] != fmt.Sprint(i) || got["shared"] != fmt.Sprint(i) {
				t.Errorf("call %d: %v, %v", i, got, err)
			}
		})
		if _, err := c.MergeMetadata(t.Context(), 1, nil, []string{"shared"}, at(21)); err != nil {
			t.Fatal(err)
		}
		wantMetadata(t, c, map[media.ID]groups{1: want}, 1)
	})
}
