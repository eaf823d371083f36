package bustest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"magpie/internal/bus"
)

var errBroken = errors.New("broken")

// failTimes runs job 7 with a handler that fails with fail until its n-th
// delivery, and checks that each delivery came and was counted.
func failTimes(t *testing.T, b *bus.Bus, n int, fail func() error) {
	t.Helper()
	got := make(chan int, n+1)
	w := start(t, b, bus.Fast, 1, func(_ context.Context, j bus.Job) error {
		got <- j.Delivery
		if j.Delivery < n {
			return fail()
		}
		return nil
	})
	send(t, b, 7, bus.Fast)
	for want := 1; want <= n; want++ {
		if d := receive(t, got, fmt.Sprintf("delivery %d", want)); d != want {
			t.Fatalf("delivery %d says that it is number %d", want, d)
		}
	}
	w.stop()
	wantLen(t, b, 0)
}

func errorIsTriedAgain(t *testing.T, open Opener) {
	b := open(t, bus.Config{Lease: never, Backoff: []time.Duration{time.Millisecond, 20 * time.Millisecond}})
	failTimes(t, b, 4, func() error { return errBroken })
}

func neverGivenUp(t *testing.T, open Opener) {
	b := open(t, bus.Config{Lease: never, Backoff: []time.Duration{time.Nanosecond}})
	failTimes(t, b, 50, func() error { return errBroken })
}

func panicIsAnError(t *testing.T, open Opener) {
	b := open(t, bus.Config{Lease: never, Backoff: []time.Duration{time.Millisecond}})
	failTimes(t, b, 2, func() error { panic("at the codec") })
}

// laterIsLater: with a back-off of never, only Later brings the job again.
func laterIsLater(t *testing.T, open Opener) {
	b := open(t, patient())
	failTimes(t, b, 3, func() error {
		return fmt.Errorf("no room: %w", bus.Later(5*time.Millisecond, errBroken))
	})
	failTimes(t, open(t, patient()), 3, func() error { return bus.Later(-1, nil) })
}

// waitingHoldsUpNobody: jobs that wait for their next try take no slot and no
// place in the queue, however many they are.
func waitingHoldsUpNobody(t *testing.T, open Opener) {
	b := open(t, patient())
	const broken = 1200 // more than JetStream lets wait unless told otherwise
	failed := make(chan struct{}, broken)
	good := make(chan bus.Job, 1)
	w := start(t, b, bus.Fast, 2, func(_ context.Context, j bus.Job) error {
		if j.ID <= broken {
			failed <- struct{}{}
			return errBroken
		}
		good <- j
		return nil
	})
	sendMany(t, b, broken)
	for range broken {
		receive(t, failed, "failing job")
	}
	send(t, b, broken+1, bus.Fast)
	receive(t, good, "job behind those that wait")
	w.stop()
	wantLen(t, b, broken)
}

// moveIsOneJob: a job that is moved is delivered in the other lane, once and
// counted anew, and its slot takes the next.
func moveIsOneJob(t *testing.T, open Opener) {
	b := open(t, patient())
	got := make(chan bus.Job, 10)
	fast := start(t, b, bus.Fast, 1, func(_ context.Context, j bus.Job) error {
		got <- j
		if j.ID == 7 {
			return fmt.Errorf("long: %w", bus.Move(bus.Slow))
		}
		return nil
	})
	send(t, b, 7, bus.Fast)
	send(t, b, 8, bus.Fast)
	for range 2 {
		receive(t, got, "delivery in the fast lane")
	}
	fast.stop()
	wantLen(t, b, 1)
	send(t, b, 7, bus.Fast) // it has a job
	wantLen(t, b, 1)
	slow := start(t, b, bus.Slow, 1, func(_ context.Context, j bus.Job) error {
		got <- j
		return nil
	})
	if j := receive(t, got, "delivery in the slow lane"); j != (bus.Job{ID: 7, Lane: bus.Slow, Delivery: 1}) {
		t.Errorf("the moved job comes as %+v", j)
	}
	slow.stop()
	wantLen(t, b, 0)
}

// moveRefused: a job that cannot be moved is delivered again where it is.
func moveRefused(t *testing.T, open Opener) {
	cfg := bus.Config{Lease: never, Backoff: []time.Duration{time.Millisecond}}
	failTimes(t, open(t, cfg), 3, func() error { return bus.Move(bus.Fast) })
	failTimes(t, open(t, cfg), 2, func() error { return bus.Move("nowhere") })
}
