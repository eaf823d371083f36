package xapi

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// endpoints lists what there is, and whether an app-only token will do.
func endpoints() map[string]bool {
	return map[string]bool{
		"POST /2/media/upload/initialize":    false,
		"POST /2/media/upload/1/append":      false,
		"POST /2/media/upload/1/finalize":    false,
		"GET /2/media/upload?media_id=1":     false,
		"POST /2/media/upload":               false,
		"POST /2/media/metadata":             false,
		"POST /2/media/subtitles":            false,
		"DELETE /2/media/subtitles":          false,
		"GET /2/media?media_keys=3_1":        true,
		"GET /2/media/3_1?media.fields=type": true,
	}
}

func TestEveryEndpointAsksWho(t *testing.T) {
	s := newServer(t)
	revoked := s.token(auth.Grant{User: owner, Scopes: auth.Scopes()})
	who, err := s.tokens.Identify(t.Context(), revoked)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.catalog.RevokeToken(t.Context(), who.Token, s.clock); err != nil {
		t.Fatal(err)
	}
	short := s.token(auth.Grant{User: owner, Scopes: auth.Scopes(), Lifetime: time.Minute})
	app := s.token(auth.Grant{User: owner, Scopes: auth.Scopes(), AppOnly: true})
	other := s.token(auth.Grant{User: owner, Scopes: []string{"tweet.write", "users.read"}})
	s.clock = s.clock.Add(time.Minute)
	for route, appOnly := range endpoints() {
		method, path, _ := strings.Cut(route, " ")
		for header, words := range map[string]string{
			"":                    `The request needs the header "Authorization: Bearer <access token>".`,
			"Bearer":              "The request needs the header",
			"Bearer ":             "The request needs the header",
			"Basic " + other:      "The request needs the header",
			"Bearer nonsense":     "The access token is not known here.",
			"Bearer " + other[1:]: "The access token is not known here.",
			"Bearer " + revoked:   "The access token was revoked.",
			"Bearer " + short:     "The access token has expired.",
		} {
			a := s.call(method, path, nil, "Authorization", header)
			a.refused(http.StatusUnauthorized, words)
			if got := a.Header().Get("WWW-Authenticate"); got != `Bearer realm="magpie"` {
				t.Errorf("%s: WWW-Authenticate %q", route, got)
			}
		}
		scope := auth.MediaWrite
		if appOnly {
			scope = auth.TweetRead
		}
		s.call(method, path, nil, "Authorization", "Bearer "+other).refused(http.StatusForbidden, "The token lacks the scope "+scope)
		if a := s.call(method, path, nil, "Authorization", "bearer "+app); appOnly == (a.Code == http.StatusForbidden) {
			t.Errorf("%s by an app-only token: %d %s", route, a.Code, a.Body)
		}
	}
}

func TestWhatNoRouteTakes(t *testing.T) {
	s := newServer(t)
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/", 404, ""},
		{"GET", "/2", 404, ""},
		{"GET", "/2/media/", 404, ""},
		{"GET", "/2/media/3_1/", 404, ""},
		{"POST", "/2/media/upload/1", 404, ""},
		{"POST", "/2/media/upload/1/2/append", 404, ""},
		{"GET", "/2/media/upload/initialize", 405, "POST"},
		{"PUT", "/2/media/upload/1/append", 405, "POST"},
		{"DELETE", "/2/media/upload/1/finalize", 405, "POST"},
		{"PATCH", "/2/media/upload", 405, "GET, POST"},
		{"OPTIONS", "/2/media/upload", 405, "GET, POST"},
		{"DELETE", "/2/media", 405, "GET"},
		{"POST", "/2/media/3_1", 405, "GET"},
		{"DELETE", "/2/media/metadata", 405, "GET, POST"},
	} {
		a := s.call(c.method, c.path, "body", "Authorization", "")
		a.refused(c.status, c.method)
		if got := a.Header().Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow %q, want %q", c.method, c.path, got, c.allow)
		}
	}
}

// While an image is processed no read deadline runs: it would take the waiting
// client for gone.
func TestNoDeadlineWhileAClientWaits(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{})
	s.send(id, 0, png())
	for name, r := range map[string]*http.Request{
		"finalize":      s.request("POST", at(id, "finalize"), nil),
		"finalize {}":   s.request("POST", at(s.opened(png()), "finalize"), "{}"),
		"one-shot":      s.request("POST", "/2/media/upload", form("media", png()), "Content-Type", formKind),
		"one-shot JSON": s.request("POST", "/2/media/upload", map[string]any{"media": base64.StdEncoding.EncodeToString([]byte(png()))}),
	} {
		w := newTimed()
		ran := false
		s.now = func(_ context.Context, id media.ID) error {
			ran = true
			if !w.read.IsZero() {
				t.Errorf("%s: a deadline of %v", name, w.read)
			}
			s.publish(id, picture())
			return nil
		}
		w.patience().Handler(s.api).ServeHTTP(w, r)
		if w.Code != http.StatusOK || !ran {
			t.Errorf("%s: %d, ran %v: %s", name, w.Code, ran, w.Body)
		}
	}
}

// opened is an upload whose one segment has arrived.
func (s *server) opened(file string) media.ID {
	s.t.Helper()
	id := s.open(map[string]any{})
	s.send(id, 0, file)
	return id
}
