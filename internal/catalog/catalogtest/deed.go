package catalogtest

import (
	"errors"
	"slices"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func testDeed(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	c := open(t)
	ctx := t.Context()
	begin := func(id string, seconds int) catalog.Deed {
		t.Helper()
		d := catalog.Deed{ID: id, Operator: "ann\x00@host", Command: "token revoke", Subject: "17", BegunAt: at(seconds)}
		if err := c.BeginDeed(ctx, d); err != nil {
			t.Fatal(err)
		}
		d.Operator = "ann\uFFFD@host"
		return d
	}
	all := func(want ...catalog.Deed) {
		t.Helper()
		var got []catalog.Deed
		for last := (catalog.Deed{}); ; last = got[len(got)-1] {
			page, err := c.Deeds(ctx, last, 2)
			if err != nil || len(page) > 2 {
				t.Fatal(len(page), err)
			}
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		wantEqual(t, got, want)
	}
	untold := func(before int, want ...catalog.Deed) {
		t.Helper()
		got, err := c.UntoldDeeds(ctx, at(before), 10)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, slices.Clip(append([]catalog.Deed{}, want...)))
	}
	all()
	late, b, a := begin("late", 30), begin("b", 10), begin("a", 10)
	if err := c.BeginDeed(ctx, catalog.Deed{ID: "a", BegunAt: at(11)}); !errors.Is(err, catalog.ErrConflict) {
		t.Errorf("an id that is taken: %v", err)
	}
	all(a, b, late)
	untold(10)
	untold(20, a, b)

	// What is told as begun is told again once it has ended.
	if err := c.TellDeed(ctx, b); err != nil {
		t.Fatal(err)
	}
	untold(20, a)
	running := late
	late.EndedAt, late.Subject, late.Failed = at(31), "17 of 18", true
	b.EndedAt = at(40)
	for _, d := range []catalog.Deed{late, b} {
		if err := c.EndDeed(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.EndDeed(ctx, catalog.Deed{ID: "nobody's", EndedAt: at(40)}); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("the end of what was not begun: %v", err)
	}
	if err := c.TellDeed(ctx, running); err != nil { // it was read before it ended
		t.Fatal(err)
	}
	all(a, b, late)
	untold(0, b, late)
	untold(20, a, b, late)
	for _, d := range []catalog.Deed{a, b, late} {
		if err := c.TellDeed(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	untold(1000)
	all(a, b, late)
}
