package oauth

import (
	"html"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

const (
	password  = "correct horse battery"
	callback  = "https://app.example/cb"
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// rig is a Server over a catalogue of its own, with a clock that a test sets.
type rig struct {
	*Server
	t       *testing.T
	catalog *catalog.Catalog
	tokens  *auth.Tokens
	clock   time.Time
	app     auth.Registered
	failed  error // what was handed to Fail
}

func newRig(t testing.TB) *rig {
	g := &rig{clock: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	g.t, _ = t.(*testing.T)
	folder := t.TempDir()
	var err error
	if g.catalog, err = catalog.OpenSQLite(t.Context(), filepath.Join(folder, "magpie.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.catalog.Close() })
	random := rand.NewChaCha8([32]byte{1})
	now := func() time.Time { return g.clock }
	keys, err := auth.OpenKeys(filepath.Join(folder, "key"), random)
	if err != nil {
		t.Fatal(err)
	}
	g.tokens = auth.NewTokens(g.catalog, now, random)
	g.Server = New(Config{
		Accounts: auth.NewAccounts(g.catalog, now, random), Attempts: auth.NewAttempts(now),
		Clients:  auth.NewClients(g.catalog, keys, now, random),
		Consents: auth.NewConsents(g.catalog, now, random), Keys: keys,
		Fail: func(w http.ResponseWriter, _ *http.Request, err error) {
			g.failed = err
			w.WriteHeader(map[bool]int{true: 500, false: 400}[media.CodeOf(err) == media.CodeInternal])
		},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if _, err := g.Accounts.Create(t.Context(), "ann", "12", password, false); err != nil {
		t.Fatal(err)
	}
	g.app, err = g.Clients.Register(t.Context(), auth.Registration{
		Name: "An app", RedirectURIs: []string{callback, "http://[::1]/cb", "com.example.app:/cb"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// query is a good authorization request, with changes.
func (g *rig) query(changes ...string) url.Values {
	q := url.Values{
		"response_type": {"code"}, "client_id": {g.app.Client.ID}, "redirect_uri": {callback}, "scope": {"tweet.read offline.access"},
		"state": {"s"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
	}
	return q
}

func (g *rig) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

func (g *rig) get(at string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", at, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return g.serve(r)
}

var tokenInForm = regexp.MustCompile(`name="form_token" value="([^"]*)"`)

func (g *rig) press(at string, shown *httptest.ResponseRecorder, cookies []*http.Cookie, fields ...string) *httptest.ResponseRecorder {
	g.t.Helper()
	token := tokenInForm.FindStringSubmatch(shown.Body.String())
	if token == nil {
		g.t.Fatalf("no form: %d %s", shown.Code, shown.Body)
	}
	form := url.Values{"form_token": {html.UnescapeString(token[1])}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequest("POST", at, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return g.serve(r)
}

// signIn gives the cookies of a browser in which ann has signed in.
func (g *rig) signIn() []*http.Cookie {
	g.t.Helper()
	at := "/2/oauth2/authorize?" + g.query().Encode()
	shown := g.get(at)
	done := g.press(at, shown, shown.Result().Cookies(), "action", "sign_in", "username", "ann", "password", password)
	if done.Code != http.StatusSeeOther {
		g.t.Fatalf("%d %s", done.Code, done.Body)
	}
	return done.Result().Cookies()
}

// code has ann allow a request, and gives its code.
func (g *rig) code(changes ...string) string {
	g.t.Helper()
	at := "/2/oauth2/authorize?" + g.query(changes...).Encode()
	cookies := g.signIn()
	done := g.press(at, g.get(at, cookies...), cookies, "action", "allow")
	to, err := url.Parse(done.Header().Get("Location"))
	if err != nil || done.Code != http.StatusSeeOther || to.Query().Get("code") == "" {
		g.t.Fatalf("%d %v %s", done.Code, done.Header(), done.Body)
	}
	return to.Query().Get("code")
}

// post sends a form as the app.
func (g *rig) post(path string, fields ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(g.app.Client.ID, g.app.Secret)
	return g.serve(r)
}
