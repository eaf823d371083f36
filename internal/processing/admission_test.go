package processing

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"magpie/internal/media"
)

// gate is an engine's script that waits to be let through, one file at a time.
func gate(through chan struct{}) func(context.Context, Input, Output) (media.Outcome, error) {
	return func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
		select {
		case <-through:
			return render(ctx, in, out)
		case <-ctx.Done():
			return media.Outcome{}, ctx.Err()
		}
	}
}

// Two at once, one in line, and words for whoever comes then; each place is
// free again afterwards.
func TestAdmission(t *testing.T) {
	source := openSource(t)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, source)
		through := make(chan struct{})
		r.engine.do = gate(through)
		a := NewAdmission(r.worker(Config{}), 2, 1)
		for range 2 { // the second round finds every place free
			calls := r.engine.calls.Load()
			ended := make(chan error, 3)
			for range 3 {
				m := r.pending(media.TweetVideo, "whole")
				go func() { ended <- a.Run(t.Context(), m.ID) }()
			}
			synctest.Wait()
			if n := r.engine.calls.Load() - calls; n != 2 {
				t.Errorf("%d run at once", n)
			}
			m := r.pending(media.TweetVideo, "too much")
			err := a.Run(t.Context(), m.ID)
			var e *media.Error
			if !errors.As(err, &e) || e.Code != media.CodeBusy || e.RetryAfter != time.Second || e.Detail == "" {
				t.Errorf("with a full line: %v", err)
			}
			if got := r.media(m.ID); got.State != media.Pending || got.Attempt != 0 {
				t.Errorf("who was turned away: %+v", got)
			}
			for range 3 {
				through <- struct{}{}
			}
			if err := errors.Join(<-ended, <-ended, <-ended); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
	})
}

// A client that leaves the line gives up its place; one that leaves while its
// file is run doesn't stop the run.
func TestAdmissionClientGone(t *testing.T) {
	source := openSource(t)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, source)
		through := make(chan struct{})
		r.engine.do = gate(through)
		a := NewAdmission(r.worker(Config{}), 1, 1)
		running, waiting, next := r.pending(media.TweetVideo, "a"), r.pending(media.TweetVideo, "b"), r.pending(media.TweetVideo, "c")
		run := func(id media.ID) (ended chan error, leave func()) {
			ctx, leave := context.WithCancel(t.Context())
			ended = make(chan error, 1)
			go func() { ended <- a.Run(ctx, id) }()
			synctest.Wait()
			return ended, leave
		}
		first, leaveFirst := run(running.ID)
		second, leaveSecond := run(waiting.ID)
		leaveSecond()
		if err := <-second; !errors.Is(err, context.Canceled) {
			t.Errorf("who left the line: %v", err)
		}
		third, leaveThird := run(next.ID)
		defer leaveThird()
		leaveFirst()
		synctest.Wait()
		through <- struct{}{}
		if err := <-first; err != nil {
			t.Errorf("who left while the run went on: %v", err)
		}
		through <- struct{}{}
		if err := <-third; err != nil {
			t.Errorf("who came into the freed place: %v", err)
		}
		for id, want := range map[media.ID]media.State{running.ID: media.Succeeded, waiting.ID: media.Pending, next.ID: media.Succeeded} {
			if got := r.media(id); got.State != want {
				t.Errorf("%s is %s, want %s", id, got.State, want)
			}
		}
	})
}

// Whose turn does not come is told so in time, and gives up its place.
func TestAdmissionTurn(t *testing.T) {
	source := openSource(t)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, source)
		through := make(chan struct{})
		r.engine.do = gate(through)
		a := NewAdmission(r.worker(Config{}), 1, 1)
		running, waiting, next := r.pending(media.TweetVideo, "a"), r.pending(media.TweetVideo, "b"), r.pending(media.TweetVideo, "c")
		ended := make(chan error, 2)
		run := func(id media.ID) {
			go func() { ended <- a.Run(t.Context(), id) }()
			synctest.Wait()
		}
		run(running.ID)
		began := time.Now()
		err := a.Run(t.Context(), waiting.ID)
		var e *media.Error
		if !errors.As(err, &e) || e.Code != media.CodeBusy || e.RetryAfter != 5*time.Second || time.Since(began) != lineLimit {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if got := r.media(waiting.ID); got.State != media.Pending || got.Attempt != 0 {
			t.Errorf("who was turned away: %+v", got)
		}
		run(next.ID)
		for range 2 {
			through <- struct{}{}
			if err := <-ended; err != nil {
				t.Errorf("one of those with a place: %v", err)
			}
		}
	})
}

// A run that takes too long is given back, to be done without a client waiting.
func TestAdmissionLimit(t *testing.T) {
	source := openSource(t)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, source)
		r.engine.do = untilEnd
		m := r.pending(media.TweetVideo, "whole")
		began := time.Now()
		err := NewAdmission(r.worker(Config{MaxTries: 1}), 1, 0).Run(t.Context(), m.ID)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != runLimit {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if got := r.media(m.ID); got.State != media.Pending || got.Attempt != 1 {
			t.Errorf("%+v", got)
		}
	})
}
