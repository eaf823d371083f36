package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Follower reads the log.
type Follower struct {
	// From says after which sequence to begin. It is asked at the start and
	// whenever reading or Handle has failed, with the log as it is then.
	From func(ctx context.Context, log Log) (after uint64, err error)

	// Handle takes the next records in order, at least one and at most AtMost.
	// Where it fails, they come again if From says so.
	Handle func(ctx context.Context, id string, records []Record) error

	// Idle, if not nil, is called when there was nothing to read for a while.
	Idle func(ctx context.Context, id string)

	// AtMost bounds a batch: default 500.
	AtMost int
}

// Follow hands the records of the log to f as they come, until ctx ends, and
// returns nil then; it returns ErrClosed when the bus is closed. It survives
// whatever happens to the server. Several may follow, and each gets every
// record: which of them counts is settled where they keep how far they are.
func (b *Bus) Follow(ctx context.Context, f Follower) error {
	if f.AtMost < 1 {
		f.AtMost = 500
	}
	if !b.begin() {
		return ErrClosed
	}
	defer b.works.Done()
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-b.closing:
			cancel()
		case <-reading.Done():
		}
	}()
	for failed := 0; ; {
		began := time.Now()
		err := b.current().follow(reading, f)
		if reading.Err() != nil {
			break
		}
		if failed++; time.Since(began) > time.Minute {
			failed = 1
		}
		var theirs *followerError
		switch {
		case errors.Is(err, errHole), errors.Is(err, ErrElsewhere):
			b.cfg.Logger.Debug("bus log read again", "error", err)
		case errors.As(err, &theirs):
			b.cfg.Logger.Warn("records of the log were not taken; they are read again", "error", err)
		case b.worthHealing(err):
			b.cfg.Logger.Warn("bus does not read its log; trying again", "error", err)
			if err := b.heal(reading); err != nil && reading.Err() == nil {
				b.cfg.Logger.Warn("bus is not well", "error", err)
			}
		}
		select {
		case <-reading.Done():
		case <-time.After(b.pause(failed)):
		}
	}
	if ctx.Err() == nil {
		return ErrClosed
	}
	return nil
}

// followerError is one of the follower's own.
type followerError struct{ err error }

func (e *followerError) Error() string { return e.err.Error() }
func (e *followerError) Unwrap() error { return e.err }

// ErrElsewhere is what a Handle returns, anywhere in the error's chain, where
// another follower has taken the records: it is no fault.
var ErrElsewhere = errors.New("bus: taken by another follower")

// errHole says that records are missing between two that came, or after the
// last, so that it is looked whether they are there.
var errHole = errors.New("bus: records of the log are missing")

// quiet is how long a follower waits for a record before it calls Idle.
const quiet = 2 * time.Second

// follow reads the log until ctx ends, the link is given up, or something
// fails. The error is never nil.
func (l *link) follow(ctx context.Context, f Follower) error {
	turn, stop := l.turn(ctx)
	defer stop()
	if !l.nc.IsConnected() {
		return errAway
	}
	log, err := l.log(turn)
	if err != nil {
		return err
	}
	after, err := f.From(turn, log)
	if err != nil {
		return &followerError{err}
	}
	c, err := l.readFrom(turn, after+1)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if l.nc.IsConnected() {
			_ = l.js.DeleteConsumer(ctx, logName, c) // else it goes after a minute
		}
	}()
	lagging := false
	for first := true; turn.Err() == nil; {
		if !l.nc.IsConnected() {
			return errAway
		}
		records, err := l.read(turn, c, f.AtMost)
		if err != nil && turn.Err() == nil {
			return err
		}
		if turn.Err() != nil {
			break
		}
		if len(records) == 0 {
			behind := lagging
			if lagging, err = l.hasMore(turn, log.ID, after); err != nil {
				return err
			}
			if behind && lagging {
				return fmt.Errorf("%w: none comes after %d", errHole, after)
			}
			if f.Idle != nil {
				f.Idle(turn, log.ID)
			}
			continue
		}
		lagging = false
		// What came before, a server begins with that has not caught up yet with
		// the one that had said how far the log goes.
		for len(records) > 0 && records[0].Sequence <= after {
			records = records[1:]
		}
		if len(records) == 0 {
			continue
		}
		// What is missing at the very start is not there: it was asked for.
		for _, r := range records {
			if r.Sequence != after+1 && !first {
				return fmt.Errorf("%w: %d follows %d", errHole, r.Sequence, after)
			}
			after, first = r.Sequence, false
		}
		if err := safely(func() error { return f.Handle(turn, log.ID, records) }); err != nil {
			return &followerError{err}
		}
	}
	return context.Cause(turn)
}

// hasMore reports whether the log holds a record after this one. A consumer of a
// cluster that never hands it out is on a server that has lost its way, and says
// "nothing there" for good: another consumer is needed then.
func (l *link) hasMore(ctx context.Context, id string, after uint64) (bool, error) {
	ctx, cancel := asking(ctx)
	defer cancel()
	s, err := l.js.Stream(ctx, logName)
	if err != nil {
		return false, fmt.Errorf("look up the log: %w", err)
	}
	info := s.CachedInfo() // as of the line above
	if readLog(info).ID != id {
		return false, fmt.Errorf("%w: it was made anew", errHole)
	}
	return info.State.Msgs > 0 && info.State.LastSeq > after, nil
}

// readFrom makes a consumer of the log that begins at a sequence, and gives its
// name. Nothing is acked: how far the follower is, it knows itself.
func (l *link) readFrom(ctx context.Context, sequence uint64) (string, error) {
	ctx, cancel := asking(ctx)
	defer cancel()
	c, err := l.js.CreateConsumer(ctx, logName, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       sequence,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: time.Minute,
	})
	if err != nil {
		return "", fmt.Errorf("make a consumer of the log: %w", err)
	}
	return c.CachedInfo().Name, nil
}

// read waits a while for a record, and takes all that are there then, up to
// atMost. None is no error: the server says that there is none.
func (l *link) read(ctx context.Context, consumer string, atMost int) ([]Record, error) {
	one, err := l.pull(ctx, logName, consumer, 1, quiet)
	if err == nil && len(one) > 0 && atMost > 1 {
		var more []*nats.Msg
		more, err = l.pull(ctx, logName, consumer, atMost-1, 0)
		one = append(one, more...)
	}
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	records := make([]Record, 0, len(one))
	for _, msg := range one {
		meta, err := msg.Metadata()
		if err != nil {
			return nil, fmt.Errorf("read a record of the log: %w", err)
		}
		records = append(records, Record{Sequence: meta.Sequence.Stream, Data: msg.Data})
	}
	return records, nil
}
