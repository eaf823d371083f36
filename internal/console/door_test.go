package console

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// house is what servers that share a catalogue and keys have in common.
type house struct {
	t       *testing.T
	catalog *catalog.Catalog
	keys    *auth.Keys
	user    string
	clock   time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, clock: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	folder := t.TempDir()
	var err error
	if h.catalog, err = catalog.OpenSQLite(t.Context(), filepath.Join(folder, "magpie.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.catalog.Close() })
	if h.keys, err = auth.OpenKeys(filepath.Join(folder, "key"), rand.Reader); err != nil {
		t.Fatal(err)
	}
	ann, err := auth.NewAccounts(h.catalog, h.now, rand.Reader).Create(t.Context(), "ann", "", "correct horse", true)
	if err != nil {
		t.Fatal(err)
	}
	h.user = ann.ID
	return h
}

func (h *house) now() time.Time { return h.clock }

// node is one of the servers.
func (h *house) node(change func(*Config)) *Server {
	h.t.Helper()
	c := Config{
		Sessions: auth.NewConsole(h.catalog, h.keys, h.now, rand.Reader), Keys: h.keys, Now: h.now, Random: rand.Reader, Fail: fail,
		Origin:    func(r *http.Request) string { return "http://" + r.Host },
		EndSignIn: func(http.ResponseWriter, *http.Request) error { return nil }, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&c)
	}
	return server(h.t, c, dist())
}

// allowed answers the authorization request that a sign-in leads to, as the
// embedded OAuth 2 server does, and gives where the browser comes back to.
func (h *house) allowed(location string) string {
	h.t.Helper()
	u, err := url.Parse(location)
	if err != nil || u.Host != "" || u.Path != "/2/oauth2/authorize" {
		h.t.Fatalf("a sign-in leads to %q", location)
	}
	q := u.Query()
	challenge, err := auth.ParseChallenge(q.Get("code_challenge"), q.Get("code_challenge_method"))
	if err != nil || challenge.Method != "S256" || len(q.Get("state")) < 40 || q.Get("redirect_uri") != auth.ConsoleCallback {
		h.t.Fatalf("%v: %v", err, q)
	}
	code, err := auth.NewConsents(h.catalog, h.now, rand.Reader).Allow(h.t.Context(), auth.Ask{
		Client: q.Get("client_id"), User: h.user, Scopes: strings.Fields(q.Get("scope")), RedirectURI: q.Get("redirect_uri"), Challenge: challenge,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return auth.ConsoleCallback + "?" + url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
}

// request sends a request with the cookies that a browser has for it.
func request(s *Server, method, path string, cookies []*http.Cookie, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for _, c := range cookies {
		if c.MaxAge >= 0 && strings.HasPrefix(r.URL.Path, c.Path) {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// TestSignInOverNodes: a sign-in that begins at one server ends at another and is
// good at a third; and coming back twice, because the answer was lost, is no harm.
func TestSignInOverNodes(t *testing.T) {
	h := newHouse(t)
	first, second, third := h.node(nil), h.node(nil), h.node(nil)
	begun := request(first, "GET", "/console/sign-in?to=/console/upload", nil)
	door := begun.Result().Cookies()
	if len(door) != 1 || !door[0].HttpOnly || door[0].Secure || door[0].SameSite != http.SameSiteLaxMode || door[0].Path != "/console/callback" || door[0].MaxAge != 900 {
		t.Fatalf("%+v", door)
	}
	for _, secret := range []string{h.user, "console/upload"} {
		if strings.Contains(door[0].Value, secret) {
			t.Errorf("the cookie shows %q", secret)
		}
	}
	back := h.allowed(begun.Header().Get("Location"))
	var session []*http.Cookie
	for range 2 {
		w := request(second, "GET", back, door)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/console/upload" || w.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		got := w.Result().Cookies()
		if session != nil && got[1].Value != session[1].Value {
			t.Error("coming back twice makes two sessions")
		}
		session = got
	}
	if c := session[1]; c.Name != "magpie_console" || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/console" || c.MaxAge != 30*24*3600 {
		t.Errorf("%+v", c)
	}
	if session[0].MaxAge >= 0 {
		t.Errorf("the door stays open: %+v", session[0])
	}
	for _, s := range []*Server{first, second, third} {
		w := request(s, "POST", "/console/session", session)
		var a answer
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 || a.Username != "ann" || !a.Admin || a.ExpiresIn != 900 {
			t.Errorf("%d %s %v", w.Code, w.Body, err)
		}
		who, err := auth.NewTokens(h.catalog, h.now, rand.Reader).Identify(t.Context(), a.AccessToken)
		if err != nil || who.User != h.user || who.Need(auth.Admin, false) != nil {
			t.Errorf("%+v, %v", who, err)
		}
	}
	if w := request(third, "DELETE", "/console/session", session); w.Code != 204 || w.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, s := range []*Server{first, second} {
		if w := request(s, "POST", "/console/session", session); w.Code != 401 || w.Result().Cookies()[0].MaxAge >= 0 {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	}
}

func TestCallbackRefuses(t *testing.T) {
	h := newHouse(t)
	s := h.node(nil)
	begun := request(s, "GET", "/console/sign-in", nil)
	door := begun.Result().Cookies()
	back := h.allowed(begun.Header().Get("Location"))
	state := back[strings.Index(back, "state=")+6:]
	other := request(s, "GET", "/console/sign-in", nil).Result().Cookies()
	swapped := []*http.Cookie{{Name: door[0].Name, Value: other[0].Value, Path: door[0].Path}}
	for what, c := range map[string]struct {
		at      string
		cookies []*http.Cookie
		want    string
	}{
		"no cookie":              {back, nil, "late"},
		"another's cookie":       {back, swapped, "late"},
		"another state":          {strings.Replace(back, "state=", "state=x", 1), door, "late"},
		"no state":               {auth.ConsoleCallback + "?code=x", door, "late"},
		"no code":                {auth.ConsoleCallback + "?state=" + state, door, "refused"},
		"another code":           {auth.ConsoleCallback + "?code=x&state=" + state, door, "refused"},
		"the user said no":       {auth.ConsoleCallback + "?error=access_denied&state=" + state, door, "denied"},
		"the other side said no": {auth.ConsoleCallback + "?error=invalid_scope&state=" + state, door, "refused"},
		"the other side is away": {auth.ConsoleCallback + "?error=temporarily_unavailable&state=" + state, door, "away"},
	} {
		w := request(s, "GET", c.at, c.cookies)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/console/?sign-in="+c.want || strings.Contains(w.Header().Get("Set-Cookie"), "magpie_console=") {
			t.Errorf("%s: %d %v", what, w.Code, w.Header())
		}
	}
	h.clock = h.clock.Add(doorOpen)
	if w := request(s, "GET", back, door); w.Header().Get("Location") != "/console/?sign-in=late" {
		t.Errorf("too late: %v", w.Header())
	}
	away := h.node(func(c *Config) { c.Sessions = broken{c.Sessions} })
	if w := request(away, "GET", "/console/sign-in", nil); w.Header().Get("Location") != "/console/?sign-in=away" {
		t.Errorf("away: %v", w.Header())
	}
}

// broken are sessions of an issuer that is away.
type broken struct{ Sessions }

func (b broken) Begin(_ context.Context, _ auth.Begun) (string, error) {
	return "", media.Busy(time.Second, "It is away.")
}

// TestCookiesUnderTLS: behind a proxy that ends it, too.
func TestCookiesUnderTLS(t *testing.T) {
	h := newHouse(t)
	s := h.node(func(c *Config) { c.Secure, c.Public = true, "https://media.example" })
	begun := request(s, "GET", "/console/sign-in", nil)
	w := request(s, "GET", h.allowed(begun.Header().Get("Location")), begun.Result().Cookies())
	cookies := w.Result().Cookies()
	if len(cookies) != 2 || !strings.HasPrefix(cookies[0].Name, "__Secure-magpie_console_") || cookies[1].Name != "__Secure-magpie_console" || !cookies[0].Secure || !cookies[1].Secure {
		t.Fatalf("%+v", cookies)
	}
	for _, c := range []struct {
		header []string
		want   int
	}{
		{nil, 200},
		{[]string{"Sec-Fetch-Site", "same-origin", "Origin", "https://media.example"}, 200},
		{[]string{"Origin", "https://media.example"}, 200}, // although the proxy names another host
		{[]string{"Origin", "http://media.example"}, 403},
		{[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://foe.example"}, 403},
	} {
		if w := request(s, "POST", "/console/session", cookies, c.header...); w.Code != c.want {
			t.Errorf("%v: %d", c.header, w.Code)
		}
	}
}

func FuzzWithin(f *testing.F) {
	for _, to := range []string{"", "/console/", "/console/library?q=a#b", "//foe.example", "/console/../x", "/console/%2e%2e/", "/console\\x", "https://foe.example/console/", "/console/sign-in", "/console//foe.example"} {
		f.Add(to)
	}
	f.Fuzz(func(t *testing.T, to string) {
		got := within(to)
		u, err := url.Parse(got)
		if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(got, Path) || slices.Contains(strings.Split(u.Path, "/"), "..") || strings.Contains(u.Path, "//") ||
			strings.ContainsAny(got, "\r\n\\ ") {
			t.Errorf("%q leads to %q", to, got)
		}
	})
}
