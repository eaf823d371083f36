package catalogtest

import (
	"fmt"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// ofOwner reads what was counted of an owner.
func ofOwner(t testingT, c *catalog.Catalog, owner string, step time.Duration) []catalog.PlaybackStep {
	t.Helper()
	got, err := c.OwnerPlayback(t.Context(), owner, hour(-1000), hour(1000), step)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func testPlaybackOwner(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	// owned finalizes a media of an owner.
	owned := func(t *testing.T, c *catalog.Catalog, id media.ID, owner string) {
		t.Helper()
		s, m := session(id), finalized(id)
		s.Owner, m.Owner = owner, owner
		if err := c.CreateSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		take(t, c, id, "finalize", at(9))
		ok, err := c.CloseSession(t.Context(), "finalize", m, at(10))
		want(t, "CloseSession", ok, err, true)
	}
	view := func(n int64) media.PlaybackCounts { return sums(int64(media.VideoView), n) }

	t.Run("sums the media of each owner, hour by hour", func(t *testing.T) {
		c := open(t)
		owned(t, c, 1, "1")
		owned(t, c, 2, "1")
		owned(t, c, 3, "2")
		count(t, c, "s",
			play(1, "a", event(media.VideoView, hour(0)), event(media.PlaybackStart, hour(0)), watched(time.Second, hour(1))),
			play(2, "b", event(media.VideoView, hour(0))), play(2, "c", event(media.VideoView, hour(30))),
			play(3, "d", event(media.VideoView, hour(0))), play(404, "e", event(media.VideoView, hour(0))))
		count(t, c, "s", play(1, "f", event(media.VideoView, hour(0))), play(2, "b", event(media.VideoView, hour(0))))
		wantEqual(t, ofOwner(t, c, "1", time.Hour), []catalog.PlaybackStep{
			{Start: hour(0), Counts: sums(int64(media.VideoView), 3, int64(media.PlaybackStart), 1)},
			{Start: hour(1), Counts: sums(int64(media.WatchTime), 1000)},
			{Start: hour(30), Counts: view(1)},
		})
		day := hour(0).Truncate(24 * time.Hour)
		wantEqual(t, ofOwner(t, c, "1", 24*time.Hour), []catalog.PlaybackStep{
			{Start: day, Counts: sums(int64(media.VideoView), 3, int64(media.PlaybackStart), 1, int64(media.WatchTime), 1000)},
			{Start: day.AddDate(0, 0, 1), Counts: view(1)},
		})
		wantEqual(t, ofOwner(t, c, "2", 0), []catalog.PlaybackStep{{Start: hour(-1000), Counts: view(1)}})
		wantEqual(t, len(ofOwner(t, c, "3", 0)), 0)
		got, err := c.OwnerPlayback(t.Context(), "1", hour(1), hour(30), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, []catalog.PlaybackStep{{Start: hour(1), Counts: sums(int64(media.WatchTime), 1000)}})
	})

	t.Run("stays when the media goes, until its hours do", func(t *testing.T) {
		c := open(t)
		owned(t, c, 1, "1")
		count(t, c, "s", play(1, "a", event(media.VideoView, hour(0))), play(1, "b", event(media.VideoView, hour(5))))
		if _, err := c.DeleteMedia(t.Context(), 1, at(50)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Prune(t.Context(), at(60), 10); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, ofOwner(t, c, "1", 0), []catalog.PlaybackStep{{Start: hour(-1000), Counts: view(2)}})
		if _, err := c.PrunePlayback(t.Context(), time.Time{}, hour(5), 10); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, ofOwner(t, c, "1", time.Hour), []catalog.PlaybackStep{{Start: hour(5), Counts: view(1)}})
	})

	t.Run("the most viewed come first", func(t *testing.T) {
		c := open(t)
		for id := range media.ID(6) {
			owned(t, c, id+1, "1")
		}
		owned(t, c, 7, "2")
		n := 0
		played := func(id media.ID, metric media.PlaybackMetric, when, times int) {
			t.Helper()
			for range times {
				n++
				count(t, c, "s", play(id, fmt.Sprint(n), event(metric, hour(when))))
			}
		}
		played(1, media.VideoView, 0, 2)
		played(2, media.VideoView, 0, 2)
		played(2, media.PlaybackStart, 1, 1)
		played(3, media.VideoView, 0, 1)
		played(3, media.VideoView, 2, 2)
		played(4, media.VideoView, 50, 9) // after the period
		played(5, media.VideoView, 0, 2)
		played(6, media.VideoView, 0, 9) // is deleted
		played(7, media.VideoView, 0, 9) // another's
		if _, err := c.DeleteMedia(t.Context(), 6, at(50)); err != nil {
			t.Fatal(err)
		}
		from := hour(0)
		top := func(limit int) []catalog.PlayedMedia {
			t.Helper()
			got, err := c.TopPlayback(t.Context(), "1", from, hour(50), limit)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		all := []catalog.PlayedMedia{
			{ID: 3, Counts: view(3)},
			{ID: 2, Counts: sums(int64(media.VideoView), 2, int64(media.PlaybackStart), 1)},
			{ID: 5, Counts: view(2)},
			{ID: 1, Counts: view(2)},
		}
		for _, from = range []time.Time{hour(0), hour(-800)} { // and a long period
			wantEqual(t, top(10), all)
			wantEqual(t, top(2), all[:2])
			wantEqual(t, len(top(0)), 0)
		}
	})
}
