package processing

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/bus"
	"magpie/internal/media"
)

// lanes takes every job off the bus and gives the lane that it was in.
func lanes(t *testing.T, b *bus.Bus) map[media.ID]bus.Lane {
	t.Helper()
	got, left := map[media.ID]bus.Lane{}, jobs(t, b)
	var mu sync.Mutex
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if left == 0 {
		stop()
	}
	var wg sync.WaitGroup
	for _, lane := range bus.Lanes() {
		wg.Go(func() {
			err := b.Work(ctx, lane, 1, func(_ context.Context, j bus.Job) error {
				mu.Lock()
				defer mu.Unlock()
				got[j.ID] = j.Lane
				if len(got) == left {
					stop()
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return got
}

// What is short by the look of it goes before what is long, and sending again
// makes no second job.
func TestQueueLanes(t *testing.T) {
	r := newRig(t, openSource(t))
	q, b, _ := r.queue(Config{})
	want := map[media.ID]bus.Lane{}
	id := media.ID(100)
	for _, c := range []struct {
		category media.Category
		size     int64
		lane     bus.Lane
	}{
		{media.TweetVideo, 1, bus.Fast},
		{media.TweetVideo, 32 << 20, bus.Fast},
		{media.TweetVideo, 32<<20 + 1, bus.Slow},
		{media.AmplifyVideo, 16 << 30, bus.Slow},
		{media.DMVideo, 1 << 30, bus.Slow},
		{media.TweetGIF, 1 << 30, bus.Fast},
		{media.DMGIF, 1, bus.Fast},
		{media.TweetImage, 1 << 30, bus.Fast},
		{media.Subtitles, 1 << 30, bus.Fast},
	} {
		id++
		want[id] = c.lane
		m := media.Media{ID: id, Category: c.category, Manifest: media.Manifest{{Size: c.size - 1}, {Size: 1}}}
		for range 2 {
			if err := q.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := jobs(t, b); n != len(want) {
		t.Errorf("%d jobs for %d media", n, len(want))
	}
	if diff := cmp.Diff(want, lanes(t, b)); diff != "" {
		t.Errorf("the lanes (-want +got):\n%s", diff)
	}
}

// A film of few bytes is sent to the fast lane, found to take long there and
// passed on: the GIFs behind it are done while it is not, with one slot. Where its
// job is lost on the way, the next goes to the slow lane at once.
func TestQueuePassesOn(t *testing.T) {
	r := newRig(t, openSource(t))
	q, b, e := r.queue(Config{})
	film := r.pending(media.TweetVideo, "film")
	gifs := []media.Media{r.pending(media.TweetGIF, "one"), r.pending(media.TweetGIF, "two")}
	started, goOn := make(chan struct{}), make(chan struct{})
	r.engine.do = func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
		switch {
		case in.Media.ID != film.ID:
			<-started // until the film is at work
		case in.Quick:
			return media.Outcome{Duration: time.Hour}, ErrLong
		default:
			close(started)
			<-goOn
		}
		return render(ctx, in, out)
	}
	for _, m := range append([]media.Media{film}, gifs...) {
		if err := q.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- q.Work(ctx, 1) }()
	e.wait(t, "media succeeded", len(gifs))
	for _, m := range gifs {
		if got := r.media(m.ID); got.State != media.Succeeded {
			t.Errorf("a GIF behind the film: %+v", got)
		}
	}
	if got := r.media(film.ID); got.State != media.InProgress || got.Attempt != 2 || got.Duration != time.Hour {
		t.Errorf("the film: %+v", got)
	}
	close(goOn)
	e.wait(t, "media succeeded", 1)
	untilNone(t, b)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := r.media(film.ID); got.State != media.Succeeded || got.Attempt != 2 {
		t.Errorf("the film in the end: %+v", got)
	}

	lost := r.pending(media.TweetVideo, "lost")
	film = lost
	if err := q.worker.RunQuick(t.Context(), lost.ID, 1); !errors.Is(err, ErrLong) {
		t.Fatal(err)
	}
	if err := q.Resend(t.Context(), -time.Hour, time.Hour); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[media.ID]bus.Lane{lost.ID: bus.Slow}, lanes(t, b)); diff != "" {
		t.Errorf("queued again (-want +got):\n%s", diff)
	}
}
