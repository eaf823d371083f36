package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// consoleAt is a server whose console signs people in at an issuer.
func consoleAt(t *testing.T, i *issuer, more ...string) *server {
	t.Helper()
	return start(t, append([]string{
		"--oidc-issuer", i.name(), "--oidc-audience", "magpie", "--oidc-ca-file", i.ca,
		"--oidc-console-client", "console", "--oidc-console-secret-file", fileWith(t, "secret", []byte(consoleSecret+"\n")),
	}, more...)...)
}

// TestConsoleAtIssuer has a person sign in at an issuer in a real browser.
func TestConsoleAtIssuer(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	i.down.Store(true)
	i.life = 2 * time.Second
	s := consoleAt(t, i, "--oidc-console-scopes", "openid,profile,media.write,tweet.read,magpie.admin")
	control := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { i.down.Store(false) }))
	defer control.Close()
	var saw struct {
		Away, CameTo, SignedInAs, Readable string
		Pages, CookiesAfter, Complaints    []string
		Cookies                            []struct{ Name, Value string }
		Statuses                           struct {
			Seen   []int
			Tokens int
		}
		Session sessionAnswer
	}
	s.browse("issuer", map[string]any{"control": control.URL}, &saw)
	if !strings.Contains(saw.Away, "Signing in is not possible just now") {
		t.Errorf("while the issuer is away: %q", saw.Away)
	}
	if saw.CameTo != s.url+"/console/upload" || saw.SignedInAs != "Signed in as jack@example.com" || !slices.Contains(saw.Pages, "Operation") {
		t.Errorf("it came to %s, %s, %v", saw.CameTo, saw.SignedInAs, saw.Pages)
	}
	if len(saw.Cookies) != 1 || saw.Cookies[0].Name != "magpie_console" || strings.Contains(saw.Readable, "ey") || strings.Contains(saw.Readable, saw.Cookies[0].Value) {
		t.Errorf("cookies %+v; scripts can read %q", saw.Cookies, saw.Readable)
	}
	if !slices.Equal(saw.Statuses.Seen, []int{200}) || saw.Statuses.Tokens < 3 {
		t.Errorf("renewed: %+v", saw.Statuses)
	}
	if saw.Session.Username != "jack@example.com" || !saw.Session.Admin || !slices.Contains(saw.Session.Scopes, "media.write") {
		t.Errorf("%+v", saw.Session)
	}
	if len(saw.CookiesAfter) > 0 {
		t.Errorf("after signing out: %v", saw.CookiesAfter)
	}
	for _, c := range saw.Complaints {
		if !strings.Contains(c, "401") && !strings.Contains(c, "404") { // who is not signed in yet, and the icon
			t.Errorf("the browser says: %s", c)
		}
	}
	i.people.mu.Lock()
	defer i.people.mu.Unlock()
	if len(i.wrong) > 0 || len(i.revoked) != 1 || !strings.HasPrefix(i.revoked[0], "refresh-") {
		t.Errorf("the issuer says %q; revoked %q", i.wrong, i.revoked)
	}
}

// TestConsoleAtIssuerSession: a session with an issuer outlives a crash of the
// server, and ends where the issuer ends it.
func TestConsoleAtIssuerSession(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s := consoleAt(t, i, "--access-log", "off")
	b := newBrowser(t)
	begun := b.open(s.url + "/console/sign-in?to=/console/library")
	to, err := url.Parse(begun.header.Get("Location"))
	if err != nil || !strings.HasPrefix(to.String(), i.URL+"/authorize?") || to.Query().Get("redirect_uri") != s.url+"/console/callback" || to.Query().Get("scope") != "openid profile media.write tweet.read" {
		t.Fatalf("%d %v", begun.status, begun.header)
	}
	if p := b.open(i.comesBack(to.Query())); p.status != http.StatusSeeOther || p.header.Get("Location") != "/console/library" {
		t.Fatalf("%d %v", p.status, p.header)
	}
	a := b.session(s)
	if a.Status != http.StatusOK || a.Admin || a.ExpiresIn < 3500 || strings.Count(a.AccessToken, ".") != 2 {
		t.Fatalf("%+v", a)
	}
	c := s.client().as(a.AccessToken)
	up := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)
	s.kill()
	s.run()
	if again := b.session(s); again.Status != http.StatusOK || sum(c.as(again.AccessToken).original(up["id"].(string)).body) != sum(samplePNG()) {
		t.Errorf("after a crash: %+v", again)
	}
	// What the issuer gave is sealed in the catalogue.
	s.newClient() // which the search must come upon
	s.holdsNone(i.refresh, a.AccessToken, consoleSecret)

	// The issuer gives a token that ends at once, and then no other.
	short := newBrowser(t)
	i.people.mu.Lock()
	i.life = time.Second
	i.people.mu.Unlock()
	begun = short.open(s.url + "/console/sign-in")
	if to, err = url.Parse(begun.header.Get("Location")); err != nil {
		t.Fatal(err)
	}
	short.open(i.comesBack(to.Query()))
	i.people.mu.Lock()
	i.refresh = "ended at the issuer"
	i.people.mu.Unlock()
	for end := time.Now().Add(time.Minute); short.session(s).Status != http.StatusUnauthorized; {
		if time.Now().After(end) {
			t.Fatal("the issuer has ended the session, and it goes on")
		}
		time.Sleep(50 * time.Millisecond) // polls
	}
	if b.session(s).Status != http.StatusOK {
		t.Error("another browser is out")
	}
}
