package oauth

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"magpie/internal/auth"
)

func (g *rig) exchange(code string) *httptest.ResponseRecorder {
	return g.post("/2/oauth2/token", "grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier)
}

func tokensIn(t *testing.T, w *httptest.ResponseRecorder) tokenAnswer {
	t.Helper()
	var a tokenAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK || a.AccessToken == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return a
}

func wantError(t *testing.T, w *httptest.ResponseRecorder, code, words string) {
	t.Helper()
	var e struct {
		Error       string
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != http.StatusBadRequest || e.Error != code || !strings.Contains(e.Description, words) {
		t.Errorf("%d %s, want %s with %q", w.Code, w.Body, code, words)
	}
}

func TestToken(t *testing.T) {
	g := newRig(t)
	w := g.exchange(g.code())
	got := tokensIn(t, w)
	want := tokenAnswer{"bearer", 7200, got.AccessToken, "tweet.read offline.access", got.RefreshToken}
	if got != want || got.RefreshToken == "" || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Pragma") != "no-cache" {
		t.Errorf("%+v %v", got, w.Header())
	}
	who, err := g.tokens.Identify(t.Context(), got.AccessToken)
	if err != nil || who.User != "12" || who.Client != g.app.Client.ID {
		t.Errorf("%+v, %v", who, err)
	}
	if strings.Contains(g.exchange(g.code("scope", "media.write")).Body.String(), "refresh_token") {
		t.Error("a refresh token without offline.access")
	}
}

func TestTokensExpire(t *testing.T) {
	g := newRig(t)
	code := g.code()
	g.clock = g.clock.Add(auth.CodeLifetime)
	wantError(t, g.exchange(code), "invalid_grant", "30 seconds")
	got := tokensIn(t, g.exchange(g.code()))
	g.clock = g.clock.Add(auth.AccessLifetime)
	if _, err := g.tokens.Identify(t.Context(), got.AccessToken); err == nil {
		t.Error("the access token is still good")
	}
	next := tokensIn(t, g.post("/2/oauth2/token", "grant_type", "refresh_token", "refresh_token", got.RefreshToken))
	g.clock = g.clock.Add(auth.RefreshIdle)
	wantError(t, g.post("/2/oauth2/token", "grant_type", "refresh_token", "refresh_token", next.RefreshToken), "invalid_grant", "expired")
}

func TestServerFaultsAreNotTheClients(t *testing.T) {
	g := newRig(t)
	_ = g.catalog.Close()
	for _, ask := range []func() *httptest.ResponseRecorder{
		func() *httptest.ResponseRecorder { return g.exchange("x") },
		func() *httptest.ResponseRecorder { return g.post("/2/oauth2/revoke", "token", "x") },
		func() *httptest.ResponseRecorder {
			return g.post("/oauth2/token", "grant_type", "client_credentials")
		},
		func() *httptest.ResponseRecorder { return g.get("/2/oauth2/authorize?" + g.query().Encode()) },
	} {
		g.failed = nil
		if w := ask(); w.Code != 500 || g.failed == nil {
			t.Errorf("%d %s, %v", w.Code, w.Body, g.failed)
		}
	}
}
