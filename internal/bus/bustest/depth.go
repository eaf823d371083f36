package bustest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/bus"
)

// depthByLane: what waits and what is taken is counted for each lane.
func depthByLane(t *testing.T, open Opener) {
	b := open(t, patient())
	wantDepths(t, b, map[bus.Lane]bus.Depth{bus.Fast: {}, bus.Slow: {}, bus.Idle: {}})
	send(t, b, 1, bus.Fast)
	send(t, b, 2, bus.Slow)
	send(t, b, 3, bus.Slow)
	running, finish := make(chan bus.Job, 2), make(chan struct{})
	w := start(t, b, bus.Slow, 1, func(context.Context, bus.Job) error {
		running <- bus.Job{}
		<-finish
		return nil
	})
	receive(t, running, "job")
	wantDepths(t, b, map[bus.Lane]bus.Depth{bus.Fast: {Waiting: 1}, bus.Slow: {Waiting: 1, Taken: 1}, bus.Idle: {}})
	close(finish)
	receive(t, running, "second job")
	w.stop()
	wantDepths(t, b, map[bus.Lane]bus.Depth{bus.Fast: {Waiting: 1}, bus.Slow: {}, bus.Idle: {}})
	b.Close()
	if _, err := b.Depths(deadline(t)); err == nil {
		t.Error("a closed bus counted jobs")
	}
}

// wantDepths waits for numbers: in a cluster they may be a moment old.
func wantDepths(t *testing.T, b *bus.Bus, want map[bus.Lane]bus.Depth) {
	t.Helper()
	ctx := deadline(t)
	for {
		got, err := b.Depths(ctx)
		d := cmp.Diff(want, got)
		if err == nil && d == "" {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("Depths: %v\n%s", err, d)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
