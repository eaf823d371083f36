package catalogtest

import (
	"fmt"
	"slices"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// trail reads a whole audit trail, the newest first.
func trail(t testingT, c *catalog.Catalog, id media.ID) []catalog.Change {
	t.Helper()
	got, err := c.Audit(t.Context(), id, 0, catalog.MaxAudit+1)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func wantTrail(t testingT, c *catalog.Catalog, id media.ID, want ...catalog.Change) {
	t.Helper()
	if want == nil {
		want = []catalog.Change{}
	}
	wantEqual(t, trail(t, c, id), want)
}

// set merges metadata, which must be taken.
func set(t testingT, c *catalog.Catalog, id media.ID, groups map[string]string, clear []string, by catalog.Actor, seconds int) {
	t.Helper()
	if _, err := c.MergeMetadata(t.Context(), id, groups, clear, by, at(seconds)); err != nil {
		t.Fatal(err)
	}
}

// of is the actor by whom user 2244994945 changes something through a client.
func of(client string) catalog.Actor {
	return catalog.Actor{User: "2244994945", Client: client, Token: "token of " + client}
}

func testAudit(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	type groups = map[string]string

	t.Run("every group that becomes another", func(t *testing.T) {
		c := open(t)
		createUnshared(t, c, 1)
		finalize(t, c, unshared(2))
		wantTrail(t, c, 1)
		wantTrail(t, c, 404)
		set(t, c, 1, groups{"b": "1", "a": "2"}, nil, of("x"), 20)
		set(t, c, 1, groups{"b": "1", "a": "3"}, []string{"unknown"}, of(""), 21) // b is what it was
		set(t, c, 1, groups{"b": "1"}, nil, of("y"), 22)
		set(t, c, 1, nil, []string{"b", "a", "b"}, of("\x00"), 23)
		set(t, c, 1, groups{"b": "1"}, []string{"b"}, of("y"), 24)
		want := []catalog.Change{
			{Serial: 6, At: at(24), By: of("y"), Group: "b", After: "1"},
			{Serial: 5, At: at(23), By: catalog.Actor{User: "2244994945", Client: "\uFFFD", Token: "token of \uFFFD"}, Group: "b", Before: "1"},
			{Serial: 4, At: at(23), By: catalog.Actor{User: "2244994945", Client: "\uFFFD", Token: "token of \uFFFD"}, Group: "a", Before: "3"},
			{Serial: 3, At: at(21), By: of(""), Group: "a", Before: "2", After: "3"},
			{Serial: 2, At: at(20), By: of("x"), Group: "b", After: "1"},
			{Serial: 1, At: at(20), By: of("x"), Group: "a", After: "2"},
		}
		wantTrail(t, c, 1, want...)
		wantTrail(t, c, 2)
		for _, page := range []struct {
			below  int64
			limit  int
			expect []catalog.Change
		}{{0, 2, want[:2]}, {5, 2, want[2:4]}, {3, 2, want[4:]}, {1, 2, []catalog.Change{}}, {0, 0, []catalog.Change{}}, {0, -1, []catalog.Change{}}} {
			got, err := c.Audit(t.Context(), 1, page.below, page.limit)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, page.expect)
		}
	})

	t.Run("what is refused leaves no entry", func(t *testing.T) {
		c := open(t)
		createUnshared(t, c, 1)
		if _, err := c.MergeMetadata(t.Context(), 1, groups{"alt_text": "{}", "shared_info": "broken"}, nil, of("x"), at(20)); err == nil {
			t.Fatal("a group that can't be read was stored")
		}
		wantTrail(t, c, 1)
		wantMetadata(t, c, map[media.ID]groups{}, 1)
	})

	t.Run("calls at once leave a chain without gaps", func(t *testing.T) {
		c := open(t)
		finalize(t, c, unshared(1))
		const callers, calls = 8, 12
		together(callers, func(i int) {
			for n := range calls {
				named := groups{"mine": fmt.Sprint(i, n), "ours": fmt.Sprint(i, n)}
				var clear []string
				if (i+n)%3 == 0 {
					delete(named, "ours")
					clear = []string{"ours"}
				}
				if _, err := c.MergeMetadata(t.Context(), 1, named, clear, of(fmt.Sprint(i)), at(20+n)); err != nil {
					t.Error(err)
				}
			}
		})
		got := trail(t, c, 1)
		slices.Reverse(got)
		now := groups{}
		mine := 0
		for i, change := range got {
			if change.Serial != int64(i+1) || change.Before != now[change.Group] || change.After == change.Before {
				t.Fatalf("entry %d after %v: %+v", i, now, change)
			}
			now[change.Group] = change.After
			if change.Group == "mine" {
				mine++
			}
		}
		if mine != callers*calls {
			t.Errorf("%d entries of the group that every call changes, want %d", mine, callers*calls)
		}
		if now["ours"] == "" {
			delete(now, "ours")
		}
		wantMetadata(t, c, map[media.ID]groups{1: now}, 1)
	})

	t.Run("the oldest go where there are too many", func(t *testing.T) {
		c := open(t)
		createUnshared(t, c, 1)
		const step = 1000
		for n := 0; n < catalog.MaxAudit+2*step; n += step {
			many := groups{}
			for i := range step {
				many[fmt.Sprintf("g%04d", i)] = fmt.Sprint(n)
			}
			set(t, c, 1, many, nil, of("x"), 20)
		}
		got := trail(t, c, 1)
		if len(got) != catalog.MaxAudit || got[0].Serial != catalog.MaxAudit+2*step || got[len(got)-1].Serial != 2*step+1 {
			t.Errorf("%d entries, from %d to %d", len(got), got[len(got)-1].Serial, got[0].Serial)
		}
	})

	t.Run("erasing a user takes the user's entries", func(t *testing.T) {
		c := open(t)
		createUnshared(t, c, 1)
		set(t, c, 1, groups{"a": "1"}, nil, catalog.Actor{User: "7"}, 20)
		set(t, c, 1, groups{"a": "2"}, nil, catalog.Actor{User: "8"}, 21)
		got, err := c.EraseUser(t.Context(), "7", at(50))
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, catalog.Erased{Changes: 1})
		wantTrail(t, c, 1, catalog.Change{Serial: 2, At: at(21), By: catalog.Actor{User: "8"}, Group: "a", Before: "1", After: "2"})
		set(t, c, 1, groups{"a": "3"}, nil, catalog.Actor{User: "8"}, 22)
		if got := trail(t, c, 1); got[0].Serial != 3 {
			t.Errorf("the next entry is %+v", got[0])
		}
	})
}
