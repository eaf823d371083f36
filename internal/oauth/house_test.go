package oauth

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"magpie/internal/auth"
)

func TestHouse(t *testing.T) {
	g := newRig(t)
	begun := auth.Begun{State: "the state", Verifier: verifier}
	at, err := auth.NewConsole(g.catalog, g.Keys, func() time.Time { return g.clock }, rand.Reader).Begin(t.Context(), begun)
	if err != nil {
		t.Fatal(err)
	}
	shown := g.get(at)
	if body := shown.Body.String(); shown.Code != http.StatusOK || !strings.Contains(body, "Sign in to magpie") || strings.Contains(body, "act for you") || !strings.Contains(body, `lang="en"`) {
		t.Errorf("%d %s", shown.Code, body)
	}
	if csp := shown.Header().Get("Content-Security-Policy"); !strings.HasSuffix(csp, "form-action 'self'") {
		t.Error(csp)
	}
	// Whoever has signed in is not asked, and comes back to the same server by whatever name.
	cookies := g.signIn()
	done := g.get(at, cookies...)
	to, err := url.Parse(done.Header().Get("Location"))
	if err != nil || done.Code != http.StatusSeeOther || to.Host != "" || to.Path != "/console/callback" || to.Query().Get("state") != "the state" || to.Query().Get("code") == "" {
		t.Fatalf("%d %v", done.Code, done.Header())
	}
	for name, uri := range map[string]string{"elsewhere": "https://foe.example/console/callback", "another path": "/console/library", "two slashes": "//foe.example/console/callback"} {
		if w := g.get(strings.Replace(at, url.QueryEscape(auth.ConsoleCallback), url.QueryEscape(uri), 1), cookies...); w.Code != http.StatusBadRequest || w.Header().Get("Location") != "" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
	// The sign-in ends, and its cookie with it.
	r := httptest.NewRequest("DELETE", "/console/session", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	if err := g.SignOut(w, r); err != nil || len(w.Result().Cookies()) != 1 || w.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("%v %v", err, w.Header())
	}
	if again := g.get(at, cookies...); again.Code != http.StatusOK || !strings.Contains(again.Body.String(), `name="password"`) {
		t.Errorf("%d %s", again.Code, again.Body)
	}
}

// TestDoorInJapanese: as the console, its door speaks Japanese.
func TestDoorInJapanese(t *testing.T) {
	g := newRig(t)
	at, err := auth.NewConsole(g.catalog, g.Keys, func() time.Time { return g.clock }, rand.Reader).Begin(t.Context(), auth.Begun{State: "s", Verifier: verifier})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, at, body string, cookies []*http.Cookie) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, at, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept-Language", "ja-JP,en;q=0.5")
		for _, c := range cookies {
			r.AddCookie(c)
		}
		return g.serve(r)
	}
	shown := ask("GET", at, "", nil)
	if body := shown.Body.String(); !strings.Contains(body, `<html lang="ja">`) || !strings.Contains(body, "magpie にサインイン") || strings.Contains(body, "alert") || shown.Header().Get("Vary") != "Accept-Language" {
		t.Errorf("%v %s", shown.Header(), body)
	}
	form := url.Values{"action": {"sign_in"}, "username": {"ann"}, "password": {"wrong horse"}, "form_token": {tokenInForm.FindStringSubmatch(shown.Body.String())[1]}}
	for n := range 8 {
		want, status := "ユーザー名またはパスワードが違います。", http.StatusUnauthorized
		if n >= 5 {
			want, status = "しばらく待ってから", http.StatusTooManyRequests
		}
		if w := ask("POST", at, form.Encode(), shown.Result().Cookies()); w.Code != status || !strings.Contains(w.Body.String(), want) || !strings.Contains(w.Body.String(), `value="ann"`) {
			t.Errorf("%d: %d %s", n, w.Code, w.Body)
		}
	}
	if w := ask("POST", at, form.Encode(), nil); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "有効期限") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	// Other clients' pages are in English.
	if w := ask("GET", "/2/oauth2/authorize?"+g.query().Encode(), "", nil); !strings.Contains(w.Body.String(), "asks to act for you") {
		t.Errorf("%s", w.Body)
	}
}
