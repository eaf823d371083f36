package analytics

import (
	"context"
	"errors"
	"fmt"
	"time"

	"magpie/internal/bus"
	"magpie/internal/media"
	"magpie/internal/policy"
)

// MaxEvents is how many events one message may have.
const MaxEvents = 100

// viewAfter is how long somebody has to have had the player before it counts
// as a view.
const viewAfter = 2 * time.Second

// Event is one thing that a player says.
type Event struct {
	Metric  media.PlaybackMetric
	At      time.Time     // by the player's clock; zero for now
	Watched time.Duration // for media.WatchTime: since the beginning of the playback
}

// Intake takes events. Its methods may be used from many goroutines.
type Intake struct {
	bus   *bus.Bus
	ring  func() policy.Keyring
	now   func() time.Time
	rates *rates
}

// NewIntake makes an Intake. ring gives the keys that tokens are signed with now.
func NewIntake(b *bus.Bus, ring func() policy.Keyring, now func() time.Time) *Intake {
	return &Intake{bus: b, ring: ring, now: now, rates: newRates(perMinute, maxTracked)}
}

// Take takes what a player sends under a token. Once it returns nil, the events
// are on stable storage and will be counted. The same may be sent again at any
// time.
//
// Errors: media.CodeForbidden for a token that is forged or expired,
// media.CodeInvalid for too many events, media.CodeRateLimited for more than 60
// messages a minute under one token, media.CodeBusy while there is no room or
// the bus is away.
func (i *Intake) Take(ctx context.Context, token string, events []Event) error {
	now := i.now()
	t, err := Read(i.ring(), token, now)
	if err != nil {
		return err
	}
	if len(events) > MaxEvents {
		return media.Invalid("events", "has %d events; at most %d are taken at once", len(events), MaxEvents)
	}
	if wait, ok := i.rates.take(t.Session, now); !ok {
		return &media.Error{
			Code: media.CodeRateLimited, RetryAfter: wait,
			Detail: fmt.Sprintf("More than %d messages within a minute came under this playback token; send more events at once, and less often.", perMinute),
		}
	}
	r := judge(t, events, now)
	if len(r.Events) == 0 {
		return nil // nothing that could count, so nothing to keep
	}
	b, err := r.encode()
	if err != nil {
		return err
	}
	switch err := i.bus.Publish(ctx, b); {
	case errors.Is(err, bus.ErrLogFull):
		return media.Busy(10*time.Second, "There is no room for playback events just now; send them again later.")
	case err != nil: // a bus that is away, or ends: it is no fault of the events
		busy := media.Busy(5*time.Second, "Playback events can't be kept just now; send them again later.")
		busy.Cause = fmt.Errorf("take playback events of %s: %w", t.Media, err)
		return busy
	}
	return nil
}

// judge keeps of the events what can be true: they happened after the token was
// minted and not in the future, nobody watched for longer than that, and a view
// takes its two seconds.
func judge(t Token, events []Event, now time.Time) record {
	r := record{
		Version: recordVersion, Media: t.Media, Session: t.Session,
		Expires: t.Expires().UnixMilli(), Received: now.UnixMilli(),
	}
	had := now.Sub(t.Minted)
	for _, e := range events {
		at := e.At
		if at.IsZero() || at.After(now) {
			at = now
		}
		if at.Before(t.Minted) {
			at = t.Minted
		}
		out := recordEvent{Metric: e.Metric, At: at.UnixMilli()}
		switch {
		case e.Metric == media.WatchTime:
			if out.Watch = min(e.Watched, had).Milliseconds(); out.Watch <= 0 {
				continue
			}
		case e.Metric == media.VideoView && had < viewAfter:
			continue
		}
		r.Events = append(r.Events, out)
	}
	return r
}
