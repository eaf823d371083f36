package bus

import (
	"context"
	"time"
)

// runLeased runs f while it keeps the lease of a delivery that came at got. If
// the lease is lost, the context of f ends, with that as its cause, and what f
// returns counts for nothing.
func (l *link) runLeased(ctx context.Context, reply string, got time.Time, f func(context.Context) error) (lost bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// The lease outlives the end of ctx: until f has returned, the job is ours.
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		if l.keepLease(keep, reply, got) {
			lost = true
			cancel(ErrLeaseLost)
		}
	}()
	err = f(ctx)
	stop()
	<-kept // no renewal may follow the verdict
	return lost, err
}

// keepLease renews the lease of a delivery every half of it until ctx ends, and
// soon again where that failed, and returns true as soon as the lease is lost: the link is given up, or for a
// whole lease since the sending of the last renewal that the server confirmed
// none was confirmed. The server counts from later than that, so it has not
// delivered the job again by then.
func (l *link) keepLease(ctx context.Context, reply string, from time.Time) (lost bool) {
	lease := l.cfg.Lease
	end := from.Add(lease)
	wait := lease / 2
	for {
		timer := time.NewTimer(min(wait, time.Until(end)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-l.gone:
			timer.Stop()
			return true
		case <-timer.C:
		}
		sent := time.Now()
		if !sent.Before(end) {
			return true
		}
		// One that got lost with a server is tried again in time.
		try, cancel := context.WithTimeout(ctx, min(lease/6, time.Until(end)))
		err := l.say(try, reply, wordWorking)
		cancel()
		wait = lease / 20
		if err == nil {
			end, wait = sent.Add(lease), lease/2
		}
	}
}
