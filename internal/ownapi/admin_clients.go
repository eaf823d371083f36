package ownapi

import (
	"net/http"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// adminClient is a client without its secrets. The user is its owner, "" for
// none.
type adminClient struct {
	ID string `json:"id"`
	adminUser
	Name         string     `json:"name"`
	APIKey       string     `json:"api_key"`
	Public       bool       `json:"public"`
	ReadOnly     bool       `json:"read_only"`
	RedirectURIs []string   `json:"redirect_uris"`
	BuiltIn      bool       `json:"built_in"` // the console, which is not revoked
	State        string     `json:"state"`    // valid or revoked
	CreatedAt    time.Time  `json:"created_at"`
	RevokedAt    *time.Time `json:"revoked_at,omitempty"`
}

// adminClients answers GET /magpie/v1/admin/clients, the newest first.
func (a *API) adminClients(w http.ResponseWriter, r *http.Request, _ auth.Identity) error {
	query, err := parameters(r, "limit", "cursor")
	if err != nil {
		return err
	}
	limit, after, err := placed(query)
	if err != nil {
		return err
	}
	rows, err := a.catalog.ClientsByAge(r.Context(), after, limit+1)
	if err != nil {
		return err
	}
	names, err := usernames(r.Context(), a.catalog, rows, func(c catalog.Client) string { return c.Owner })
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, listedAfter(rows, limit, func(c catalog.Client) adminClient {
		out := adminClient{
			ID: c.ID, adminUser: adminUser{c.Owner, names[c.Owner]}, Name: c.Name, APIKey: c.APIKey, Public: c.Public, ReadOnly: c.ReadOnly,
			RedirectURIs: append([]string{}, c.RedirectURIs...), BuiltIn: c.ID == auth.ConsoleClient, State: "valid", CreatedAt: c.CreatedAt, RevokedAt: moment(c.RevokedAt),
		}
		if out.RevokedAt != nil {
			out.State = "revoked"
		}
		return out
	}))
}

// adminRevokeClient answers DELETE /magpie/v1/admin/clients/{id}: the client and
// all that users let it do is worth nothing any more. Again it answers the same.
func (a *API) adminRevokeClient(w http.ResponseWriter, r *http.Request, _ auth.Identity) error {
	id, err := namedID(r, "client")
	if err != nil {
		return err
	}
	if id == auth.ConsoleClient {
		return media.Errorf(media.CodeConflict, "%s is the console itself, in which nobody could sign in any more; to sign a user out, revoke the user's tokens or change the password.", auth.ConsoleClient)
	}
	if _, err := a.catalog.RevokeClient(r.Context(), id, a.now()); err != nil {
		return err
	}
	return a.answer(w, r, http.StatusNoContent, nil)
}
