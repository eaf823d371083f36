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
		err := b.takeTurns(ctx, lane, handle)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			continue
		}
		b.cfg.Logger.Warn("bus fetches no jobs; trying again", "lane", lane, "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		if err := b.heal(ctx); err != nil && ctx.Err() == nil {
			b.cfg.Logger.Warn("bus is not well", "error", err)
		}
	}
}

// takeTurns fetches one job at a time and does it, until ctx ends, the leases
// lapse (nil), or fetching fails.
func (b *Bus) takeTurns(ctx context.Context, lane Lane, handle Handler) error {
	turn, stop := context.WithCancel(ctx)
	defer stop()
	lapsed := b.whenLapsed()
	go func() {
		select {
		case <-lapsed:
			stop()
		case <-turn.Done():
		}
	}()
	c, err := b.consumer(turn, lane)
	if err != nil {
		return err
	}
	for {
		msg, err := fetch(turn, c)
		switch {
		case err == nil:
			b.do(ctx, msg, lapsed, handle)
		case turn.Err() != nil:
			return nil
		default:
			return err
		}
	}
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

// do runs the handler for one delivery and tells the server how it went. The
// lease of that delivery lapses with the channel.
func (b *Bus) do(ctx context.Context, msg jetstream.Msg, lapsed <-chan struct{}, handle Handler) {
	got := time.Now()
	job, err := readJob(msg)
	log := b.cfg.Logger.With("media", job.ID, "lane", job.Lane, "delivery", job.Delivery)
	if err != nil {
		log.Error("bus holds a message that is no job; it is dropped", "subject", msg.Subject(), "error", err)
		b.settle(ctx, msg, wordNever)
		return
	}
	if ctx.Err() != nil {
		b.settle(ctx, msg, wordAgain(0))
		return
	}

	lost, err := b.runLeased(ctx, msg.Reply(), got, lapsed, func(ctx context.Context) error { return safely(ctx, job, handle) })
	if lost {
		log.Warn("bus lease lost; the job is delivered again")
		return
	}
	ended := ctx.Err() != nil
	word, wait := verdict(b.cfg, job.Delivery, ended, err)
	if err != nil {
		log.Warn("bus job did not finish; it is delivered again", "after", wait, "shutdown", ended, "error", err)
	}
	if err := b.settle(ctx, msg, word); err != nil {
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
func (b *Bus) settle(ctx context.Context, msg jetstream.Msg, word []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(b.cfg.Lease, answerTime))
	defer cancel()
	return b.say(ctx, msg.Reply(), word)
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
