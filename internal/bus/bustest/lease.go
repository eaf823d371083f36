package bustest

import (
	"context"
	"testing"
	"time"

	"magpie/internal/bus"
)

// leaseKept runs a job for more than a lease, which is long enough that a machine
// may stand still for some seconds of it. What measures it is the bus itself: a
// second job that asks for a quarter of a lease of wait, five times.
func leaseKept(t *testing.T, open Opener) {
	const lease = 10 * time.Second
	b := open(t, bus.Config{Lease: lease, Backoff: []time.Duration{never}})
	const long, clock = 1, 2
	started := make(chan int, 10)
	release := make(chan struct{})
	ended := make(chan error, 10)
	ticks := make(chan int, 10)
	w := start(t, b, bus.Slow, 3, func(ctx context.Context, j bus.Job) error {
		if j.ID == clock {
			ticks <- j.Delivery
			if j.Delivery < 6 {
				return bus.Later(lease/4, nil)
			}
			return nil
		}
		started <- j.Delivery
		select {
		case <-release:
		case <-ctx.Done():
		}
		ended <- context.Cause(ctx)
		return nil
	})
	send(t, b, long, bus.Slow)
	receive(t, started, "long job")
	send(t, b, clock, bus.Slow)
	for range 6 {
		receive(t, ticks, "next quarter of a lease")
	}
	if n := len(started); n != 0 {
		t.Errorf("the running job was delivered %d times more", n)
	}
	close(release)
	if err := receive(t, ended, "end of the long job"); err != nil {
		t.Errorf("its context had ended: %v", err)
	}
	w.stop()
	wantLen(t, b, 0)
}
