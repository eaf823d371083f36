package ownapi

import (
	"net/http"
	"strconv"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/webhook"
)

// How many deliveries a page of the log has.
const (
	deliveriesPage = 50
	deliveriesMost = 200
)

// deliveryResult is a delivery as answers show it.
type deliveryResult struct {
	ID         string                `json:"id"` // the header webhook-id
	Type       catalog.EventKind     `json:"type"`
	MediaID    string                `json:"media_id,omitempty"`
	State      catalog.DeliveryState `json:"state"`
	Tries      int                   `json:"tries"`
	CreatedAt  time.Time             `json:"created_at"`
	NextAt     *time.Time            `json:"next_try_at,omitempty"` // while it waits
	LastAt     *time.Time            `json:"last_try_at,omitempty"`
	LastStatus int                   `json:"last_status,omitempty"` // what the receiver answered
	LastWords  string                `json:"last_result,omitempty"`
	DoneAt     *time.Time            `json:"done_at,omitempty"`
}

func showDelivery(d catalog.Delivery) deliveryResult {
	out := deliveryResult{
		ID: webhook.MessageID(d.Event), Type: d.Event.Kind, State: d.State, Tries: d.Tries, CreatedAt: d.Event.At,
		LastAt: unlessZero(d.LastAt), LastStatus: d.LastStatus, LastWords: d.LastWords, DoneAt: unlessZero(d.DoneAt),
	}
	if d.Event.Media != 0 {
		out.MediaID = d.Event.Media.String()
	}
	if d.State == catalog.DeliveryWaiting {
		out.NextAt = unlessZero(d.NextAt)
	}
	return out
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// webhookDeliveries answers GET /magpie/v1/webhooks/{id}/deliveries: what was and
// will be sent, the newest first, a page at a time.
func (a *API) webhookDeliveries(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	p, err := parameters(r, "max_results", "pagination_token")
	if err != nil {
		return err
	}
	limit := deliveriesPage
	if s, ok := p["max_results"]; ok {
		if limit, err = strconv.Atoi(s); err != nil || limit < 1 || limit > deliveriesMost {
			return media.Invalid("max_results", "must be a number from 1 to %d", deliveriesMost)
		}
	}
	before := int64(0)
	if s, ok := p["pagination_token"]; ok {
		if before, err = webhook.ParseMessageID(s); err != nil {
			return media.Invalid("pagination_token", "must be the next_token of an answer before")
		}
	}
	all, err := a.catalog.Deliveries(r.Context(), who.User, id, before, limit+1)
	if err != nil {
		return err
	}
	meta := map[string]any{}
	if len(all) > limit {
		all = all[:limit]
		meta["next_token"] = webhook.MessageID(all[limit-1].Event)
	}
	meta["result_count"] = len(all)
	out := make([]deliveryResult, len(all))
	for i, d := range all {
		out[i] = showDelivery(d)
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": out, "meta": meta})
}

// webhookRedeliver answers POST
// /magpie/v1/webhooks/{id}/deliveries/{delivery}/redeliver: the delivery is due
// at once, and has as many tries as a new one. The message has the id it had.
func (a *API) webhookRedeliver(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	event, err := webhook.ParseMessageID(r.PathValue("delivery"))
	if err != nil {
		return err
	}
	d, err := a.catalog.Redeliver(r.Context(), who.User, id, event, a.now())
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusAccepted, map[string]any{"data": showDelivery(d)})
}

// webhookTry answers POST /magpie/v1/webhooks/{id}/test: a message of type
// webhook.test is sent like any other, whatever the webhook asked for.
func (a *API) webhookTry(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	d, made, err := a.catalog.TestWebhook(r.Context(), who.User, id, a.now())
	if err != nil {
		return err
	}
	if !made {
		return &media.Error{Code: media.CodeRateLimited, RetryAfter: 5 * time.Second, Detail: "A test of this webhook waits to be delivered; see its deliveries."}
	}
	return a.answer(w, r, http.StatusAccepted, map[string]any{"data": showDelivery(d)})
}
