package processing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"magpie/internal/bus"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// quickSize is up to how many bytes a video is taken for a short one, until it
// has been looked at.
const quickSize = 32 << 20

// Queue puts media on the bus and works them off.
type Queue struct {
	bus     *bus.Bus
	catalog *catalog.Catalog
	worker  *Worker
	now     func() time.Time
	log     *slog.Logger
}

// NewQueue makes a Queue.
func NewQueue(b *bus.Bus, c *catalog.Catalog, w *Worker, now func() time.Time, log *slog.Logger) *Queue {
	return &Queue{bus: b, catalog: c, worker: w, now: now, log: log}
}

// Send queues a media: what is short by the look of it in the fast lane, so
// that a GIF doesn't wait behind a film, what is known to take long in the slow
// one, and what is to be processed once more behind everything else. It may be
// called again.
func (q *Queue) Send(ctx context.Context, m media.Media) error {
	lane := bus.Slow
	switch {
	case m.State.Done():
		lane = bus.Idle
	case m.Duration > 0: // the engine said so
	case m.Category.Kind() != media.KindVideo || m.Size() <= quickSize:
		lane = bus.Fast
	}
	if err := q.bus.Send(ctx, m.ID, lane); err != nil {
		return fmt.Errorf("queue %s: %w", m.ID, err)
	}
	return nil
}

// Work processes queued media until ctx ends: slots at once of the fast lane, as
// many of the slow one, and one of what is done already. What turns out to take
// long in the fast lane goes on in the slow one. Jobs that were running then are
// handed back. While the store or the catalogue is away a slot keeps the job it
// has for a moment, rather than go through all that wait.
func (q *Queue) Work(ctx context.Context, slots int) error {
	run := func(ctx context.Context, job bus.Job) error {
		err := q.run(ctx, job)
		if passes(err) {
			q.worker.hold(ctx)
		}
		return err
	}
	ended := make(chan error, 3)
	for lane, n := range map[bus.Lane]int{bus.Fast: slots, bus.Slow: slots, bus.Idle: 1} {
		go func() { ended <- q.bus.Work(ctx, lane, n, run) }()
	}
	return errors.Join(<-ended, <-ended, <-ended)
}

// run makes one attempt at a job.
func (q *Queue) run(ctx context.Context, job bus.Job) error {
	if job.Lane != bus.Fast {
		return q.worker.Run(ctx, job.ID, job.Delivery)
	}
	err := q.worker.RunQuick(ctx, job.ID, job.Delivery)
	if errors.Is(err, ErrLong) {
		return bus.Move(bus.Slow)
	}
	return err
}

// Resend queues what waits longer than a message should take, or whose worker
// has shown no life for ten leases: a lost message delays, and never loses. What
// is to be processed once more is queued by it alone.
func (q *Queue) Resend(ctx context.Context, pendingFor, silentFor time.Duration) error {
	now := q.now()
	ids, err := q.catalog.Stalled(ctx, now.Add(-pendingFor), now.Add(-silentFor), 1000)
	if err != nil {
		return fmt.Errorf("list stalled media: %w", err)
	}
	list, err := q.catalog.MediaList(ctx, ids)
	if err != nil {
		return fmt.Errorf("read stalled media: %w", err)
	}
	for _, id := range ids { // the longest untouched first
		m, ok := list[id]
		if !ok {
			continue // pruned since
		}
		// In a long line that is most of them, whose jobs are there.
		q.log.Debug("media queued again", "media", m.ID, "state", m.State)
		if err := q.Send(ctx, m); err != nil {
			return err
		}
	}
	return nil
}
