package bus

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"magpie/internal/media"
	"magpie/internal/trace"
)

// Job is one delivery of a media that waits to be processed.
type Job struct {
	ID   media.ID
	Lane Lane

	// Delivery counts from 1 how often this job has been delivered. In an
	// embedded bus it begins anew with every start, so it paces tries; what
	// decides that a media is hopeless is the catalogue's count.
	Delivery int
}

// Handler does one job. Its context ends when that of Work does, when the bus
// is closed, and when the lease is lost. What it returns decides what becomes
// of the job:
//
//   - nil: it is done, and gone for good
//   - Later(d, err), anywhere in the error's chain: it is delivered again after d
//   - Move(lane), anywhere in the error's chain: it is in that lane from now on
//   - any other error, or a panic: it is delivered again after the back-off for
//     its delivery count, however often that has been; or at once, where the
//     context of Work has ended
type Handler func(ctx context.Context, job Job) error

// Work hands the jobs of a lane to handle, up to slots of them at once. It runs
// until ctx ends; then the contexts of the running handlers end, their jobs go
// back to the bus as they return, so that another process can take them over at
// once, and Work returns nil. It returns ErrClosed when the bus is closed.
//
// A job is fetched only when a slot is free for it. A server that is away or
// has lost its state is no reason to return: Work goes on when it is back.
// Several Works may run, on one lane too.
func (b *Bus) Work(ctx context.Context, lane Lane, slots int, handle Handler) error {
	if err := checkLane(lane); err != nil {
		return err
	}
	if slots < 1 {
		return fmt.Errorf("bus: %d slots can do no work", slots)
	}
	if !b.begin() {
		return ErrClosed
	}
	defer b.works.Done()
	slot, cancel := context.WithCancel(ctx)
	defer cancel()

	var wg sync.WaitGroup
	for range slots {
		wg.Go(func() {
			b.fill(slot, string(lane), func(ctx context.Context, l *link) error { return l.takeTurns(ctx, lane, handle) })
		})
	}
	select {
	case <-ctx.Done():
	case <-b.closing:
		cancel()
	}
	wg.Wait()
	if ctx.Err() == nil {
		return ErrClosed
	}
	return nil
}

// fill keeps one slot at work until ctx ends, through whatever happens to the
// server. Where errors go on it tries less often.
func (b *Bus) fill(ctx context.Context, what string, takeTurns func(context.Context, *link) error) {
	for failed := 0; ; {
		began := time.Now()
		err := takeTurns(ctx, b.current())
		if ctx.Err() != nil {
			return
		}
		if failed++; time.Since(began) > time.Minute {
			failed = 1 // it went well meanwhile
		}
		if b.worthHealing(err) {
			b.cfg.Logger.Warn("bus fetches nothing; trying again", "from", what, "error", err)
			if err := b.heal(ctx); err != nil && ctx.Err() == nil {
				b.cfg.Logger.Warn("bus is not well", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(b.pause(failed)):
		}
	}
}

// worthHealing reports whether a loop that ended with an error should have the
// bus healed. Without a connection there is nothing to heal, and a server that
// stopped answering is best asked again.
func (b *Bus) worthHealing(err error) bool {
	switch {
	case b.current().healthy() != nil:
		return true
	case errors.Is(err, errAway), errors.Is(err, errSilent):
		return false
	}
	return true
}

// pause is how long a slot waits before it tries again what went wrong so many
// times: at once nearly, and in a while on a remote bus that stays away, by
// chance up to half as long again.
func (b *Bus) pause(failed int) time.Duration {
	d := 250 * time.Millisecond
	if b.cfg.Dir == "" {
		d = min(d<<min(failed-1, 4), 2*time.Second)
	}
	return d + time.Duration(float64(d)*b.cfg.chance()/2)
}

// errAway says that there is no connection for now, or no longer this one.
var errAway = errors.New("bus: not connected")

// takeTurns fetches one job at a time and does it, until ctx ends, the link is
// given up, or fetching fails. The error is never nil.
func (l *link) takeTurns(ctx context.Context, lane Lane, handle Handler) error {
	turn, stop := l.turn(ctx)
	defer stop()
	for turn.Err() == nil {
		// A request that is made while there is no connection is not made up
		// for when there is.
		if !l.nc.IsConnected() {
			return errAway
		}
		msgs, err := l.pull(turn, streamName, string(lane), 1, standing)
		switch {
		case len(msgs) > 0:
			l.do(ctx, msgs[0], handle)
		case err != nil && turn.Err() == nil:
			return err
		}
	}
	return context.Cause(turn)
}

// turn is ctx until the link is given up, whose cause is errAway then.
func (l *link) turn(ctx context.Context) (context.Context, func()) {
	turn, stop := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-l.gone:
			stop(errAway)
		case <-turn.Done():
		}
	}()
	return turn, func() { stop(nil) }
}

// do runs the handler for one delivery and tells the server how it went.
func (l *link) do(ctx context.Context, msg *nats.Msg, handle Handler) {
	got := time.Now()
	job, err := readJob(msg)
	ctx = traced(ctx, msg)
	log := l.cfg.Logger.With("media", job.ID, "lane", job.Lane, "delivery", job.Delivery)
	if t := trace.From(ctx); !t.IsZero() {
		log = log.With("trace", t.ID())
	}
	if err != nil {
		log.Error("bus holds a message that is no job; it is dropped", "subject", msg.Subject, "error", err)
		l.settle(ctx, msg, wordNever)
		return
	}
	if ctx.Err() != nil {
		l.settle(ctx, msg, wordAgain(0))
		return
	}

	lost, err := l.runLeased(ctx, msg.Reply, got, func(ctx context.Context) error {
		return safely(func() error { return handle(ctx, job) })
	})
	if lost {
		log.Warn("bus lease lost; the job is delivered again")
		return
	}
	ended := ctx.Err() != nil
	var to move
	if errors.As(err, &to) {
		if err = l.move(ctx, msg, job, Lane(to)); err == nil {
			log.Debug("bus job moved", "to", Lane(to))
		}
	}
	word, wait := verdict(l.cfg, job.Delivery, ended, err)
	if err != nil {
		log.Warn("bus job did not finish; it is delivered again", "after", wait, "shutdown", ended, "error", err)
	}
	if err := l.settle(ctx, msg, word); err != nil {
		log.Warn("bus could not be told how a job ended; it is delivered again when its lease ends", "error", err)
	}
}

// safely turns a handler's panic into an error with the stack in it.
func safely(handle func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return handle()
}

// settle tells the server what became of a delivery. It does so after ctx has
// ended too, for as long as the lease may last.
func (l *link) settle(ctx context.Context, msg *nats.Msg, word []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(l.cfg.Lease, answerTime))
	defer cancel()
	return l.say(ctx, msg.Reply, word)
}

// readJob reads a delivery. The Job holds what could be read.
func readJob(msg *nats.Msg) (Job, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return Job{}, err
	}
	lane, id, err := parseSubject(msg.Subject)
	return Job{ID: id, Lane: lane, Delivery: int(meta.NumDelivered)}, err
}
