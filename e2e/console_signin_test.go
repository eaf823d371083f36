package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// sessionAnswer is what POST /console/session answers.
type sessionAnswer struct {
	Status      int
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	User        string
	Username    string
	Scopes      []string
	Admin       bool
}

// TestConsoleSignIn has a person sign in to the console, reload it, open it in many
// tabs at once, and sign out, while another site tries to ask in her name.
func TestConsoleSignIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	ann := s.newUser("ann", "--admin")
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>Elsewhere</title><link rel=icon href=data:,>"))
	}))
	defer foreign.Close()
	var saw struct {
		Wrong, Heading, CameTo, SignedInAs, Readable, Kept, AsksAgain, Late, NotOut string
		Asked, Typed                                                                string
		DoorFindings, OverFindings                                                  []string
		Cookies                                                                     []struct {
			Name, Value, Path, SameSite string
			HTTPOnly                    bool `json:"httpOnly"`
			Secure                      bool
		}
		Session                 []sessionAnswer
		Lost, StillThere, After int
		Anew                    bool
		Foreign                 []string
		CookiesAfter            []string
		Answers                 []any
		Complaints              []string
	}
	c := s.client().as(s.token(ann))
	picture, _ := c.upload("image/png", "tweet_image", noise(t, 40), 1<<20)["id"].(string)
	s.browse("signin", map[string]any{"media": picture, "foreign": strings.Replace(foreign.URL, "127.0.0.1", "localhost", 1), "shots": os.Getenv("MAGPIE_SHOTS")}, &saw)
	if !strings.Contains(saw.Wrong, "username or the password is wrong") || saw.Heading != "Sign in to magpie" {
		t.Errorf("a wrong password: %q under %q", saw.Wrong, saw.Heading)
	}
	if saw.CameTo != s.url+"/console/library?q=a" || saw.SignedInAs != "Signed in as ann" {
		t.Errorf("it came to %s, %s", saw.CameTo, saw.SignedInAs)
	}
	var secrets []string
	for _, c := range saw.Cookies {
		secrets = append(secrets, c.Value)
		if !c.HTTPOnly || c.Secure || c.Name == "magpie_console" && (c.SameSite != "Strict" || c.Path != "/console") {
			t.Errorf("cookie %+v", c)
		}
	}
	if names := len(saw.Cookies); names != 2 {
		t.Errorf("%d cookies: %+v", names, saw.Cookies)
	}
	for _, a := range saw.Session {
		if a.Status != 200 || a.AccessToken == "" || a.ExpiresIn != 900 || a.User != ann || a.Username != "ann" || !a.Admin || !slices.Equal(a.Scopes, []string{"media.write", "tweet.read", "users.read", "magpie.admin"}) {
			t.Errorf("session %+v", a)
		}
		secrets = append(secrets, a.AccessToken)
	}
	if saw.Readable != "" || strings.Contains(saw.Kept, "mgp_") || slices.ContainsFunc(secrets, func(v string) bool { return strings.Contains(saw.Kept, v) }) {
		t.Errorf("scripts can read %q and %q", saw.Readable, saw.Kept)
	}
	if saw.Lost != 200 || saw.StillThere != 200 || saw.After != 401 {
		t.Errorf("after a lost answer %d, after a foreign page's try %d, signed out %d", saw.Lost, saw.StillThere, saw.After)
	}
	if !slices.Equal(saw.Foreign, []string{"opaque", "TypeError"}) {
		t.Errorf("another site's page got %v", saw.Foreign)
	}
	if len(saw.CookiesAfter) > 0 || !strings.HasPrefix(saw.AsksAgain, s.url+"/2/oauth2/authorize?") {
		t.Errorf("after signing out: cookies %v, and at %s", saw.CookiesAfter, saw.AsksAgain)
	}
	if !saw.Anew || !strings.Contains(saw.NotOut, "still signed in") {
		t.Errorf("with somebody else signed in the page began anew: %v; a sign-out that failed: %q", saw.Anew, saw.NotOut)
	}
	if !strings.Contains(saw.Asked, "not saved") || saw.Typed != "A long description" {
		t.Errorf("with something unsaved, signing out asks %q; signed out elsewhere, %q is left of it", saw.Asked, saw.Typed)
	}
	if a := c.call("GET", "/magpie/v1/media/"+picture, nil); !strings.Contains(string(a.body), saw.Typed) {
		t.Errorf("signed in again, saving gave %s", a.body)
	}
	if !strings.Contains(saw.Late, "took too long") {
		t.Errorf("a callback of nobody's: %q", saw.Late)
	}
	if len(saw.DoorFindings) > 0 || len(saw.OverFindings) > 0 || len(saw.Answers) > 0 {
		t.Errorf("%v %v %v", saw.DoorFindings, saw.OverFindings, saw.Answers)
	}
	for _, c := range saw.Complaints { // but those that the test made on purpose, of the icon that there is none of, and of the stream that ends with the session
		if !strings.Contains(c, "ERR_INCOMPLETE_CHUNKED_ENCODING") && !strings.Contains(c, "401") && !strings.Contains(c, "403") && !strings.Contains(c, "CORS") && !strings.Contains(c, "ERR_FAILED") && !strings.Contains(c, "404") {
			t.Errorf("the browser says: %s", c)
		}
	}
	// The tokens ended with the session, and nothing of it is in the catalogue.
	for _, a := range saw.Session {
		if got := s.client().as(a.AccessToken).call("GET", "/2/media?media_keys=3_1", nil); got.status != 401 {
			t.Errorf("a token after signing out: %d", got.status)
		}
	}
	s.newClient() // which the search must come upon
	s.holdsNone(append(secrets, password)...)
}

// enterConsole signs a user in to the console, and gives the page it ends at.
func (b *browser) enterConsole(s *server, user, to string) page {
	b.t.Helper()
	p := b.follow(b.open(s.url + "/console/sign-in?to=" + url.QueryEscape(to)))
	if strings.Contains(p.body, `name="password"`) {
		p = b.press(p, "sign_in", "username", user, "password", password)
	}
	for p.status == http.StatusSeeOther {
		p = b.follow(p)
	}
	return p
}

// session asks who is signed in to the console.
func (b *browser) session(s *server, headers ...string) sessionAnswer {
	b.t.Helper()
	p := b.send(http.MethodPost, s.url+"/console/session", nil, headers...)
	a := sessionAnswer{Status: p.status}
	if p.status == http.StatusOK {
		if err := json.Unmarshal([]byte(p.body), &a); err != nil || p.header.Get("Cache-Control") != "no-store" {
			b.t.Errorf("%v, %v: %s", err, p.header, p.body)
		}
	}
	return a
}

// TestConsoleSession: what a session outlives, and what ends it.
func TestConsoleSession(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	ann := s.newUser("ann")
	b := newBrowser(t)
	if a := b.session(s); a.Status != http.StatusUnauthorized {
		t.Errorf("nobody: %+v", a)
	}
	for to, want := range map[string]string{
		"/console/media/1?tab=a%20b": "/console/media/1?tab=a+b", "/console/library": "/console/library", "/console/": "/console/",
		"": "/console/", "//foe.example/console/": "/console/", "https://foe.example/console/": "/console/", "/console/../docs": "/console/", "/docs": "/console/",
		"/console\\@foe.example": "/console/", "/console/sign-in?to=x": "/console/", "/console/callback": "/console/", "/console/x\r\nA: b": "/console/", "/console/?sign-in=late": "/console/",
		"/console/%2e%2e/docs": "/console/", "javascript:alert(1)": "/console/",
	} {
		if p := b.enterConsole(s, "ann", to); p.status != http.StatusOK || strings.TrimPrefix(p.at, s.url) != want {
			t.Errorf("to %q: %d at %s", to, p.status, p.at)
		}
	}
	a := b.session(s)
	if a.Status != http.StatusOK || a.User != ann || a.Admin || slices.Contains(a.Scopes, "magpie.admin") {
		t.Fatalf("%+v", a)
	}
	up := c.as(a.AccessToken).upload("image/png", "tweet_image", samplePNG(), 1<<20)
	if got := c.as(a.AccessToken).original(up["id"].(string)); sum(got.body) != sum(samplePNG()) {
		t.Errorf("what the console uploaded comes back as %d", got.status)
	}

	// Only the console's own pages may ask, and the API takes no cookies.
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://foe.example"}, {"Origin", "null"},
	} {
		for _, method := range []string{http.MethodPost, http.MethodDelete} {
			if p := b.send(method, s.url+"/console/session", nil, headers...); p.status != http.StatusForbidden || p.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s with %v: %d %v", method, headers, p.status, p.header)
			}
		}
	}
	if a := b.session(s, "Origin", s.url, "Sec-Fetch-Site", "same-origin"); a.Status != http.StatusOK {
		t.Errorf("its own page: %d", a.Status)
	}
	if p := b.open(s.url + "/2/media?media_keys=3_1"); p.status != http.StatusUnauthorized {
		t.Errorf("the API by a cookie: %d", p.status)
	}
	if p := b.open(s.url + "/console/session"); p.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", p.status)
	}

	// Two tabs sign in at once; an answer is lost; the code is somebody else's.
	tabs := newBrowser(t)
	first, second := tabs.follow(tabs.open(s.url+"/console/sign-in?to=/console/upload")), tabs.follow(tabs.open(s.url+"/console/sign-in?to=/console/library"))
	back := tabs.follow(tabs.press(second, "sign_in", "username", "ann", "password", password)) // to the callback
	foe := newBrowser(t)
	if p := foe.follow(back); p.header.Get("Location") != "/console/?sign-in=late" {
		t.Errorf("another browser with the code: %d %v at %s", p.status, p.header, p.at)
	}
	if p := tabs.follow(back); p.status != http.StatusSeeOther || p.header.Get("Location") != "/console/library" {
		t.Errorf("%d %v", p.status, p.header)
	}
	if p := tabs.follow(back); p.status != http.StatusSeeOther || p.header.Get("Location") != "/console/" {
		t.Errorf("the callback again: %d %v", p.status, p.header)
	}
	if p := tabs.open(first.at); p.status != http.StatusSeeOther || tabs.follow(tabs.follow(p)).at != s.url+"/console/upload" {
		t.Errorf("the first tab: %d", p.status)
	}
	if foe.session(s).Status != http.StatusUnauthorized || tabs.session(s).Status != http.StatusOK {
		t.Error("the foe is in, or the tabs are out")
	}

	// A restart, after a crash too.
	s.kill()
	s.run()
	if again := b.session(s); again.Status != http.StatusOK || !c.mayUpload(again.AccessToken) || !c.mayUpload(a.AccessToken) {
		t.Errorf("after a restart: %+v", again)
	}
	// The mark is looked at with each token, and taken away it is so at once.
	s.do("user", "admin", "ann")
	high := b.session(s)
	if !high.Admin || !slices.Contains(high.Scopes, "magpie.admin") {
		t.Errorf("an admin: %+v", high)
	}
	if out := s.do("user", "admin", ann, "--revoke"); !strings.Contains(out, "access tokens ended: 1") {
		t.Errorf("%q", out)
	}
	c.as(high.AccessToken).call("GET", "/2/media/3_1", nil).refused(http.StatusUnauthorized, "revoked")
	if low := b.session(s); low.Status != http.StatusOK || low.Admin {
		t.Errorf("no admin any more: %+v", low)
	}
	// A new password signs out everywhere; erasing too.
	low := b.session(s)
	s.do("user", "password", "ann", "--password-file", fileWith(t, "password", []byte(password+"\n")))
	c.as(low.AccessToken).call("GET", "/2/media/3_1", nil).refused(http.StatusUnauthorized, "revoked")
	if b.session(s).Status != http.StatusUnauthorized || tabs.session(s).Status != http.StatusUnauthorized {
		t.Error("signed in after the password changed")
	}
	b.enterConsole(s, "ann", "")
	if b.session(s).Status != http.StatusOK {
		t.Error("can't sign in again")
	}
	// Revoking the console's client signs everybody out, and keeps nobody out.
	s.do("client", "revoke", "magpie-console")
	if b.session(s).Status != http.StatusUnauthorized {
		t.Error("signed in after the client was revoked")
	}
	b.enterConsole(s, "ann", "")
	if b.session(s).Status != http.StatusOK {
		t.Error("can't sign in any more")
	}
	s.do("user", "erase", "ann")
	if b.session(s).Status != http.StatusUnauthorized {
		t.Error("signed in after being erased")
	}
}

// TestAdminScope: apps get it from admins only, and are told when they don't.
func TestAdminScope(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	s.newUser("ann", "--admin")
	s.newUser("bob")
	if out := s.do("user", "list", "--json"); strings.Count(out, `"role":"admin"`) != 1 {
		t.Errorf("the list: %s", out)
	}
	app := s.newClient("--redirect-uri", callback)
	cfg := s.config(app, callback, "tweet.read magpie.admin offline.access")
	ask := cfg.AuthCodeURL("s", oauth2.S256ChallengeOption("v"))
	if p := newBrowser(t).consentPage(ask, "ann"); !strings.Contains(p.body, "Operate this server") {
		t.Errorf("an admin is not told\n%s", p.body)
	}
	if p := newBrowser(t).consentPage(ask, "bob"); strings.Contains(p.body, "<code>magpie.admin") || !strings.Contains(p.body, "<code>tweet.read") {
		t.Errorf("who is no admin is asked\n%s", p.body)
	}
	anns, bobs := newBrowser(t).tokens(cfg, "ann"), newBrowser(t).tokens(cfg, "bob")
	if anns.Extra("scope") != "tweet.read magpie.admin offline.access" || bobs.Extra("scope") != "tweet.read offline.access" {
		t.Errorf("ann's %q, bob's %q", anns.Extra("scope"), bobs.Extra("scope"))
	}
	only := s.config(app, callback, "magpie.admin")
	for user, want := range map[string]string{"ann": "", "bob": "invalid_scope"} {
		b := newBrowser(t)
		p := b.consentPage(only.AuthCodeURL("s", oauth2.S256ChallengeOption("v")), user)
		if want == "" {
			p = b.press(p, "allow")
		}
		if got := b.cameBack(p, callback); got.Get("error") != want || got.Get("state") != "s" {
			t.Errorf("%s: %v", user, got)
		}
	}
	made := s.token("7", "--scopes", "magpie.admin,tweet.read")
	out := s.do("user", "admin", "ann", "--revoke")
	if !strings.Contains(out, "access tokens ended: 1") {
		t.Errorf("%q", out)
	}
	c.as(anns.AccessToken).call("GET", "/2/media/3_1", nil).refused(http.StatusUnauthorized, "revoked")
	_, err := refresh(cfg, anns.RefreshToken)
	wantOAuthError(t, err, http.StatusBadRequest, "invalid_grant", "revoked")
	for _, token := range []string{bobs.AccessToken, made, secret} {
		c.as(token).call("GET", "/2/media/3_1", nil).refused(http.StatusNotFound)
	}
}
