package catalog

import (
	"context"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// WebhookStatus says whether a webhook is sent anything.
type WebhookStatus string

// The statuses. What happens while one is paused waits for it; what happens
// while one is disabled it never hears of.
const (
	WebhookActive   WebhookStatus = "active"
	WebhookPaused   WebhookStatus = "paused"   // by its owner
	WebhookDisabled WebhookStatus = "disabled" // because its receiver said that it is gone
)

// Webhook is where an owner wants events sent. Secrets are sealed: the room that
// sends opens them.
type Webhook struct {
	ID        int64
	Owner     string
	URL       string
	Secret    string
	OldSecret string // the one before, which signs as well until OldUntil; "" for none
	OldUntil  time.Time
	Kinds     []EventKind // in the order of EventKinds
	Status    WebhookStatus
	StatusAt  time.Time // when it became that
	CreatedAt time.Time
}

// CreateWebhook records a webhook unless its owner has limit of them already:
// false. An id that is taken is ErrConflict. Events of before it are not sent.
func (c *Catalog) CreateWebhook(ctx context.Context, w Webhook, limit int) (bool, error) {
	made, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		if _, err := q.LockEventCounter(ctx); err != nil { // so that two at once are counted
			return 0, err
		}
		has, err := q.CountWebhooks(ctx, w.Owner)
		if err != nil || has >= int64(limit) {
			return 0, err
		}
		n, err := q.InsertWebhook(ctx, queries.InsertWebhookParams{
			ID: w.ID, Owner: w.Owner, Url: w.URL, Secret: w.Secret, OldSecret: w.OldSecret, OldUntil: millis(w.OldUntil),
			Kinds: kindBits(w.Kinds), Status: string(w.Status), StatusAt: millis(w.StatusAt), CreatedAt: millis(w.CreatedAt),
		})
		if err == nil && n == 0 {
			err = ErrConflict
		}
		return n, err
	})
	return made, during(err, "create a webhook")
}

// Webhook reads one webhook of an owner. An id that is unknown, or another
// owner's, is media.CodeNotFound.
func (c *Catalog) Webhook(ctx context.Context, owner string, id int64) (Webhook, error) {
	w, err := getWebhook(ctx, c.read(), owner, id)
	return w, during(err, "read webhook %d", id)
}

func getWebhook(ctx context.Context, q *queries.Queries, owner string, id int64) (Webhook, error) {
	r, err := q.GetWebhook(ctx, id)
	if err != nil {
		return Webhook{}, notFound(err, "There is no webhook %d of this user.", id)
	}
	if r.Owner != owner {
		return Webhook{}, noWebhook(id)
	}
	return webhookOf(r), nil
}

func noWebhook(id int64) error {
	return media.Errorf(media.CodeNotFound, "There is no webhook %d of this user.", id)
}

// Webhooks reads an owner's webhooks, the oldest first.
func (c *Catalog) Webhooks(ctx context.Context, owner string) ([]Webhook, error) {
	rows, err := c.read().ListWebhooks(ctx, owner)
	if err != nil {
		return nil, during(err, "read the webhooks of user %s", owner)
	}
	out := make([]Webhook, len(rows))
	for i, r := range rows {
		out[i] = webhookOf(r)
	}
	return out, nil
}

// ChangeWebhook reads a webhook, lets fn change its URL, Kinds and Status, and
// writes those, all in one transaction; an error of fn's changes nothing and
// comes back. It gives the webhook as it is afterwards. Which is not the owner's
// is media.CodeNotFound.
func (c *Catalog) ChangeWebhook(ctx context.Context, owner string, id int64, now time.Time, fn func(*Webhook) error) (Webhook, error) {
	var w Webhook
	err := c.write(ctx, func(q *queries.Queries) (err error) {
		if _, err := q.LockEventCounter(ctx); err != nil { // for the one after this to read what this wrote
			return err
		}
		if w, err = getWebhook(ctx, q, owner, id); err != nil {
			return err
		}
		if err = fn(&w); err != nil {
			return err
		}
		_, err = q.UpdateWebhook(ctx, queries.UpdateWebhookParams{
			ID: id, Owner: owner, Url: w.URL, Kinds: kindBits(w.Kinds), Status: string(w.Status), Now: millis(now),
		})
		if err != nil {
			return err
		}
		w, err = getWebhook(ctx, q, owner, id)
		return err
	})
	if err != nil {
		return Webhook{}, during(err, "change webhook %d", id)
	}
	return w, nil
}

// RotateWebhookSecret gives a webhook a new secret; the one before signs as well
// until a time. Which is not the owner's is media.CodeNotFound.
func (c *Catalog) RotateWebhookSecret(ctx context.Context, owner string, id int64, sealed string, oldUntil time.Time) error {
	_, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		n, err := q.RotateWebhookSecret(ctx, queries.RotateWebhookSecretParams{ID: id, Owner: owner, Secret: sealed, OldUntil: millis(oldUntil)})
		if err == nil && n == 0 {
			err = noWebhook(id)
		}
		return n, err
	})
	return during(err, "rotate the secret of webhook %d", id)
}

// DeleteWebhook removes a webhook with its deliveries. Which is not the owner's
// is media.CodeNotFound.
func (c *Catalog) DeleteWebhook(ctx context.Context, owner string, id int64) error {
	_, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		n, err := q.DeleteWebhook(ctx, queries.DeleteWebhookParams{ID: id, Owner: owner})
		if err == nil && n == 0 {
			err = noWebhook(id)
		}
		return n, err
	})
	return during(err, "delete webhook %d", id)
}

func kindBits(kinds []EventKind) int64 {
	var bits int64
	for _, k := range kinds {
		bits |= k.bit()
	}
	return bits
}

func webhookOf(r queries.Webhook) Webhook {
	w := Webhook{
		ID: r.ID, Owner: r.Owner, URL: r.Url, Secret: r.Secret, OldSecret: r.OldSecret, OldUntil: timeOf(r.OldUntil),
		Status: WebhookStatus(r.Status), StatusAt: timeOf(r.StatusAt), CreatedAt: timeOf(r.CreatedAt),
	}
	for _, k := range EventKinds() {
		if r.Kinds&k.bit() != 0 {
			w.Kinds = append(w.Kinds, k)
		}
	}
	return w
}
