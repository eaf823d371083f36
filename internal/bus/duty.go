package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Duty is work that one process at a time does for all of them, for as long as
// it lives. It saves doing it everywhere, and no more: after a lease was lost two
// may do it for a moment, so it must be right to do it twice.
type Duty string

// The duties.
const (
	Housekeeping Duty = "housekeeping" // sweeping, and sending again what stalled
	Counting     Duty = "counting"     // of the log
)

func duties() []Duty { return []Duty{Housekeeping, Counting} }

// A duty is a message that is never done: whoever has its lease does it.
const (
	dutyStream = "MAGPIE_DUTIES"
	dutyPrefix = "magpie.duty."
)

// Lead does a duty whenever it is this caller's: it runs f, whose context ends
// with ctx, with the bus and with the lease, whose cause is ErrLeaseLost then.
// Where f returns earlier, somebody, maybe this caller again, has the duty after
// a moment. Lead returns nil when ctx has ended and f has returned, and ErrClosed
// when the bus is closed. Of all that call it, over any number of processes, one
// runs f; where that one's process dies, another does after one lease.
func (b *Bus) Lead(ctx context.Context, duty Duty, f func(ctx context.Context)) error {
	if !b.begin() {
		return ErrClosed
	}
	defer b.works.Done()
	turn, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-b.closing:
			cancel()
		case <-stop:
		}
	}()
	b.fill(turn, string(duty), func(ctx context.Context, l *link) error { return l.takeDuty(ctx, duty, f) })
	if ctx.Err() == nil {
		return ErrClosed
	}
	return nil
}

// takeDuty waits for the duty and does it, until ctx ends, the link is given up,
// or asking for it fails. The error is never nil.
func (l *link) takeDuty(ctx context.Context, duty Duty, f func(ctx context.Context)) error {
	turn, stop := l.turn(ctx)
	defer stop()
	for asked := 0; turn.Err() == nil; asked++ {
		if !l.nc.IsConnected() {
			return errAway
		}
		if asked%10 == 0 { // it may be lost with a store
			if err := l.offerDuty(turn, duty); err != nil {
				return err
			}
		}
		msgs, err := l.pull(turn, dutyStream, string(duty), 1, standing)
		switch {
		case turn.Err() != nil && len(msgs) == 0:
		case err != nil:
			return err
		case len(msgs) > 0:
			l.lead(ctx, duty, msgs[0], f)
		}
	}
	return context.Cause(turn)
}

// offerDuty makes the duty's message where there is none.
func (l *link) offerDuty(ctx context.Context, duty Duty) error {
	ctx, cancel := asking(ctx)
	defer cancel()
	subject := dutyPrefix + string(duty)
	_, err := l.js.Publish(ctx, subject, nil, jetstream.WithExpectLastSequenceForSubject(0, subject))
	if err != nil && !isConflict(err) {
		return fmt.Errorf("offer the duty of %s: %w", duty, err)
	}
	return nil
}

func (l *link) lead(ctx context.Context, duty Duty, msg *nats.Msg, f func(ctx context.Context)) {
	log := l.cfg.Logger.With("duty", string(duty))
	log.Debug("bus gave this process a duty")
	lost, err := l.runLeased(ctx, msg.Reply, time.Now(), func(ctx context.Context) error {
		return safely(func() error {
			f(ctx)
			return nil
		})
	})
	if lost {
		log.Warn("bus lease on a duty lost; another process has it")
		return
	}
	again := time.Second
	switch {
	case ctx.Err() != nil:
		again = 0
	case err != nil:
		log.Error("a duty broke off", "error", err)
	}
	if err := l.settle(ctx, msg, wordAgain(again)); err != nil {
		log.Warn("bus could not be told that a duty is free; it is when its lease ends", "error", err)
	}
}

// makeDuties makes the stream of the duties and their consumers.
func (l *link) makeDuties(ctx context.Context) error {
	err := l.keepStream(ctx, jetstream.StreamConfig{
		Name:                 dutyStream,
		Description:          "what one process does for all",
		Subjects:             []string{dutyPrefix + "*"},
		Retention:            jetstream.WorkQueuePolicy,
		MaxMsgsPerSubject:    1,
		Discard:              jetstream.DiscardNew,
		DiscardNewPerSubject: true,
	})
	if err != nil {
		return fmt.Errorf("make the duties: %w", err)
	}
	for _, duty := range duties() {
		if err := l.keepConsumer(ctx, dutyStream, string(duty), dutyPrefix+string(duty)); err != nil {
			return err
		}
	}
	return nil
}
