package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"magpie/internal/auth"
	"magpie/internal/console"
	"magpie/internal/delivery"
	"magpie/internal/oauth"
)

// routeConsole adds the console. Its session goes by a cookie, so no page of
// another origin may call it, whatever --cors-origins says.
func (a *app) routeConsole(all *http.ServeMux, signIn *oauth.Server, links delivery.Links, fail delivery.ErrorWriter) error {
	sessions, err := a.consoleSessions()
	if err != nil {
		return err
	}
	pages, err := console.New(console.Config{
		Origins:   []string{links.Public, links.Media},
		Origin:    links.API,
		Sessions:  sessions,
		Keys:      a.keys,
		EndSignIn: signIn.SignOut,
		Public:    links.Public,
		Secure:    strings.HasPrefix(links.Public, "https://"),
		Now:       time.Now,
		Random:    rand.Reader,
		Fail:      fail,
		Log:       a.log,
	})
	if err != nil {
		return err
	}
	pages.Route(all)
	return nil
}

// consoleSessions signs people in at the issuer, if magpie has a client there, else
// by the embedded OAuth 2 server.
func (a *app) consoleSessions() (console.Sessions, error) {
	s := a.settings
	if s.OIDCConsoleClient == "" {
		return auth.NewConsole(a.catalog, a.keys, time.Now, rand.Reader), nil
	}
	relying := auth.RelyingConfig{Client: s.OIDCConsoleClient, Scopes: s.OIDCConsoleScopes}
	if s.OIDCConsoleSecretFile != "" {
		text, err := os.ReadFile(s.OIDCConsoleSecretFile)
		if err != nil {
			return nil, fmt.Errorf("--oidc-console-secret-file: %w", err)
		}
		line, _, _ := strings.Cut(string(text), "\n")
		if relying.Secret = strings.TrimSpace(line); relying.Secret == "" {
			return nil, fmt.Errorf("--oidc-console-secret-file: %s has nothing in its first line", s.OIDCConsoleSecretFile)
		}
	}
	return auth.NewConsoleAtIssuer(a.issuer, relying, a.catalog, a.keys, time.Now, a.log), nil
}
