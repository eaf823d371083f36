package catalogtest

import (
	"sync"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func hook(id int64, owner string, kinds ...catalog.EventKind) catalog.Webhook {
	return catalog.Webhook{
		ID: id, Owner: owner, URL: "https://app.example/hook", Secret: "v1.sealed", Kinds: kinds,
		Status: catalog.WebhookActive, StatusAt: at(1), CreatedAt: at(1),
	}
}

func createHook(t *testing.T, c *catalog.Catalog, w catalog.Webhook) {
	t.Helper()
	ok, err := c.CreateWebhook(t.Context(), w, 20)
	want(t, "CreateWebhook", ok, err, true)
}

func events(t *testing.T, c *catalog.Catalog) []catalog.Event {
	t.Helper()
	all, err := c.Events(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func noted(id int64, kind catalog.EventKind, m media.ID, now time.Time) catalog.Event {
	return catalog.Event{ID: id, Kind: kind, Media: m, Owner: finalized(m).Owner, Category: finalized(m).Category, At: now}
}

func testOutbox(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	broken := media.NewFailure(media.InvalidMedia, "broken\x00")
	t.Run("notes how a media ended, once", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 3; id++ {
			finalize(t, c, finalized(id))
			claim(t, c, id, at(20))
		}
		publish(t, c, 2, 1, media.Outcome{}, at(30))
		publish(t, c, 1, 1, media.Outcome{Failure: broken}, at(31))
		ok, err := c.Publish(t.Context(), 2, 1, media.Outcome{}, at(32))
		want(t, "Publish again", ok, err, false)
		failed := noted(2, catalog.MediaFailed, 1, at(31))
		failed.Failure = &media.Failure{Code: broken.Code, Name: broken.Name, Message: "broken\uFFFD"}
		wanted := []catalog.Event{noted(1, catalog.MediaSucceeded, 2, at(30)), failed}
		wantEqual(t, events(t, c), wanted)

		// Once more: only what failed before has news.
		for id := media.ID(1); id <= 2; id++ {
			if _, err := c.Redo(t.Context(), id, at(45)); err != nil {
				t.Fatal(err)
			}
			claim(t, c, id, at(40))
			publish(t, c, id, 2, media.Outcome{}, at(41))
		}
		wanted = append(wanted, noted(3, catalog.MediaSucceeded, 1, at(41)))
		wantEqual(t, events(t, c), wanted)
		last, err := c.LastEvent(t.Context())
		if err != nil || last != 3 {
			t.Fatal(last, err)
		}
		if none, err := c.Events(t.Context(), 3, 10); err != nil || len(none) > 0 {
			t.Fatal(none, err)
		}
		page, err := c.Events(t.Context(), 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, page, wanted[1:2])
	})

	t.Run("notes the end of retention", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 3; id++ {
			m := finalized(id)
			m.ExpiresAt = at(5000)
			finalize(t, c, m)
		}
		if _, err := c.DeleteMedia(t.Context(), 3, at(100)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ExpireMedia(t.Context(), at(5000), 10); err != nil {
			t.Fatal(err)
		}
		kinds := map[media.ID]catalog.EventKind{}
		for _, e := range events(t, c) {
			kinds[e.Media] = e.Kind
		}
		if kinds[1] != catalog.MediaExpired || kinds[2] != catalog.MediaExpired || kinds[3] == catalog.MediaExpired {
			t.Fatal(kinds)
		}
	})

	t.Run("is numbered without a gap by many at once", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 20; id++ {
			finalize(t, c, finalized(id))
			claim(t, c, id, at(20))
		}
		together(20, func(i int) { publish(t, c, media.ID(i+1), 1, media.Outcome{}, at(30)) })
		all := events(t, c)
		seen := map[media.ID]bool{}
		for i, e := range all {
			if e.ID != int64(i+1) || seen[e.Media] {
				t.Fatalf("event %d: %+v", i+1, e)
			}
			seen[e.Media] = true
		}
		wantEqual(t, len(all), 20)
	})

	t.Run("tells an owner from where they left off", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 4; id++ {
			m := finalized(id)
			if id == 2 {
				m.Owner = "7"
			}
			finalize(t, c, m)
			claim(t, c, id, at(20))
			publish(t, c, id, 1, media.Outcome{}, at(30*int(id)))
		}
		of := func(after int64, limit int) ([]catalog.Event, bool) {
			t.Helper()
			all, known, err := c.EventsOf(t.Context(), "2244994945", after, limit)
			if err != nil {
				t.Fatal(err)
			}
			return all, known
		}
		all, known := of(0, 10)
		want(t, "from the first", known && len(all) == 3 && all[1].Media == 3, nil, true)
		all, known = of(1, 1)
		want(t, "from the second", known && len(all) == 1 && all[0].Media == 3, nil, true)
		all, known = of(4, 10)
		want(t, "from the last", known && len(all) == 0, nil, true)
		_, known = of(5, 10)
		want(t, "from one to come", known, nil, false)

		n, err := c.PruneEvents(t.Context(), at(61), 10)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, n, 2)
		_, known = of(1, 10)
		want(t, "from one before what is gone", known, nil, false)
		all, known = of(2, 10)
		want(t, "from the newest that is gone", known && len(all) == 2, nil, true)
		if n, err := c.PruneEvents(t.Context(), at(61), 10); n != 0 || err != nil {
			t.Fatal(n, err)
		}
	})

	t.Run("knows what is on its way", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 4; id++ {
			finalize(t, c, finalized(id)) // touched at 10
		}
		claim(t, c, 2, at(20))
		if _, err := c.SetProgress(t.Context(), 2, 1, 40, at(21)); err != nil {
			t.Fatal(err)
		}
		claim(t, c, 3, at(20))
		publish(t, c, 3, 1, media.Outcome{}, at(22))
		if _, err := c.DeleteMedia(t.Context(), 4, at(23)); err != nil {
			t.Fatal(err)
		}
		waits := catalog.Moving{ID: 1, Owner: "2244994945", Category: media.TweetVideo, State: media.Pending, TouchedAt: at(10)}
		runs := waits
		runs.ID, runs.State, runs.Attempt, runs.Progress, runs.TouchedAt = 2, media.InProgress, 1, 40, at(21)
		for since, wanted := range map[int][]catalog.Moving{10: {waits, runs}, 11: {runs}, 22: nil} {
			got, err := c.Moving(t.Context(), at(since), 10)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, wanted)
		}
	})
}

// testFollow notes events from many sides at once while somebody reads on from
// the last event that they have seen: they see all of them, and in order.
func testFollow(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	c := open(t)
	const uploads, writers = 64, 8
	for id := media.ID(1); id <= uploads; id++ {
		finalize(t, c, finalized(id))
	}
	var seen []catalog.Event
	written := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for done := false; ; {
			select {
			case <-written:
				done = true
			default:
			}
			var after int64
			if len(seen) > 0 {
				after = seen[len(seen)-1].ID
			}
			events, err := c.Events(t.Context(), after, 100)
			if err != nil {
				t.Error(err)
				return
			}
			seen = append(seen, events...)
			if done && len(events) == 0 {
				return
			}
		}
	})
	together(writers, func(i int) {
		for id := media.ID(1 + i); id <= uploads; id += writers {
			if _, err := c.DeleteMedia(t.Context(), id, at(20)); err != nil {
				t.Error(err)
			}
		}
	})
	close(written)
	reader.Wait()
	of := map[media.ID]bool{}
	for i, e := range seen {
		if e.ID != int64(i+1) {
			t.Fatalf("event %d comes as number %d", e.ID, i+1)
		}
		of[e.Media] = true
	}
	if len(of) != uploads {
		t.Errorf("%d media have an event, want %d", len(of), uploads)
	}
}
