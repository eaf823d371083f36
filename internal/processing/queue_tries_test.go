package processing

import (
	"context"
	"sync/atomic"
	"testing"

	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

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
