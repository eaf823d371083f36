package oauth

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"magpie/internal/auth"
)

func TestCookies(t *testing.T) {
	for name, row := range map[string]struct {
		proxied, tls bool
		cookie       string
	}{
		"in the clear":    {false, false, "magpie_signin"},
		"by TLS":          {false, true, "__Host-magpie_signin"},
		"behind a proxy":  {true, false, "__Host-magpie_signin"},
		"TLS all the way": {true, true, "__Host-magpie_signin"},
	} {
		g := newRig(t)
		g.Secure = row.proxied
		r := httptest.NewRequest("GET", "/2/oauth2/authorize?"+g.query().Encode(), nil)
		if row.tls {
			r.TLS = &tls.ConnectionState{}
		}
		got := g.serve(r).Result().Cookies()
		if len(got) != 1 || got[0].Name != row.cookie || got[0].Secure != (row.tls || row.proxied) || !got[0].HttpOnly ||
			got[0].SameSite != http.SameSiteLaxMode || got[0].Path != "/" || got[0].Domain != "" || len(got[0].Value) < 40 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAVisitKeepsItsCookie(t *testing.T) {
	g := newRig(t)
	at := "/2/oauth2/authorize?" + g.query().Encode()
	first := g.get(at)
	again := g.get(at, first.Result().Cookies()...)
	if len(again.Result().Cookies()) != 0 {
		t.Errorf("another cookie: %v", again.Result().Cookies())
	}
	// A form that was open since before is still good.
	if done := g.press(at, first, first.Result().Cookies(), "action", "sign_in", "username", "ann", "password", password); done.Code != http.StatusSeeOther {
		t.Errorf("%d %s", done.Code, done.Body)
	}
}

func TestAFormIsOneBrowsersAndOneRequests(t *testing.T) {
	g := newRig(t)
	at, wider := "/2/oauth2/authorize?"+g.query().Encode(), "/2/oauth2/authorize?"+g.query("scope", "media.write").Encode()
	mine, foreign := g.signIn(), g.signIn()
	shown := g.get(at, mine...)
	for name, done := range map[string]*httptest.ResponseRecorder{
		"another browser": g.press(at, shown, foreign, "action", "allow"),
		"no browser":      g.press(at, shown, nil, "action", "allow"),
		"more scopes":     g.press(wider, shown, mine, "action", "allow"),
		"another state":   g.press("/2/oauth2/authorize?"+g.query("state", "t").Encode(), shown, mine, "action", "allow"),
	} {
		if done.Code != http.StatusForbidden || done.Header().Get("Location") != "" || !strings.Contains(done.Body.String(), "no longer current") {
			t.Errorf("%s: %d %v", name, done.Code, done.Header())
		}
	}
	if done := g.press(at, shown, mine, "action", "nothing"); done.Code != http.StatusBadRequest {
		t.Errorf("no button: %d", done.Code)
	}
	// The parameters may be in another order, and more of them.
	if done := g.press("/i/oauth2/authorize?x=y&"+g.query().Encode(), shown, mine, "action", "allow"); done.Code != http.StatusSeeOther {
		t.Errorf("the same request: %d %s", done.Code, done.Body)
	}
}

func TestASignInEnds(t *testing.T) {
	g := newRig(t)
	at := "/2/oauth2/authorize?" + g.query().Encode()
	cookies := g.signIn()
	shown := g.get(at, cookies...)
	g.clock = g.clock.Add(auth.SignInLifetime)
	if done := g.press(at, shown, cookies, "action", "allow"); done.Code != http.StatusForbidden || !strings.Contains(done.Body.String(), "not signed in any more") {
		t.Errorf("%d %s", done.Code, done.Body)
	}
	if !strings.Contains(g.get(at, cookies...).Body.String(), `name="password"`) {
		t.Error("no form to sign in")
	}
}

func TestTheClientEndsMeanwhile(t *testing.T) {
	g := newRig(t)
	at := "/2/oauth2/authorize?" + g.query().Encode()
	cookies := g.signIn()
	shown := g.get(at, cookies...)
	if _, err := g.catalog.RevokeClient(t.Context(), g.app.Client.ID, g.clock); err != nil {
		t.Fatal(err)
	}
	if done := g.press(at, shown, cookies, "action", "allow"); done.Code != http.StatusBadRequest || done.Header().Get("Location") != "" {
		t.Errorf("%d %v", done.Code, done.Header())
	}
}

func TestBack(t *testing.T) {
	g := newRig(t)
	for redirect, want := range map[string]string{
		callback:               callback + "?error=access_denied&",
		"http://[::1]:8000/cb": "http://[::1]:8000/cb?error=access_denied&",
		"com.example.app:/cb":  "com.example.app:/cb?error=access_denied&",
	} {
		at := "/2/oauth2/authorize?" + g.query("redirect_uri", redirect, "state", "a b&c=d").Encode()
		cookies := g.signIn()
		done := g.press(at, g.get(at, cookies...), cookies, "action", "deny")
		to := done.Header().Get("Location")
		u, err := url.Parse(to)
		if err != nil || done.Code != http.StatusSeeOther || !strings.HasPrefix(to, want) || u.Query().Get("state") != "a b&c=d" {
			t.Errorf("%s: %d to %q", redirect, done.Code, to)
		}
		if h := done.Header(); h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", redirect, h)
		}
	}
	// Without a state none is made up.
	q := g.query("scope", "nothing")
	q.Del("state")
	if to := g.get("/2/oauth2/authorize?" + q.Encode()).Header().Get("Location"); strings.Contains(to, "state") || !strings.Contains(to, "invalid_scope") {
		t.Errorf("to %q", to)
	}
}

func FuzzAuthorize(f *testing.F) {
	g := newRig(f)
	f.Add(g.query().Encode())
	f.Add(g.query("redirect_uri", "//evil.example").Encode())
	f.Add(g.query("redirect_uri", callback, "scope", "\"><script>", "state", "\r\nX: y").Encode())
	f.Add("client_id=" + g.app.Client.ID + "&redirect_uri=" + callback + "&redirect_uri=x")
	f.Add(g.query("redirect_uri", "https://evil.example/cb", "scope", "none").Encode())
	f.Add("%zz")
	f.Fuzz(func(t *testing.T, query string) {
		g.failed = nil
		r := httptest.NewRequest("GET", "/2/oauth2/authorize", nil)
		r.URL.RawQuery = query
		w := g.serve(r)
		if to := w.Header().Get("Location"); to != "" && !strings.HasPrefix(to, callback+"?error=") && !strings.HasPrefix(to, "com.example.app:/cb?error=") && !strings.HasPrefix(to, "http://[::1]") {
			t.Errorf("%q leads to %q", query, to)
		}
		if g.failed != nil || w.Code >= 500 || strings.Contains(w.Body.String(), "<script") {
			t.Errorf("%q: %d, %v", query, w.Code, g.failed)
		}
	})
}
