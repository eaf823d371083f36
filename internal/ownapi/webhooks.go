package ownapi

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/webhook"
)

// maxWebhooks is how many webhooks one user may have.
const maxWebhooks = 20

// Webhooks is what the endpoints of webhooks need.
type Webhooks struct {
	Seal    func(webhook int64, secret string) string // what the sending room opens
	Targets webhook.Targets
	Random  io.Reader
}

// routeWebhooks adds the endpoints, which are for the user's own tokens.
func (a *API) routeWebhooks() {
	own := need{scopes: []string{auth.MediaWrite}}
	for route, h := range map[string]handler{
		"POST /magpie/v1/webhooks":                                      a.webhookCreate,
		"GET /magpie/v1/webhooks":                                       a.webhookList,
		"GET /magpie/v1/webhooks/{id}":                                  a.webhookGet,
		"PATCH /magpie/v1/webhooks/{id}":                                a.webhookChange,
		"DELETE /magpie/v1/webhooks/{id}":                               a.webhookDelete,
		"POST /magpie/v1/webhooks/{id}/rotate-secret":                   a.webhookRotate,
		"POST /magpie/v1/webhooks/{id}/test":                            a.webhookTry,
		"GET /magpie/v1/webhooks/{id}/deliveries":                       a.webhookDeliveries,
		"POST /magpie/v1/webhooks/{id}/deliveries/{delivery}/redeliver": a.webhookRedeliver,
	} {
		a.mux.Handle(route, a.endpoint(own, h))
	}
}

// webhookResult is a webhook as answers show it.
type webhookResult struct {
	ID          string                `json:"id"`
	URL         string                `json:"url"`
	Events      []catalog.EventKind   `json:"events"`
	Status      catalog.WebhookStatus `json:"status"`
	StatusSince time.Time             `json:"status_since"`
	CreatedAt   time.Time             `json:"created_at"`
	Secret      string                `json:"secret,omitempty"`           // when it was made just now
	OldUntil    *time.Time            `json:"old_secret_until,omitempty"` // the one before signs as well until then
}

func (a *API) showWebhook(w catalog.Webhook) webhookResult {
	out := webhookResult{
		ID: strconv.FormatInt(w.ID, 10), URL: w.URL, Events: w.Kinds, Status: w.Status, StatusSince: w.StatusAt, CreatedAt: w.CreatedAt,
	}
	if w.OldSecret != "" && a.now().Before(w.OldUntil) {
		out.OldUntil = &w.OldUntil
	}
	return out
}

// webhookList answers GET /magpie/v1/webhooks with the caller's, the oldest
// first.
func (a *API) webhookList(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	if _, err := parameters(r); err != nil {
		return err
	}
	all, err := a.catalog.Webhooks(r.Context(), who.User)
	if err != nil {
		return err
	}
	out := make([]webhookResult, len(all))
	for i, hook := range all {
		out[i] = a.showWebhook(hook)
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": out})
}

// webhookGet answers GET /magpie/v1/webhooks/{id}.
func (a *API) webhookGet(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	hook, err := a.catalog.Webhook(r.Context(), who.User, id)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": a.showWebhook(hook)})
}

// webhookDelete answers DELETE /magpie/v1/webhooks/{id}. What waits for it is
// not sent any more.
func (a *API) webhookDelete(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	if err := a.catalog.DeleteWebhook(r.Context(), who.User, id); err != nil {
		return err
	}
	return a.answer(w, r, http.StatusNoContent, nil)
}

// webhookID reads the id in the path, and refuses parameters.
func webhookID(r *http.Request) (int64, error) {
	if _, err := parameters(r); err != nil {
		return 0, err
	}
	return pathID(r)
}

func pathID(r *http.Request) (int64, error) {
	id, err := media.ParseID(r.PathValue("id"))
	if err != nil {
		return 0, media.Invalid("id", "A webhook's id is a positive number of at most 19 digits.")
	}
	return int64(id), nil
}

// webhookEvents checks the kinds that a caller asks for. None asked for is all.
func webhookEvents(asked []string) ([]catalog.EventKind, error) {
	known := catalog.EventKinds()
	if asked == nil {
		return known, nil
	}
	var words []string
	for _, k := range known {
		words = append(words, string(k))
	}
	all := strings.Join(words, ", ")
	if len(asked) == 0 {
		return nil, media.Invalid("events", "must name at least one of %s; left out, it is all of them", all)
	}
	wanted := map[string]bool{}
	for _, name := range asked {
		if !strings.Contains(", "+all+", ", ", "+name+", ") || strings.Contains(name, ",") {
			e := media.Invalid("events", "must be some of %s", all)
			e.Value = name
			return nil, e
		}
		wanted[name] = true
	}
	var out []catalog.EventKind
	for _, k := range known {
		if wanted[string(k)] {
			out = append(out, k)
		}
	}
	return out, nil
}

// checkWebhookURL refuses what nothing can be sent to.
func (a *API) checkWebhookURL(url string) error {
	if err := webhook.CheckURL(url); err != nil {
		return err
	}
	return a.webhooks.Targets.CheckAddress(url)
}
