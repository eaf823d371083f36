package analytics

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"magpie/internal/bus"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// Counter adds up what Intake took. Several may run, in one process or in many:
// each record counts in one of them.
type Counter struct {
	bus     *bus.Bus
	catalog *catalog.Catalog
	keep    time.Duration
	now     func() time.Time
	log     *slog.Logger
}

// NewCounter makes a Counter. Hours are deleted once they are older than keep,
// or never where that is 0.
func NewCounter(b *bus.Bus, c *catalog.Catalog, keep time.Duration, now func() time.Time, log *slog.Logger) *Counter {
	return &Counter{bus: b, catalog: c, keep: keep, now: now, log: log}
}

const (
	// forgetEvery is how many counted records stay on the log before they are
	// forgotten together.
	forgetEvery = 2000
	pruneEvery  = 10 * time.Minute
	pruneAtMost = 2000
	// margin is by how much the clocks of those that take events may differ.
	margin = time.Hour
)

// Prepare looks once how far the log is counted, before anything is published
// on it: a log that was restored from an older copy gives sequences out again,
// and that shows only until then.
func (c *Counter) Prepare(ctx context.Context) error {
	l, err := c.bus.Log(ctx)
	if err != nil {
		return err
	}
	_, err = c.from(ctx, l)
	return err
}

// Run counts until ctx ends, and returns nil then.
func (c *Counter) Run(ctx context.Context) error {
	r := run{Counter: c}
	return c.bus.Follow(ctx, bus.Follower{From: r.begin, Handle: r.handle, Idle: r.idle})
}

// from is how far a log is counted.
func (c *Counter) from(ctx context.Context, l bus.Log) (uint64, error) {
	at, err := c.catalog.PlaybackPosition(ctx, l.ID)
	if err != nil || at <= l.Last {
		return at, err
	}
	// Somebody else may have counted what came since the log was looked at, and a
	// server that has only begun to answer for it may lack its end. If it ends
	// before our position still, it is an older copy of itself.
	again, err := c.bus.SettledLog(ctx)
	if err != nil {
		return 0, err
	}
	if again.ID != l.ID || at <= again.Last {
		return at, nil
	}
	c.log.Warn("the log of playback events is an older copy; what it holds is counted already", "counted", at, "last", again.Last)
	if _, err := c.catalog.MovePlaybackPosition(ctx, l.ID, at, again.Last); err != nil {
		return 0, err
	}
	return c.catalog.PlaybackPosition(ctx, l.ID)
}

// run is a Counter at work.
type run struct {
	*Counter
	at        uint64    // counted up to here
	forgotten uint64    // forgotten up to here
	pruned    time.Time // when last
	reached   time.Time // when what was counted last had been taken
}

func (r *run) begin(ctx context.Context, l bus.Log) (after uint64, err error) {
	r.at, err = r.from(ctx, l)
	r.forgotten = 0
	return r.at, err
}

func (r *run) handle(ctx context.Context, id string, records []bus.Record) error {
	plays := make([]media.Playback, 0, len(records))
	for _, b := range records {
		p, err := decodeRecord(b.Data)
		if err != nil {
			r.log.Error("a record of the playback log can't be read; it does not count", "sequence", b.Sequence, "err", err)
			continue
		}
		plays = append(plays, p.playback())
		if t := time.UnixMilli(p.Received); t.After(r.reached) {
			r.reached = t
		}
	}
	last := records[len(records)-1].Sequence
	counted, err := r.catalog.CountPlayback(ctx, id, r.at, last, plays)
	if err != nil {
		return err
	}
	if !counted {
		return fmt.Errorf("records after %d: %w", r.at, bus.ErrElsewhere)
	}
	r.at = last
	if r.at-r.forgotten >= forgetEvery {
		r.forget(ctx, id)
	}
	r.prune(ctx, r.reached)
	return nil
}

// idle tidies up. Nothing that was taken is uncounted then, so that the clock
// says what has expired.
func (r *run) idle(ctx context.Context, id string) {
	if r.at > r.forgotten {
		r.forget(ctx, id)
	}
	r.prune(ctx, r.now())
}

func (r *run) forget(ctx context.Context, id string) {
	if err := r.bus.Forget(ctx, id, r.at); err != nil {
		if ctx.Err() == nil {
			r.log.Warn("counted playback events stay on the log for now", "err", err)
		}
		return
	}
	r.forgotten = r.at
}

// prune forgets the tokens of which nothing can come any more, where all that
// was taken before reached is counted, and the hours that are too old.
func (r *run) prune(ctx context.Context, reached time.Time) {
	now := r.now()
	if now.Sub(r.pruned) < pruneEvery || reached.IsZero() {
		return
	}
	if reached.After(now) {
		reached = now
	}
	var hours time.Time
	if r.keep > 0 {
		hours = now.Add(-r.keep)
	}
	n, err := r.catalog.PrunePlayback(ctx, reached.Add(-margin), hours, pruneAtMost)
	if err != nil {
		if ctx.Err() == nil {
			r.log.Warn("old playback counts not deleted", "err", err)
		}
		return
	}
	if n < pruneAtMost { // else there is more, and it goes on with the next batch
		r.pruned = now
	}
	if n > 0 {
		r.log.Debug("deleted what has expired of playback counts", "rows", n)
	}
}
