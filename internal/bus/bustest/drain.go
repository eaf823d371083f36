package bustest

import (
	"context"
	"errors"
	"testing"

	"magpie/internal/bus"
	"magpie/internal/media"
)

// drainHandsBack: on a bus where neither a lease nor a back-off ends, a job
// that a shutdown cut short is delivered again to the next Work.
func drainHandsBack(t *testing.T, open Opener) {
	b := open(t, patient())
	send(t, b, 7, bus.Slow)
	running := make(chan struct{})
	release := make(chan struct{})
	w := start(t, b, bus.Slow, 1, func(ctx context.Context, _ bus.Job) error {
		close(running)
		<-ctx.Done()
		<-release // cleaning up
		return ctx.Err()
	})
	receive(t, running, "job")
	w.cancel()
	select {
	case err := <-w.done:
		t.Fatalf("Work returned (%v) before its handler", err)
	default:
	}
	close(release)
	w.stop()
	wantLen(t, b, 1)

	again := make(chan bus.Job, 1)
	w = start(t, b, bus.Slow, 1, func(_ context.Context, j bus.Job) error {
		again <- j
		return nil
	})
	if j := receive(t, again, "job that was handed back"); j.ID != 7 || j.Delivery != 2 {
		t.Errorf("got %+v, want the second delivery of 7", j)
	}
	w.stop()
	wantLen(t, b, 0)
}

func drainFinished(t *testing.T, open Opener) {
	b := open(t, patient())
	send(t, b, 7, bus.Slow)
	running := make(chan struct{})
	w := start(t, b, bus.Slow, 1, func(ctx context.Context, _ bus.Job) error {
		close(running)
		<-ctx.Done()
		return nil // it was as good as done
	})
	receive(t, running, "job")
	w.stop()
	wantLen(t, b, 0)
}

// drainLosesNone stops Work in the thick of it, again and again. With leases
// that never end, a job that was on its way to a slot and not handed back would
// not be seen again.
func drainLosesNone(t *testing.T, open Opener) {
	const jobs = 120
	b := open(t, patient())
	sendMany(t, b, jobs)
	done := map[media.ID]int{}
	for round := 0; len(done) < jobs; round++ {
		got := make(chan media.ID, jobs)
		w := start(t, b, bus.Fast, 3, func(_ context.Context, j bus.Job) error {
			got <- j.ID
			return nil
		})
		for range min(round%5, jobs-len(done)) {
			id := receive(t, got, "job that nobody holds")
			done[id]++
		}
		w.stop()
		for range len(got) {
			done[<-got]++
		}
	}
	for id, n := range done {
		if n != 1 {
			t.Errorf("job %s was done %d times", id, n)
		}
	}
	wantLen(t, b, 0)
}

func closeEndsWork(t *testing.T, open Opener) {
	b := open(t, patient())
	send(t, b, 7, bus.Slow)
	running := make(chan struct{})
	returned := make(chan struct{})
	w := start(t, b, bus.Slow, 2, func(ctx context.Context, _ bus.Job) error {
		close(running)
		<-ctx.Done()
		close(returned)
		return ctx.Err()
	})
	receive(t, running, "job")
	b.Close()
	select {
	case <-returned:
	default:
		t.Error("Close did not wait for the handler")
	}
	if err := receive(t, w.done, "end of Work"); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Work ended with %v, want ErrClosed", err)
	}
	b.Close()

	ctx := deadline(t)
	if err := b.Send(ctx, 8, bus.Slow); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Send: %v, want ErrClosed", err)
	}
	if err := b.Work(ctx, bus.Slow, 1, nil); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Work: %v, want ErrClosed", err)
	}
	if err := b.Ready(ctx); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Ready: %v, want ErrClosed", err)
	}
	if _, err := b.Len(ctx); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Len: %v, want ErrClosed", err)
	}
}
