package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"magpie/internal/auth"
	"magpie/internal/delivery"
	"magpie/internal/oauth"
)

// routeOAuth adds the OAuth 2 endpoints. Pages of other origins may call those
// that clients call; those that people see, which go by a cookie, they may not.
func (a *app) routeOAuth(all *http.ServeMux, fail delivery.ErrorWriter) *oauth.Server {
	server := oauth.New(oauth.Config{
		Accounts: auth.NewAccounts(a.catalog, time.Now, rand.Reader),
		Attempts: auth.NewAttempts(time.Now),
		Clients:  auth.NewClients(a.catalog, a.keys, time.Now, rand.Reader),
		Consents: auth.NewConsents(a.catalog, time.Now, rand.Reader),
		Keys:     a.keys,
		Secure:   strings.HasPrefix(a.settings.PublicURL, "https://"),
		Fail:     fail,
		Log:      a.log,
	})
	all.Handle("/2/oauth2/", server)
	all.Handle("/i/oauth2/", server)
	for _, path := range []string{"/2/oauth2/token", "/2/oauth2/revoke", "/oauth2/"} {
		all.Handle(path, crossOrigin(server, a.settings.CORSOrigins))
	}
	return server
}

// keepGrants is how long what has ended of sign-ins and consents is remembered,
// to say that it has.
const keepGrants = 24 * time.Hour

// pruneGrants deletes sign-ins, consents and their tokens that ended a day ago.
func (a *app) pruneGrants(ctx context.Context) {
	for {
		n, err := a.catalog.PruneGrants(ctx, time.Now().Add(-keepGrants), 500)
		if err != nil {
			if ctx.Err() == nil {
				a.log.Warn("ended sign-ins and consents not deleted", "err", err)
			}
			return
		}
		if n == 0 {
			return
		}
		a.log.Debug("deleted what ended of sign-ins and consents", "rows", n)
	}
}

// tryKeys says in the log if the key file is not the one that the clients'
// secrets were sealed under.
func (a *app) tryKeys(ctx context.Context) error {
	lost, err := auth.NewClients(a.catalog, a.keys, time.Now, rand.Reader).Unreadable(ctx)
	if err != nil {
		return err
	}
	if lost > 0 {
		a.log.Warn("the key file is not the one that clients' secrets were sealed under; restore it, or make the clients anew", "clients", lost)
	}
	return nil
}
