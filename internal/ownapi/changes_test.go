package ownapi

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// Who is far behind is let go, and the others hear everything.
func TestSlowWatcherIsLetGo(t *testing.T) {
	s := newServer(t)
	c := s.api.changes
	slow, err := c.watch(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.watch(t.Context(), stranger)
	if err != nil {
		t.Fatal(err)
	}
	for i := range followAhead + 10 {
		c.tell(owner, news{event: &catalog.Event{ID: int64(i + 1)}})
	}
	n := 0
	for range slow.news {
		n++
	}
	if n != followAhead {
		t.Errorf("%d were kept", n)
	}
	c.tell(stranger, news{event: &catalog.Event{ID: 1000}})
	if got := <-other.news; got.event.ID != 1000 || len(other.news) > 0 {
		t.Errorf("the other got %+v", got)
	}
	c.leave(slow)
	c.leave(other)
}

// The catalogue is followed while there is somebody, and by one for all.
func TestFollowingEndsWithTheLast(t *testing.T) {
	s := newServer(t)
	c := s.api.changes
	c.every = time.Millisecond
	before := goleak.IgnoreCurrent()
	var all []*watcher
	for i := range streamsPerUser {
		w, err := c.watch(t.Context(), owner)
		if err != nil {
			t.Fatal(i, err)
		}
		all = append(all, w)
	}
	if _, err := c.watch(t.Context(), owner); media.CodeOf(err) != media.CodeRateLimited {
		t.Errorf("one more: %v", err)
	}
	m := s.upload(subtitles)
	for _, w := range all {
		if got := <-w.news; got.moving == nil || got.moving.ID != m.ID || got.moving.State != media.Pending {
			t.Errorf("%+v", got)
		}
	}
	if _, _, err := s.catalog.Claim(t.Context(), m.ID, s.clock); err != nil {
		t.Fatal(err)
	}
	if _, err := s.catalog.Publish(t.Context(), m.ID, 1, media.Outcome{}, s.clock); err != nil {
		t.Fatal(err)
	}
	for i, w := range all {
		for {
			if got := <-w.news; got.event != nil {
				if got.event.Kind != catalog.MediaSucceeded || got.event.Media != m.ID {
					t.Errorf("%d: %+v", i, got.event)
				}
				break
			}
		}
		c.leave(w)
	}
	goleak.VerifyNone(t, before)
}

func TestFrames(t *testing.T) {
	e := catalog.Event{ID: 17, Kind: catalog.MediaFailed, Media: 5, Category: media.TweetGIF, At: s0(), Failure: media.NewFailure(media.InvalidMedia, "a\nb")}
	for want, got := range map[string][]byte{
		"id: 0\nevent: ready\ndata: {}\n\n": frame(0, "ready", struct{}{}),
		"id: 17\nevent: media.failed\ndata: {\"id\":\"5\",\"media_key\":\"16_5\",\"media_category\":\"tweet_gif\",\"state\":\"failed\",\"error\":{\"code\":1,\"name\":\"InvalidMedia\",\"message\":\"a\\nb\"},\"timestamp\":\"2026-11-22T06:00:00.000Z\"}\n\n": eventFrame(e),
		"event: media.progress\ndata: {\"id\":\"5\",\"media_key\":\"16_5\",\"media_category\":\"tweet_gif\",\"state\":\"in_progress\",\"progress_percent\":0}\n\n":                                                                                             newsFrame(news{moving: &catalog.Moving{ID: 5, Category: media.TweetGIF, State: media.InProgress}}),
		"": eventFrame(catalog.Event{ID: 18, Kind: catalog.WebhookTest}),
	} {
		if string(got) != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
}

func s0() time.Time { return time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC) }
