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
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
