package processing

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/blob/blobtest"
	"magpie/internal/bus"
	"magpie/internal/media"
)

// ear is a log handler that tells when something was logged.
type ear struct {
	slog.Handler
	heard chan string
}

func (e ear) Enabled(context.Context, slog.Level) bool { return true }
func (e ear) WithAttrs([]slog.Attr) slog.Handler       { return e }

func (e ear) Handle(_ context.Context, r slog.Record) error {
	select {
	case e.heard <- r.Message:
	default:
	}
	return nil
}

// wait waits until a message was logged n times.
func (e ear) wait(t *testing.T, message string, n int) {
	t.Helper()
	for n > 0 {
		if <-e.heard == message {
			n--
		}
	}
}

// queue opens a bus and a Queue on it.
func (r *rig) queue(cfg Config) (*Queue, *bus.Bus, ear) {
	r.t.Helper()
	b, err := bus.Open(r.t.Context(), bus.Config{Dir: filepath.Join(r.t.TempDir(), "bus"), Backoff: []time.Duration{time.Millisecond}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(b.Close)
	e := ear{slog.DiscardHandler, make(chan string, 1000)}
	r.log = slog.New(e)
	return NewQueue(b, r.rows, r.worker(cfg), r.now, r.log), b, e
}

// work runs the queue until stop is called, which gives what Work returned.
func work(t *testing.T, q *Queue) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- q.Work(ctx, 2) }()
	return sync.OnceValue(func() error { cancel(); return <-ended })
}

// jobs is how many there are on the bus.
func jobs(t *testing.T, b *bus.Bus) int {
	t.Helper()
	n, err := b.Len(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// untilNone waits until every job is done. Each look is a question to the bus
// and back.
func untilNone(t *testing.T, b *bus.Bus) {
	t.Helper()
	for jobs(t, b) > 0 {
		runtime.Gosched()
	}
}

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

// Work does what was sent, and takes the job of a media that is done or gone
// off the bus without calling the engine.
func TestQueueWork(t *testing.T) {
	r := newRig(t, openSource(t))
	q, b, e := r.queue(Config{})
	done, gone := r.pending(media.TweetVideo, "done"), r.pending(media.TweetVideo, "gone")
	if err := q.worker.Run(t.Context(), done.ID, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := r.rows.DeleteMedia(t.Context(), gone.ID, r.now()); err != nil {
		t.Fatal(err)
	}
	e.wait(t, "media succeeded", 1)
	before := r.media(done.ID)
	fresh := []media.Media{r.pending(media.TweetVideo, "one"), r.pending(media.TweetGIF, "two"), r.pending(media.TweetVideo, "three")}
	for _, m := range append([]media.Media{done, gone}, fresh...) {
		if err := q.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	stop := work(t, q)
	e.wait(t, "media succeeded", len(fresh))
	untilNone(t, b)
	if err := stop(); err != nil {
		t.Errorf("Work = %v", err)
	}
	for _, m := range fresh {
		if got := r.media(m.ID); got.State != media.Succeeded || r.published(m.ID)["720.mp4"] == "" {
			t.Errorf("%+v", got)
		}
	}
	if n := r.engine.calls.Load(); n != 4 {
		t.Errorf("the engine was called %d times", n)
	}
	if diff := cmp.Diff(before, r.media(done.ID)); diff != "" {
		t.Errorf("what was done has changed:\n%s", diff)
	}
}

// A job whose run ends in an error is delivered again, until it succeeds or its
// tries are used up.
func TestQueueTriesAgain(t *testing.T) {
	r := newRig(t, openSource(t))
	q, b, e := r.queue(Config{MaxTries: 4})
	unlucky, hopeless := r.pending(media.TweetVideo, "unlucky"), r.pending(media.TweetGIF, "hopeless")
	var runs atomic.Int64
	r.engine.do = func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
		if in.Media.ID == hopeless.ID || runs.Add(1) < 3 {
			return media.Outcome{}, errDisk
		}
		return render(ctx, in, out)
	}
	for _, m := range []media.Media{unlucky, hopeless} {
		if err := q.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	stop := work(t, q)
	defer stop()
	untilNone(t, b)
	if err := stop(); err != nil {
		t.Errorf("Work = %v", err)
	}
	if got := r.media(unlucky.ID); got.State != media.Succeeded || got.Published != 3 {
		t.Errorf("the third time: %+v", got)
	}
	if got := r.media(hopeless.ID); got.State != media.Failed || got.Attempt != 4 || got.Failure.Name != media.InternalError {
		t.Errorf("given up after four: %+v", got)
	}
	e.wait(t, "processing given up", 1)
}

// While the store is away a job is kept until it is there, and none of the tries at
// it count: the first error afterwards is the first.
func TestQueueHolds(t *testing.T) {
	r := newRig(t, openSource(t))
	q, b, _ := r.queue(Config{MaxTries: 2})
	m := r.pending(media.TweetVideo, "whole")
	r.engine.do = func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
		if in.Media.Attempt == 1 {
			return media.Outcome{}, errDisk
		}
		return render(ctx, in, out)
	}
	var asked atomic.Int64
	r.store.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error {
		if c.Op == blobtest.OpReady && asked.Add(1) <= 2 {
			return blobtest.Full()
		}
		return nil
	}})
	if err := q.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	stop := work(t, q)
	defer stop()
	untilNone(t, b)
	if got := r.media(m.ID); got.State != media.Succeeded || got.Published != 2 {
		t.Errorf("in the end: %+v", got)
	}
	// For the job, twice while it was kept, and before each attempt.
	if got := asked.Load(); got != 5 {
		t.Errorf("the store was asked %d times whether it is there, want 5", got)
	}
}

// What was running at a shutdown goes back, and is done by the next to work.
func TestQueueShutdown(t *testing.T) {
	r := newRig(t, openSource(t))
	q, b, e := r.queue(Config{MaxTries: 1})
	m := r.pending(media.TweetVideo, "whole")
	if err := q.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	running := make(chan struct{})
	r.engine.do = func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
		close(running)
		return untilEnd(ctx, in, out)
	}
	stop := work(t, q)
	<-running
	if err := stop(); err != nil {
		t.Errorf("Work = %v", err)
	}
	if got := r.media(m.ID); got.State != media.Pending || jobs(t, b) != 1 {
		t.Errorf("after the shutdown: %+v, %d jobs", got, jobs(t, b))
	}
	r.engine.do = render
	next := NewQueue(b, r.rows, r.worker(Config{}), r.now, r.log)
	stop = work(t, next)
	e.wait(t, "media succeeded", 1)
	if err := stop(); err != nil {
		t.Errorf("Work = %v", err)
	}
	if got := r.media(m.ID); got.Published != 2 || jobs(t, b) != 0 {
		t.Errorf("in the end: %+v, %d jobs", got, jobs(t, b))
	}
}

// Resend finds what lost its job: the pending that nobody takes, and those whose
// worker is silent; nothing else, and no second job for any.
func TestQueueResend(t *testing.T) {
	r := newRig(t, openSource(t))
	q, b, _ := r.queue(Config{})
	at := &watch{t: r.now()}
	r.now, q.now = at.now, at.now
	claim := func(m media.Media) media.Media {
		if _, _, err := r.rows.Claim(t.Context(), m.ID, r.now()); err != nil {
			t.Fatal(err)
		}
		return m
	}
	lost, silent := r.pending(media.TweetVideo, "lost"), claim(r.pending(media.TweetGIF, "silent"))
	done, gone := r.pending(media.TweetVideo, "done"), r.pending(media.TweetVideo, "gone")
	if err := q.worker.Run(t.Context(), done.ID, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := r.rows.DeleteMedia(t.Context(), gone.ID, r.now()); err != nil {
		t.Fatal(err)
	}
	at.add(5 * time.Minute)
	running := claim(r.pending(media.TweetVideo, "running")) // longer than a message takes, shorter than a worker is silent
	at.add(time.Minute)
	fresh := r.pending(media.TweetVideo, "fresh")
	at.add(20 * time.Second)

	for range 2 {
		if err := q.Resend(t.Context(), 30*time.Second, 5*time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if got := slices.Sorted(maps.Keys(lanes(t, b))); !slices.Equal(got, []media.ID{lost.ID, silent.ID}) {
		t.Errorf("queued %v, want %s and %s (running is %s, fresh %s)", got, lost.ID, silent.ID, running.ID, fresh.ID)
	}
}

// A queue whose bus or catalogue is away says so.
func TestQueueAway(t *testing.T) {
	r := newRig(t, openSource(t))
	q, b, _ := r.queue(Config{})
	m := r.pending(media.TweetVideo, "whole")
	b.Close()
	if err := q.Send(t.Context(), m); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Send = %v", err)
	}
	if err := q.Work(t.Context(), 1); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Work = %v", err)
	}
	if err := q.Resend(t.Context(), -time.Hour, time.Hour); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Resend without a bus = %v", err)
	}
	if err := r.rows.Close(); err != nil {
		t.Fatal(err)
	}
	if err := q.Resend(t.Context(), time.Minute, time.Hour); err == nil || errors.Is(err, bus.ErrClosed) {
		t.Errorf("Resend without a catalogue = %v", err)
	}
}
