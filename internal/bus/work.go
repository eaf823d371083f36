package bus

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"magpie/internal/media"
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
		wg.Go(func() { b.fill(slot, lane, handle) })
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
// server.
func (b *Bus) fill(ctx context.Context, lane Lane, handle Handler) {
	for {
		err := b.current().takeTurns(ctx, lane, handle)
		if ctx.Err() != nil {
			return
		}
		if !errors.Is(err, errAway) || b.current().healthy() != nil {
			b.cfg.Logger.Warn("bus fetches no jobs; trying again", "lane", lane, "error", err)
			if err := b.heal(ctx); err != nil && ctx.Err() == nil {
				b.cfg.Logger.Warn("bus is not well", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// pause is how long a slot waits before it tries again what went wrong.
const pause = 250 * time.Millisecond

// errAway says that there is no connection for now, or no longer this one.
var errAway = errors.New("bus: not connected")

// takeTurns fetches one job at a time and does it, until ctx ends, the link is
// given up, or fetching fails. The error is never nil.
func (l *link) takeTurns(ctx context.Context, lane Lane, handle Handler) error {
	turn, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-l.gone:
			stop(errAway)
		case <-turn.Done():
		}
	}()
	var c jetstream.Consumer
	for turn.Err() == nil {
		// A request that is made while there is no connection is not made up
		// for when there is.
		if !l.nc.IsConnected() {
			return errAway
		}
		if c == nil {
			var err error
			if c, err = l.consumer(turn, lane); err != nil {
				return err
			}
		}
		msg, err := fetch(turn, c)
		switch {
		case err == nil:
			l.do(ctx, msg, handle)
		case turn.Err() == nil:
			return err
		}
	}
	return context.Cause(turn)
}

// fetch waits for one message until ctx ends. Where it fails, it has taken its
// request back and looked whether the server had answered that before it heard:
// a message on the way would stay leased to nobody.
//
// It asks with an iterator of its own because one that goes on to the next
// message forgets to ask for it where the last came too quickly, and stands
// still for half a minute (nats.go 1.55, while its fetchInProgress is set).
func fetch(ctx context.Context, c jetstream.Consumer) (jetstream.Msg, error) {
	jobs, err := c.Messages(jetstream.PullMaxMessages(1))
	if err != nil {
		return nil, err
	}
	defer jobs.Stop()
	defer context.AfterFunc(ctx, jobs.Drain)()
	msg, failed := jobs.Next()
	if failed == nil {
		return msg, nil
	}
	jobs.Drain()
	for {
		msg, err := jobs.Next()
		if err == nil {
			return msg, nil
		}
		if errors.Is(err, jetstream.ErrMsgIteratorClosed) {
			return nil, failed
		}
	}
}

// do runs the handler for one delivery and tells the server how it went.
func (l *link) do(ctx context.Context, msg jetstream.Msg, handle Handler) {
	got := time.Now()
	job, err := readJob(msg)
	log := l.cfg.Logger.With("media", job.ID, "lane", job.Lane, "delivery", job.Delivery)
	if err != nil {
		log.Error("bus holds a message that is no job; it is dropped", "subject", msg.Subject(), "error", err)
		l.settle(ctx, msg, wordNever)
		return
	}
	if ctx.Err() != nil {
		l.settle(ctx, msg, wordAgain(0))
		return
	}

	lost, err := l.runLeased(ctx, msg.Reply(), got, func(ctx context.Context) error { return safely(ctx, job, handle) })
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
func safely(ctx context.Context, job Job, handle Handler) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return handle(ctx, job)
}

// settle tells the server what became of a delivery. It does so after ctx has
// ended too, for as long as the lease may last.
func (l *link) settle(ctx context.Context, msg jetstream.Msg, word []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(l.cfg.Lease, answerTime))
	defer cancel()
	return l.say(ctx, msg.Reply(), word)
}

// readJob reads a delivery. The Job holds what could be read.
func readJob(msg jetstream.Msg) (Job, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return Job{}, err
	}
	lane, id, err := parseSubject(msg.Subject())
	return Job{ID: id, Lane: lane, Delivery: int(meta.NumDelivered)}, err
}
