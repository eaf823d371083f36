package ownapi

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// webhookChange answers PATCH /magpie/v1/webhooks/{id}: where it leads, what it
// is told, and whether it is. What happens while it is paused is sent when it is
// active again; active also mends one that was disabled.
func (a *API) webhookChange(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	var asked struct {
		URL    *string  `json:"url"`
		Events []string `json:"events"`
		Status *string  `json:"status"`
	}
	if err := readBody(w, r, &asked); err != nil {
		return err
	}
	if asked.URL != nil {
		if err := a.checkWebhookURL(*asked.URL); err != nil {
			return err
		}
	}
	kinds, err := webhookEvents(asked.Events)
	if err != nil {
		return err
	}
	if s := asked.Status; s != nil && *s != string(catalog.WebhookActive) && *s != string(catalog.WebhookPaused) {
		e := media.Invalid("status", "must be active or paused")
		e.Value = *s
		return e
	}
	hook, err := a.catalog.ChangeWebhook(r.Context(), who.User, id, a.now(), func(hook *catalog.Webhook) error {
		if asked.URL != nil {
			hook.URL = *asked.URL
		}
		if asked.Events != nil {
			hook.Kinds = kinds
		}
		if asked.Status != nil {
			hook.Status = catalog.WebhookStatus(*asked.Status)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": a.showWebhook(hook)})
}
