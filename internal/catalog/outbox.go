package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
	"magpie/internal/trace"
)

// EventKind says what happened, in the words that webhooks and streams use.
type EventKind string

// The kinds. MediaSucceeded and MediaFailed are of a media's first outcome, and
// of one that succeeds after it had failed; MediaExpired is the end of its
// retention. WebhookTest is of no media: somebody tries a webhook.
const (
	MediaSucceeded EventKind = "media.succeeded"
	MediaFailed    EventKind = "media.failed"
	MediaExpired   EventKind = "media.expired"
	MediaDeleted   EventKind = "media.deleted"
	MediaRestored  EventKind = "media.restored"
	WebhookTest    EventKind = "webhook.test"
)

// EventKinds lists what a webhook can ask for.
func EventKinds() []EventKind {
	return []EventKind{MediaSucceeded, MediaFailed, MediaExpired, MediaDeleted, MediaRestored}
}

// bit is the kind's place in a webhook's row; 0 for one that is none of
// EventKinds. New kinds go to the end of that list.
func (k EventKind) bit() int64 {
	if i := slices.Index(EventKinds(), k); i >= 0 {
		return 1 << i
	}
	return 0
}

// Event is one thing that happened. It does not change, and goes by PruneEvents.
type Event struct {
	ID       int64 // 1, 2, 3, … in the order in which they came to be
	Kind     EventKind
	Media    media.ID       // 0 for WebhookTest
	Owner    string         // the media's, or the webhook's
	Category media.Category // of the media, which may be pruned by now
	Failure  *media.Failure // set exactly for MediaFailed
	At       time.Time
	Trace    trace.Context // of whoever asked for what made it come about; zero for none
}

// noteEvent writes that something happened to a media which is there, and a
// delivery for each webhook that wants to know. It is the last that a
// transaction does to media rows: from here to its end it holds the counter, and
// whoever else notes an event waits.
func noteEvent(ctx context.Context, q *queries.Queries, kind EventKind, id media.ID, now time.Time) error {
	event, err := q.NextEvent(ctx)
	if err != nil {
		return fmt.Errorf("number the event %s: %w", kind, err)
	}
	n, err := q.InsertMediaEvent(ctx, queries.InsertMediaEventParams{
		EventID: event, Kind: string(kind), MediaID: int64(id), At: millis(now), Trace: traceText(ctx),
	})
	if err != nil {
		return fmt.Errorf("note the event %s: %w", kind, err)
	}
	if n == 0 {
		return fmt.Errorf("note the event %s: there is no media %s", kind, id)
	}
	err = q.InsertDeliveries(ctx, queries.InsertDeliveriesParams{EventID: event, Kind: kind.bit()})
	if err != nil {
		return fmt.Errorf("hand out the event %s: %w", kind, err)
	}
	return nil
}

// LastEvent is the id of the newest event there ever was, 0 for none. Every
// event that comes to be later has a higher one.
func (c *Catalog) LastEvent(ctx context.Context) (int64, error) {
	r, err := c.read().GetEventCounter(ctx)
	return r.Last, during(err, "read the newest event")
}

// Events gives the at most limit oldest events after the one with the id after.
func (c *Catalog) Events(ctx context.Context, after int64, limit int) ([]Event, error) {
	rows, err := c.read().EventsAfter(ctx, queries.EventsAfterParams{After: after, AtMost: atMost(limit)})
	if err != nil {
		return nil, during(err, "read events after %d", after)
	}
	return eventsOf(rows), nil
}

// EventsOf is Events of one owner. False means that it can't be told: some after
// that id have been pruned, or there never was an event with it. 0 is before the
// first.
func (c *Catalog) EventsOf(ctx context.Context, owner string, after int64, limit int) ([]Event, bool, error) {
	var events []Event
	known := false
	err := c.snapshot(ctx, func(q *queries.Queries) error {
		counter, err := q.GetEventCounter(ctx)
		if err != nil {
			return err
		}
		if known = after >= counter.Pruned && after <= counter.Last; !known {
			return nil
		}
		rows, err := q.EventsOfOwnerAfter(ctx, queries.EventsOfOwnerAfterParams{Owner: owner, After: after, AtMost: atMost(limit)})
		events = eventsOf(rows)
		return err
	})
	if err != nil {
		return nil, false, during(err, "read events of user %s after %d", owner, after)
	}
	return events, known, nil
}

// PruneEvents removes at most limit events of before a time, with their
// deliveries, whatever became of those, and gives how many.
func (c *Catalog) PruneEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	var ids []int64
	err := c.write(ctx, func(q *queries.Queries) (err error) {
		ids, err = q.PruneEvents(ctx, queries.PruneEventsParams{Before: millis(before), AtMost: atMost(limit)})
		if err != nil || len(ids) == 0 {
			return err
		}
		return q.NotePruned(ctx, slices.Max(ids))
	})
	return len(ids), during(err, "prune events")
}

// Moving is a media that is on its way, as far as somebody who watches it cares.
type Moving struct {
	ID        media.ID
	Owner     string
	Category  media.Category
	State     media.State // pending or in_progress
	Attempt   int64
	Progress  int
	TouchedAt time.Time
}

// Moving gives the live media that are pending or in progress and were touched
// at or after a time, at most limit of each.
func (c *Catalog) Moving(ctx context.Context, since time.Time, limit int) ([]Moving, error) {
	var out []Moving
	err := c.snapshot(ctx, func(q *queries.Queries) error {
		out = nil
		for _, state := range []media.State{media.Pending, media.InProgress} {
			rows, err := q.MovingMedia(ctx, queries.MovingMediaParams{State: string(state), Since: millis(since), AtMost: atMost(limit)})
			if err != nil {
				return err
			}
			for _, r := range rows {
				out = append(out, Moving{
					ID: media.ID(r.ID), Owner: r.Owner, Category: media.Category(r.Category), State: media.State(r.State),
					Attempt: r.Attempt, Progress: int(r.Progress), TouchedAt: timeOf(r.TouchedAt),
				})
			}
		}
		return nil
	})
	if err != nil {
		return nil, during(err, "read which media are on their way")
	}
	return out, nil
}

func eventsOf(rows []queries.Event) []Event {
	out := make([]Event, len(rows))
	for i, r := range rows {
		out[i] = eventOf(r)
	}
	return out
}

func eventOf(r queries.Event) Event {
	e := Event{
		ID: r.ID, Kind: EventKind(r.Kind), Media: media.ID(r.MediaID), Owner: r.Owner,
		Category: media.Category(r.Category), At: timeOf(r.At), Trace: traceOf(r.Trace),
	}
	if e.Kind == MediaFailed {
		e.Failure = &media.Failure{Code: int(r.FailureCode), Name: r.FailureName, Message: r.FailureMessage}
	}
	return e
}

// traceText is the trace of a context as events keep it.
func traceText(ctx context.Context) string {
	t := trace.From(ctx)
	if t.IsZero() {
		return ""
	}
	return strings.TrimSpace(t.Parent() + " " + t.State())
}

// traceOf reads what traceText wrote.
func traceOf(text string) trace.Context {
	parent, state, _ := strings.Cut(text, " ")
	t, _ := trace.Read([]string{parent}, []string{state})
	return t
}
