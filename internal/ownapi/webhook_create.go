package ownapi

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/webhook"
)

// webhookCreate answers POST /magpie/v1/webhooks: a webhook that is told what
// happens from now on. The answer has its secret, which is shown this once.
func (a *API) webhookCreate(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	if _, err := parameters(r); err != nil {
		return err
	}
	var asked struct {
		URL    *string  `json:"url"`
		Events []string `json:"events"`
	}
	if err := readBody(w, r, &asked); err != nil {
		return err
	}
	if asked.URL == nil {
		return media.Invalid("url", "is missing; it says where events are sent, such as https://app.example/hooks/magpie")
	}
	if err := a.checkWebhookURL(*asked.URL); err != nil {
		return err
	}
	kinds, err := webhookEvents(asked.Events)
	if err != nil {
		return err
	}
	secret, err := webhook.NewSecret(a.webhooks.Random)
	if err != nil {
		return err
	}
	for range 3 { // an id may be taken
		now := a.now().UTC().Truncate(time.Millisecond) // as it is kept
		id, err := media.NewID(now, a.webhooks.Random)
		if err != nil {
			return fmt.Errorf("name a webhook: %w", err)
		}
		hook := catalog.Webhook{
			ID: int64(id), Owner: who.User, URL: *asked.URL, Secret: a.webhooks.Seal(int64(id), secret), Kinds: kinds,
			Status: catalog.WebhookActive, StatusAt: now, CreatedAt: now,
		}
		made, err := a.catalog.CreateWebhook(r.Context(), hook, maxWebhooks)
		if errors.Is(err, catalog.ErrConflict) {
			continue
		}
		if err != nil {
			return err
		}
		if !made {
			return media.Errorf(media.CodeForbidden, "This user has %d webhooks, which is as many as one may have; delete one first.", maxWebhooks)
		}
		out := a.showWebhook(hook)
		out.Secret = secret
		return a.answer(w, r, http.StatusCreated, map[string]any{"data": out})
	}
	return errors.New("make a webhook: three ids in a row were taken")
}
