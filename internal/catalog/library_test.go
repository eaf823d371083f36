package catalog

import (
	"slices"
	"testing"
	"time"

	"magpie/internal/media"
)

// A page looks at so many rows and no more, says where it stopped, and the pages
// after it find all there is, once.
func TestLibraryLooksAtSoMuch(t *testing.T) {
	c := openTest(t)
	ctx, now := t.Context(), time.UnixMilli(1500)
	var images []media.ID
	for id := media.ID(40); id >= 1; id-- {
		s := testSession(id)
		if err := c.CreateSession(ctx, s); err != nil {
			t.Fatal(err)
		}
		if _, took, err := c.BeginClosing(ctx, id, "a", now, now); err != nil || !took {
			t.Fatal(took, err)
		}
		m := media.Media{ID: id, Owner: s.Owner, Slug: id.String(), State: media.Pending, Category: media.TweetVideo}
		if id == 1 || id == 7 || id == 8 || id == 39 {
			m.Category = media.TweetImage
			images = append(images, id)
		}
		if ok, err := c.CloseSession(ctx, "a", m, now); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	l := LibraryQuery{Owner: testSession(1).Owner, State: media.Pending, Category: media.TweetImage, Limit: 2}
	var found []media.ID
	var stops []media.ID
	for {
		page, more, err := c.library(ctx, l, 10, 5)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			found = append(found, m.ID)
		}
		if more == 0 {
			break
		}
		if more >= l.Before && l.Before != 0 {
			t.Fatalf("after %d comes %d", l.Before, more)
		}
		stops = append(stops, more)
		l.Before = more
	}
	if !slices.Equal(found, images) {
		t.Errorf("found %v, want %v", found, images)
	}
	if len(stops) < 3 || len(stops) > 4 {
		t.Errorf("stopped at %v", stops)
	}
}
