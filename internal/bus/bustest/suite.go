// Package bustest holds every kind of bus, embedded or over a cluster, to what
// package bus promises.
package bustest

import (
	"context"
	"testing"
	"time"

	"magpie/internal/bus"
	"magpie/internal/media"
)

// Opener opens a bus with an empty queue of the test's own and closes it when
// the test ends. It fills in where the bus is and keeps what cfg says of Lease
// and Backoff.
type Opener func(t *testing.T, cfg bus.Config) *bus.Bus

// Run runs the suite; its tests run in parallel. None of them depends on how
// fast anything is, except that nothing takes minutes.
func Run(t *testing.T, open Opener) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Opener)
	}{
		{"Send/Delivers", sendDelivers},
		{"Send/TwiceIsOneJob", sendTwice},
		{"Send/ManyAtOnceAreOneJob", sendAtOnce},
		{"Send/WhileRunningAndAgainAfter", sendWhileRunning},
		{"Send/RefusesWhatIsNoJob", sendRefuses},
		{"Outcome/ErrorIsTriedAgain", errorIsTriedAgain},
		{"Outcome/NeverGivenUp", neverGivenUp},
		{"Outcome/PanicIsAnError", panicIsAnError},
		{"Outcome/Later", laterIsLater},
		{"Outcome/WaitingHoldsUpNobody", waitingHoldsUpNobody},
		{"Outcome/MoveIsOneJob", moveIsOneJob},
		{"Outcome/MoveRefused", moveRefused},
		{"Work/LanesAreApart", lanesAreApart},
		{"Work/ThousandJobsOnceEach", thousandJobs},
		{"Work/RefusesNonsense", workRefuses},
		{"Lease/KeptWhileRunning", leaseKept},
		{"Drain/HandsBackAtOnce", drainHandsBack},
		{"Drain/FinishedStaysFinished", drainFinished},
		{"Drain/LosesNoJob", drainLosesNone},
		{"Drain/CloseEndsWork", closeEndsWork},
		{"Duty/OneAtATime", dutyOneAtATime},
		{"Duty/PassesOn", dutyPassesOn},
		{"Depth/ByLane", depthByLane},
		{"Log/InOrderToEach", logInOrder},
		{"Log/NotTakenComesAgain", logAgain},
		{"Log/Forgets", logForgets},
		{"Log/ManyAtOnce", logAtOnce},
		{"Log/RefusesNonsense", logRefuses},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open)
		})
	}
}

// never is a lease or a wait that no test lives to see the end of.
const never = 24 * time.Hour

// patient is a bus on which nothing is delivered again by the passing of time.
func patient() bus.Config {
	return bus.Config{Lease: never, Backoff: []time.Duration{never}}
}

// deadline is a context that ends a test that hangs.
func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// worker is a Work that runs beside the test.
type worker struct {
	t      *testing.T
	cancel context.CancelFunc
	done   chan error
}

// start begins a Work. A test that does not stop it stops it at its end.
func start(t *testing.T, b *bus.Bus, lane bus.Lane, slots int, handle bus.Handler) *worker {
	ctx, cancel := context.WithCancel(context.Background())
	w := &worker{t: t, cancel: cancel, done: make(chan error, 1)}
	go func() { w.done <- b.Work(ctx, lane, slots, handle) }()
	t.Cleanup(cancel)
	return w
}

// stop ends the Work as a shutdown does and waits for it; all verdicts have
// been given then.
func (w *worker) stop() {
	w.t.Helper()
	w.cancel()
	if err := receive(w.t, w.done, "end of Work"); err != nil {
		w.t.Fatalf("Work ended with %v, want nil", err)
	}
}

func send(t *testing.T, b *bus.Bus, id media.ID, lane bus.Lane) {
	t.Helper()
	if err := b.Send(deadline(t), id, lane); err != nil {
		t.Fatalf("Send(%s, %s): %v", id, lane, err)
	}
}

// wantLen waits for a number of jobs: in a cluster it may be a moment old.
func wantLen(t *testing.T, b *bus.Bus, want int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for {
		got, err := b.Len(ctx)
		if err != nil && ctx.Err() == nil {
			t.Fatalf("Len: %v", err)
		}
		if err == nil && got == want {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("there are %d jobs, want %d", got, want)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// receive waits for a value, or fails the test.
func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(4 * time.Minute):
		t.Fatalf("waited four minutes for the %s", what)
		panic("unreachable")
	}
}
