package bustest

import (
	"context"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/bus"
	"magpie/internal/media"
)

func sendDelivers(t *testing.T, open Opener) {
	b := open(t, patient())
	if err := b.Ready(deadline(t)); err != nil {
		t.Fatalf("Ready: %v", err)
	}
	send(t, b, 1146654567674912769, bus.Slow)
	wantLen(t, b, 1)
	got := make(chan bus.Job, 1)
	w := start(t, b, bus.Slow, 1, func(_ context.Context, j bus.Job) error {
		got <- j
		return nil
	})
	want := bus.Job{ID: 1146654567674912769, Lane: bus.Slow, Delivery: 1}
	if d := cmp.Diff(want, receive(t, got, "job")); d != "" {
		t.Error(d)
	}
	w.stop()
	wantLen(t, b, 0)
}

func sendTwice(t *testing.T, open Opener) {
	b := open(t, patient())
	send(t, b, 7, bus.Fast)
	send(t, b, 7, bus.Fast)
	send(t, b, 7, bus.Slow)
	send(t, b, 77, bus.Slow) // another media, whose id begins alike
	wantLen(t, b, 2)
}

func sendAtOnce(t *testing.T, open Opener) {
	b := open(t, patient())
	ctx := deadline(t)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if err := b.Send(ctx, 7, bus.Lanes()[i%2]); err != nil {
				t.Errorf("Send: %v", err)
			}
		})
	}
	wg.Wait()
	wantLen(t, b, 1)
}

func sendWhileRunning(t *testing.T, open Opener) {
	b := open(t, patient())
	ctx := deadline(t)
	got := make(chan bus.Job, 2)
	release := make(chan struct{}, 2)
	handle := func(ctx context.Context, j bus.Job) error {
		got <- j
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	}
	w := start(t, b, bus.Fast, 2, handle)
	send(t, b, 7, bus.Fast)
	receive(t, got, "job")
	send(t, b, 7, bus.Fast)
	wantLen(t, b, 1)
	release <- struct{}{}
	w.stop()
	wantLen(t, b, 0)

	if err := b.Send(ctx, 7, bus.Slow); err != nil {
		t.Fatalf("Send after the job was done: %v", err)
	}
	w = start(t, b, bus.Slow, 1, handle)
	if j := receive(t, got, "second job"); j.ID != 7 || j.Delivery != 1 {
		t.Errorf("got %+v, want a first delivery of 7", j)
	}
	w.stop()
	if len(got) != 0 {
		t.Errorf("one delivery too many: %+v", <-got)
	}
}

func sendRefuses(t *testing.T, open Opener) {
	b := open(t, patient())
	for _, c := range []struct {
		id   media.ID
		lane bus.Lane
	}{{0, bus.Fast}, {-1, bus.Fast}, {1, ""}, {1, "fast.x"}, {1, "*"}} {
		if err := b.Send(deadline(t), c.id, c.lane); err == nil {
			t.Errorf("Send(%d, %q) took it", c.id, c.lane)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.Send(ctx, 1, bus.Fast); err == nil {
		t.Error("Send with an ended context said that the job is there")
	}
}
