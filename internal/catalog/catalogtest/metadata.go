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
		createUnshared(t, c, 1)
		finalize(t, c, unshared(2))
		merge := func(id media.ID, set groups, clear []string, want groups) {
			t.Helper()
			got, err := c.MergeMetadata(t.Context(), id, set, clear, server, at(20))
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
		_, err := c.MergeMetadata(t.Context(), 404, set, nil, server, at(20))
		wantNotFound(t, "unknown", err)

		createUnshared(t, c, 1)
		if _, err := c.ExpireSessions(t.Context(), at(1000), never, 10); err != nil {
			t.Fatal(err)
		}
		_, err = c.MergeMetadata(t.Context(), 1, set, nil, server, at(1001))
		wantNotFound(t, "expired", err)

		finalize(t, c, unshared(2))
		if _, err := c.DeleteMedia(t.Context(), 2, at(20)); err != nil {
			t.Fatal(err)
		}
		_, err = c.MergeMetadata(t.Context(), 2, set, nil, server, at(21))
		wantNotFound(t, "gone", err)
		wantMetadata(t, c, map[media.ID]groups{}, 1, 2, 404)
	})

	t.Run("calls at once lose nothing", func(t *testing.T) {
		c := open(t)
		finalize(t, c, unshared(1))
		want := groups{}
		for i := range 20 {
			want[fmt.Sprint("own", i)] = fmt.Sprint(i)
		}
		together(20, func(i int) {
			own := fmt.Sprint("own", i)
			got, err := c.MergeMetadata(t.Context(), 1, groups{own: fmt.Sprint(i), "shared": fmt.Sprint(i)}, nil, server, at(20))
			if err != nil || got[own] != fmt.Sprint(i) || got["shared"] != fmt.Sprint(i) {
				t.Errorf("call %d: %v, %v", i, got, err)
			}
		})
		if _, err := c.MergeMetadata(t.Context(), 1, nil, []string{"shared"}, server, at(21)); err != nil {
			t.Fatal(err)
		}
		wantMetadata(t, c, map[media.ID]groups{1: want}, 1)
	})
}

// testShared holds shared_info and what initialize says of sharing to be one.
func testShared(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	type groups = map[string]string
	const yes, no = `{"shared":true}`, `{"shared":false}`
	wantShared := func(t *testing.T, c *catalog.Catalog, id media.ID, shared bool, group string) {
		t.Helper()
		s, err := c.Session(t.Context(), id)
		if err != nil || s.Shared != shared {
			t.Errorf("session: %v, %v", s.Shared, err)
		}
		m, err := c.Media(t.Context(), id)
		if media.CodeOf(err) != media.CodeNotFound && (err != nil || m.Shared != shared || m.VisibleTo("stranger") != shared) {
			t.Errorf("media: %v, %v", m.Shared, err)
		}
		all, err := c.Metadata(t.Context(), []media.ID{id})
		if err != nil || all[id]["shared_info"] != group {
			t.Errorf("group %q, want %q, %v", all[id]["shared_info"], group, err)
		}
	}

	c := open(t)
	create(t, c, 1)
	wantShared(t, c, 1, true, yes)
	createUnshared(t, c, 2)
	wantShared(t, c, 2, false, "")
	set(t, c, 2, groups{"shared_info": yes}, nil, of("x"), 5)
	wantShared(t, c, 2, true, yes)

	finalize(t, c, finalized(3))
	wantShared(t, c, 3, true, yes)
	set(t, c, 3, groups{"shared_info": no}, nil, of("x"), 20)
	wantShared(t, c, 3, false, no)
	set(t, c, 3, groups{"shared_info": yes}, nil, of("x"), 21)
	set(t, c, 3, groups{"alt_text": `{"text":"a"}`}, nil, of("x"), 22)
	wantShared(t, c, 3, true, yes)
	set(t, c, 3, nil, []string{"shared_info"}, of("x"), 23)
	wantShared(t, c, 3, false, "")

	// A finalize that read the session before it was shared doesn't undo that.
	createUnshared(t, c, 4)
	take(t, c, 4, "finalize", at(9))
	set(t, c, 4, groups{"shared_info": yes}, nil, of("x"), 9)
	ok, err := c.CloseSession(t.Context(), "finalize", unshared(4), at(10))
	want(t, "CloseSession", ok, err, true)
	wantShared(t, c, 4, true, yes)
}
