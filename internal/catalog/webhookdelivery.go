package catalog

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// DeliveryState is where a delivery stands.
type DeliveryState string

// The states. A delivery that is done can be made to wait again.
const (
	DeliveryWaiting DeliveryState = "waiting"
	Delivered       DeliveryState = "delivered"
	DeliveryFailed  DeliveryState = "failed" // given up
)

// Delivery is one event on its way to one webhook.
type Delivery struct {
	Webhook    int64
	Event      Event
	State      DeliveryState
	Attempt    int64     // the newest try of all there ever were; 0 before the first
	Tries      int       // since it was made, or last asked for by Redeliver
	NextAt     time.Time // when it is due, while it waits
	BusyUntil  time.Time // until then the newest try has it; zero for none
	LastAt     time.Time // when the last try ended; zero before
	LastStatus int       // what the receiver answered; 0 for nothing
	LastWords  string    // what was wrong, or how the answer began
	DoneAt     time.Time // zero while it waits
}

// DueWebhook is an active webhook for which something is due.
type DueWebhook struct {
	ID  int64
	URL string
}

// DueWebhooks gives the active webhooks with deliveries that nobody is at and
// whose time has come.
func (c *Catalog) DueWebhooks(ctx context.Context, now time.Time) ([]DueWebhook, error) {
	rows, err := c.read().DueWebhooks(ctx, millis(now))
	if err != nil {
		return nil, during(err, "look for due deliveries")
	}
	out := make([]DueWebhook, len(rows))
	for i, r := range rows {
		out[i] = DueWebhook{ID: r.ID, URL: r.Url}
	}
	return out, nil
}

// ClaimDelivery begins a try at the delivery of an active webhook that has been
// due for longest: Attempt and Tries are one more, and nobody else gets it
// before busyUntil. False means that there is none.
func (c *Catalog) ClaimDelivery(ctx context.Context, webhook int64, now, busyUntil time.Time) (Webhook, Delivery, bool, error) {
	var w Webhook
	var d Delivery
	err := c.write(ctx, func(q *queries.Queries) error {
		hook, err := q.GetWebhook(ctx, webhook)
		if err != nil {
			return err
		}
		if WebhookStatus(hook.Status) != WebhookActive {
			return sql.ErrNoRows
		}
		r, err := q.ClaimDelivery(ctx, queries.ClaimDeliveryParams{WebhookID: webhook, Now: millis(now), BusyUntil: millis(busyUntil)})
		if err != nil {
			return err
		}
		event, err := q.GetEvent(ctx, r.EventID)
		w, d = webhookOf(hook), deliveryOf(r, event)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Webhook{}, Delivery{}, false, nil
	}
	if err != nil {
		return Webhook{}, Delivery{}, false, during(err, "claim a delivery of webhook %d", webhook)
	}
	return w, d, true, nil
}

// SettleDelivery writes how the try that d was claimed for ended: State, NextAt,
// LastAt, LastStatus, LastWords and DoneAt. With disable it also disables the
// webhook. False means that the try is not the newest any more, or that the
// delivery is gone: nothing was written.
func (c *Catalog) SettleDelivery(ctx context.Context, d Delivery, disable bool) (bool, error) {
	settled, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		if disable {
			if _, err := q.DisableWebhook(ctx, queries.DisableWebhookParams{ID: d.Webhook, Now: millis(d.LastAt)}); err != nil {
				return 0, err
			}
		}
		n, err := q.SettleDelivery(ctx, queries.SettleDeliveryParams{
			WebhookID: d.Webhook, EventID: d.Event.ID, Attempt: d.Attempt,
			State: string(d.State), NextAt: millis(d.NextAt), LastAt: millis(d.LastAt),
			LastStatus: int64(d.LastStatus), LastWords: plainText(d.LastWords), DoneAt: millis(d.DoneAt),
		})
		if err == nil && n == 0 && disable {
			err = errStaleTry // which must not disable it either
		}
		return n, err
	})
	if errors.Is(err, errStaleTry) {
		return false, nil
	}
	return settled, during(err, "settle the delivery of event %d to webhook %d", d.Event.ID, d.Webhook)
}

var errStaleTry = errors.New("another try has the delivery")

// FreeDeliveries makes due what tries have that did not end. It is for the
// start of a process that is the only one: the tries ended with another.
func (c *Catalog) FreeDeliveries(ctx context.Context) error {
	_, err := c.change(ctx, func(q *queries.Queries) (int64, error) { return q.FreeDeliveries(ctx) })
	return during(err, "free deliveries")
}

// Deliveries is an owner's log of a webhook: at most limit deliveries of events
// before the one with the id before (0 for all), the newest first. Which is not
// the owner's webhook is media.CodeNotFound.
func (c *Catalog) Deliveries(ctx context.Context, owner string, webhook, before int64, limit int) ([]Delivery, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	var out []Delivery
	err := c.snapshot(ctx, func(q *queries.Queries) error {
		if _, err := getWebhook(ctx, q, owner, webhook); err != nil {
			return err
		}
		rows, err := q.DeliveriesBefore(ctx, queries.DeliveriesBeforeParams{WebhookID: webhook, Before: before, AtMost: atMost(limit)})
		out = make([]Delivery, len(rows))
		for i, r := range rows {
			out[i] = deliveryOf(r.WebhookDelivery, r.Event)
		}
		return err
	})
	if err != nil {
		return nil, during(err, "read the deliveries of webhook %d", webhook)
	}
	return out, nil
}

// Redeliver makes a delivery due at now, whatever became of it, with as many
// tries before it as a new one. A try that is under way goes on, and is
// followed by another only if it does not get through. It gives the delivery as
// it is afterwards. What is not there is media.CodeNotFound.
func (c *Catalog) Redeliver(ctx context.Context, owner string, webhook, event int64, now time.Time) (Delivery, error) {
	var d Delivery
	err := c.write(ctx, func(q *queries.Queries) error {
		if _, err := getWebhook(ctx, q, owner, webhook); err != nil {
			return err
		}
		n, err := q.Redeliver(ctx, queries.RedeliverParams{WebhookID: webhook, EventID: event, Now: millis(now)})
		if err != nil {
			return err
		}
		if n == 0 {
			return media.Errorf(media.CodeNotFound, "The webhook %d has no delivery of that id, or has it no more.", webhook)
		}
		r, err := q.GetDelivery(ctx, queries.GetDeliveryParams{WebhookID: webhook, EventID: event})
		d = deliveryOf(r.WebhookDelivery, r.Event)
		return err
	})
	if err != nil {
		return Delivery{}, during(err, "redeliver event %d to webhook %d", event, webhook)
	}
	return d, nil
}

// TestWebhook makes an event that only this webhook gets, and gives its
// delivery; false if one waits already. Which is not the owner's webhook is
// media.CodeNotFound.
func (c *Catalog) TestWebhook(ctx context.Context, owner string, webhook int64, now time.Time) (Delivery, bool, error) {
	var d Delivery
	made, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		event, err := q.NextEvent(ctx) // first, so that two at once are counted
		if err != nil {
			return 0, err
		}
		if _, err := getWebhook(ctx, q, owner, webhook); err != nil {
			return 0, err
		}
		if waiting, err := q.WaitingTests(ctx, webhook); err != nil || waiting > 0 {
			return 0, err
		}
		if err := q.InsertEvent(ctx, queries.InsertEventParams{ID: event, Kind: string(WebhookTest), Owner: owner, At: millis(now), Trace: traceText(ctx)}); err != nil {
			return 0, err
		}
		if err := q.InsertDelivery(ctx, queries.InsertDeliveryParams{WebhookID: webhook, EventID: event, NextAt: millis(now)}); err != nil {
			return 0, err
		}
		r, err := q.GetDelivery(ctx, queries.GetDeliveryParams{WebhookID: webhook, EventID: event})
		d = deliveryOf(r.WebhookDelivery, r.Event)
		return 1, err
	})
	return d, made, during(err, "test webhook %d", webhook)
}

func deliveryOf(r queries.WebhookDelivery, e queries.Event) Delivery {
	return Delivery{
		Webhook: r.WebhookID, Event: eventOf(e), State: DeliveryState(r.State), Attempt: r.Attempt, Tries: int(r.Tries),
		NextAt: timeOf(r.NextAt), BusyUntil: timeOf(r.BusyUntil), LastAt: timeOf(r.LastAt),
		LastStatus: int(r.LastStatus), LastWords: r.LastWords, DoneAt: timeOf(r.DoneAt),
	}
}
