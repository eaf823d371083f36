package ownapi

import (
	"net/http"
	"time"

	"magpie/internal/auth"
	"magpie/internal/webhook"
)

// oldSecretFor is how long the secret before a rotation goes on signing, so that
// a receiver can be moved to the new one without a gap.
const oldSecretFor = 24 * time.Hour

// webhookRotate answers POST /magpie/v1/webhooks/{id}/rotate-secret with the new
// secret, which is shown this once. The one before signs as well for a day, and
// one before that no longer.
func (a *API) webhookRotate(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	secret, err := webhook.NewSecret(a.webhooks.Random)
	if err != nil {
		return err
	}
	err = a.catalog.RotateWebhookSecret(r.Context(), who.User, id, a.webhooks.Seal(id, secret), a.now().Add(oldSecretFor))
	if err != nil {
		return err
	}
	hook, err := a.catalog.Webhook(r.Context(), who.User, id)
	if err != nil {
		return err
	}
	out := a.showWebhook(hook)
	out.Secret = secret
	return a.answer(w, r, http.StatusOK, map[string]any{"data": out})
}
