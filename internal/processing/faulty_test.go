package processing

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"magpie/internal/media"
)

// asked records a fault of a media that was just finalized, and gives it.
func (r *rig) asked(m media.Media, f media.Fault) media.Media {
	r.t.Helper()
	if err := r.rows.SetFault(r.t.Context(), m.ID, f); err != nil {
		r.t.Fatal(err)
	}
	return m
}

// shown notes progress, and saves nothing.
type shown struct {
	Output
	percent []int
}

func (s *shown) Progress(percent int) { s.percent = append(s.percent, percent) }

func TestFaulty(t *testing.T) {
	failure := media.NewFailure(media.UnsupportedMedia, "file is currently unsupported")
	for _, c := range []struct {
		what    string
		kind    media.Kind
		fault   media.Fault
		left    time.Duration // of the time that was asked for
		wantErr error
		engine  int64 // calls
		most    int   // progress
	}{
		{"nothing asked", media.KindVideo, media.Fault{}, 0, nil, 1, 0},
		{"a failure", media.KindVideo, media.Fault{Failure: failure}, 0, failure, 0, 0},
		{"a failure of an image", media.KindImage, media.Fault{Failure: failure}, 0, failure, 0, 0},
		{"a time, then on", media.KindVideo, media.Fault{Processing: 10 * time.Second}, 10 * time.Second, nil, 1, 49},
		{"a time, then a failure", media.KindGIF, media.Fault{Failure: failure, Processing: time.Minute}, time.Minute, failure, 0, 98},
		{"a time that has run in part", media.KindVideo, media.Fault{Failure: failure, Processing: time.Minute}, 20 * time.Second, failure, 0, 98},
		{"a time that has run out", media.KindVideo, media.Fault{Failure: failure, Processing: time.Minute}, -time.Second, failure, 0, 0},
		{"a kind that has no engine", media.KindModel, media.Fault{}, 0, nil, 0, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := newRig(t, nil)
			m := r.asked(r.pending(media.TweetVideo, "content"), c.fault)
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				m.CreatedAt = began.Add(c.left - c.fault.Processing)
				engines := map[media.Kind]Engine{c.kind: r.engine}
				if c.kind == media.KindModel {
					engines = nil
				}
				r.engine.do = func(context.Context, Input, Output) (media.Outcome, error) { return made(), nil }
				out := &shown{}
				_, err := WithFaults(engines, r.rows, 1, time.Now)[c.kind].Process(t.Context(), Input{Media: m}, out)
				if !errors.Is(err, c.wantErr) && !sameFailure(err, c.wantErr) {
					t.Errorf("%v, want %v", err, c.wantErr)
				}
				if took := time.Since(began); took != max(c.left, 0) {
					t.Errorf("it took %s, want %s", took, c.left)
				}
				if n := r.engine.calls.Load(); n != c.engine {
					t.Errorf("the engine was called %d times, want %d", n, c.engine)
				}
				last := 0
				for _, p := range out.percent {
					if p < last {
						t.Errorf("progress %v", out.percent)
					}
					last = p
				}
				if last > c.most || last < c.most-1 || c.most > 0 && c.left == c.fault.Processing && len(out.percent) < 50 {
					t.Errorf("progress %v, want up to %d", out.percent, c.most)
				}
			})
		})
	}
}

func sameFailure(a, b error) bool {
	var x, y *media.Failure
	return errors.As(a, &x) && errors.As(b, &y) && *x == *y
}

// Who waits on purpose holds nobody's turn, and gives up when it is told to.
func TestFaultyTurns(t *testing.T) {
	r := newRig(t, nil)
	slow := r.asked(r.pending(media.TweetVideo, "content"), media.Fault{Processing: time.Minute})
	plain := []media.Media{r.pending(media.TweetVideo, "content"), r.pending(media.TweetVideo, "content"), r.pending(media.TweetVideo, "content")}
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int64
		r.engine.do = func(context.Context, Input, Output) (media.Outcome, error) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			<-time.After(time.Second)
			return made(), nil
		}
		e := WithFaults(map[media.Kind]Engine{media.KindVideo: r.engine}, r.rows, 2, time.Now)[media.KindVideo]
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		slow.CreatedAt = time.Now()
		go func() {
			_, err := e.Process(ctx, Input{Media: slow}, &shown{})
			ended <- err
		}()
		done := make(chan error, len(plain))
		for _, m := range plain {
			go func() {
				_, err := e.Process(t.Context(), Input{Media: m}, &shown{})
				done <- err
			}()
		}
		began := time.Now()
		for range plain {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took != 2*time.Second || most.Load() != 2 {
			t.Errorf("three took %s, %d at once; want 2s, 2 at once", took, most.Load())
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("told to stop, it says %v", err)
		}
	})
}

// What is shown already is made again without its fault.
func TestFaultyAgain(t *testing.T) {
	r := newRig(t, nil)
	m := r.asked(r.pending(media.TweetVideo, "content"), media.Fault{Processing: time.Hour, Failure: media.NewFailure(media.InvalidMedia, "no")})
	r.engine.do = func(context.Context, Input, Output) (media.Outcome, error) { return made(), nil }
	e := WithFaults(map[media.Kind]Engine{media.KindVideo: r.engine}, r.rows, 1, time.Now)[media.KindVideo]
	o, err := e.Process(t.Context(), Input{Media: m, Again: true}, &shown{})
	if err != nil || o.Width != made().Width || r.engine.calls.Load() != 1 {
		t.Errorf("%+v, %v, %d calls", o, err, r.engine.calls.Load())
	}
}
