package ownapi

import (
	"net/http"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// adminToken is an access token, of which nobody knows the secret.
type adminToken struct {
	ID string `json:"id"`
	adminUser
	Label      string     `json:"label"`
	Scopes     []string   `json:"scopes"`
	AppOnly    bool       `json:"app_only"`
	Client     string     `json:"client,omitempty"`
	ClientName string     `json:"client_name,omitempty"`
	State      string     `json:"state"` // valid, expired or revoked
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
}

// adminTokens answers GET /magpie/v1/admin/tokens: those that an operator made,
// or with kind=client those that clients were given, the newest first.
func (a *API) adminTokens(w http.ResponseWriter, r *http.Request, _ auth.Identity) error {
	query, err := parameters(r, "kind", "user", "limit", "cursor")
	if err != nil {
		return err
	}
	l := catalog.TokenQuery{}
	limit, after, err := placed(query)
	if err != nil {
		return err
	}
	l.Limit, l.After = limit+1, after
	switch kind, said := query["kind"]; {
	case kind == "client":
		l.Given = true
	case said && kind != "operator":
		return shown(media.Invalid("kind", "must be operator or client"), kind)
	}
	if text, said := query["user"]; said {
		if l.User, err = media.ParseUserID(text); err != nil {
			return shown(media.Invalid("user", "must be a user id, 1 to 19 digits"), text)
		}
	}
	rows, err := a.catalog.TokensByAge(r.Context(), l)
	if err != nil {
		return err
	}
	clients := []string{}
	for _, t := range rows {
		if t.Client != "" {
			clients = append(clients, t.Client)
		}
	}
	names, err := usernames(r.Context(), a.catalog, rows, func(t catalog.Token) string { return t.User })
	if err != nil {
		return err
	}
	apps, err := a.catalog.ClientNames(r.Context(), clients)
	if err != nil {
		return err
	}
	now := a.now()
	return a.answer(w, r, http.StatusOK, listedAfter(rows, limit, func(t catalog.Token) adminToken {
		return adminToken{
			ID: t.ID, adminUser: adminUser{t.User, names[t.User]}, Label: t.Label, Scopes: t.Scopes, AppOnly: t.AppOnly,
			Client: t.Client, ClientName: apps[t.Client], State: tokenState(t, now),
			CreatedAt: t.CreatedAt, ExpiresAt: moment(t.ExpiresAt), RevokedAt: moment(t.RevokedAt),
		}
	}))
}

func tokenState(t catalog.Token, now time.Time) string {
	switch {
	case !t.RevokedAt.IsZero():
		return "revoked"
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return "expired"
	}
	return "valid"
}

// adminRevokeToken answers DELETE /magpie/v1/admin/tokens/{id}: the token is worth
// nothing any more. Again it answers the same.
func (a *API) adminRevokeToken(w http.ResponseWriter, r *http.Request, _ auth.Identity) error {
	id, err := namedID(r, "token")
	if err != nil {
		return err
	}
	if _, err := a.catalog.RevokeToken(r.Context(), id, a.now()); err != nil {
		return err
	}
	return a.answer(w, r, http.StatusNoContent, nil)
}
