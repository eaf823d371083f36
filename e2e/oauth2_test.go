package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

const (
	password  = "correct horse battery"
	callback  = "https://app.example/cb?from=magpie"
	allScopes = "tweet.read media.write offline.access"
)

// registered is what magpie client create --json prints.
type registered struct {
	ID        string `json:"client_id"`
	Secret    string `json:"client_secret"`
	Key       string `json:"api_key"`
	KeySecret string `json:"api_key_secret"`
}

func (s *server) newClient(args ...string) registered {
	s.t.Helper()
	var r registered
	out := s.do(append([]string{"client", "create", "An <app> & co.", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	return r
}

// do runs a command over the server's data folder, which must succeed.
func (s *server) do(args ...string) string {
	s.t.Helper()
	out, errs, code := magpie(s.t, append(args, "--data", s.data)...)
	if code != 0 {
		s.t.Fatalf("%v: exit %d: %s", args, code, errs)
	}
	return strings.TrimSpace(out)
}

// newUser makes a user who signs in with password, and gives the id.
func (s *server) newUser(name string, args ...string) string {
	s.t.Helper()
	return s.do(append([]string{"user", "create", name, "--password-file", fileWith(s.t, "password", []byte(password+"\n"))}, args...)...)
}

func (s *server) config(r registered, redirect string, scopes string) oauth2.Config {
	return oauth2.Config{
		ClientID: r.ID, ClientSecret: r.Secret, RedirectURL: redirect, Scopes: strings.Fields(scopes),
		Endpoint: oauth2.Endpoint{AuthURL: s.url + "/2/oauth2/authorize", TokenURL: s.url + "/2/oauth2/token"},
	}
}

// browser is a person's: it keeps cookies and stops at redirects.
type browser struct {
	t    *testing.T
	http *http.Client
}

func newBrowser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// page is what a browser got.
type page struct {
	status int
	header http.Header
	body   string
	at     string // its URL
}

func (b *browser) open(at string) page {
	b.t.Helper()
	return b.send(http.MethodGet, at, nil)
}

func (b *browser) send(method, at string, form url.Values, headers ...string) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, at, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{a.StatusCode, a.Header, string(body), at}
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	formToken  = regexp.MustCompile(`name="form_token" value="([^"]*)"`)
)

// press sends a page's form with one of its buttons and more fields.
func (b *browser) press(p page, button string, fields ...string) page {
	b.t.Helper()
	action, token := formAction.FindStringSubmatch(p.body), formToken.FindStringSubmatch(p.body)
	if action == nil || token == nil || !strings.Contains(p.body, `name="action" value="`+button+`"`) {
		b.t.Fatalf("no form with %q at %s: %d\n%s", button, p.at, p.status, p.body)
	}
	form := url.Values{"form_token": {html.UnescapeString(token[1])}, "action": {button}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	at, err := url.Parse(p.at)
	if err != nil {
		b.t.Fatal(err)
	}
	to, err := at.Parse(html.UnescapeString(action[1]))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.send(http.MethodPost, to.String(), form)
}

// follow opens the page that an answer leads to, which must be on the server.
func (b *browser) follow(p page) page {
	b.t.Helper()
	at, err := url.Parse(p.at)
	if err != nil {
		b.t.Fatal(err)
	}
	to, err := at.Parse(p.header.Get("Location"))
	if err != nil || p.status != http.StatusSeeOther || to.Host != at.Host {
		b.t.Fatalf("%s leads to %d %q, %v\n%s", p.at, p.status, p.header.Get("Location"), err, p.body)
	}
	return b.open(to.String())
}

// consentPage signs in as a user and comes to the page with the question.
func (b *browser) consentPage(at, user string) page {
	b.t.Helper()
	p := b.open(at)
	if strings.Contains(p.body, `name="password"`) {
		p = b.follow(b.press(p, "sign_in", "username", user, "password", password))
	}
	return p
}

// cameBack reads what a client is told at its redirect URI.
func (b *browser) cameBack(p page, redirect string) url.Values {
	b.t.Helper()
	to := p.header.Get("Location")
	if (p.status != http.StatusSeeOther && p.status != http.StatusFound) || !strings.HasPrefix(to, redirect) {
		b.t.Fatalf("%d, to %q, want %s…\n%s", p.status, to, redirect, p.body)
	}
	u, err := url.Parse(to)
	if err != nil {
		b.t.Fatal(err)
	}
	return u.Query()
}

// code has a user allow what a client asks, and gives the code.
func (b *browser) code(c oauth2.Config, user string, options ...oauth2.AuthCodeOption) string {
	b.t.Helper()
	got := b.cameBack(b.press(b.consentPage(c.AuthCodeURL("the state", options...), user), "allow"), c.RedirectURL)
	if got.Get("code") == "" || got.Get("state") != "the state" {
		b.t.Fatalf("came back with %v", got)
	}
	return got.Get("code")
}

// tokens has a user allow what a client asks, and gives its tokens.
func (b *browser) tokens(c oauth2.Config, user string) *oauth2.Token {
	b.t.Helper()
	v := oauth2.GenerateVerifier()
	got, err := c.Exchange(b.t.Context(), b.code(c, user, oauth2.S256ChallengeOption(v)), oauth2.VerifierOption(v))
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

// wantOAuthError checks an error of the token endpoint.
func wantOAuthError(t *testing.T, err error, status int, code, words string) {
	t.Helper()
	var e *oauth2.RetrieveError
	if !errors.As(err, &e) || e.Response.StatusCode != status || e.ErrorCode != code || !strings.Contains(e.ErrorDescription, words) {
		t.Errorf("got %v, want %d %s with %q", err, status, code, words)
	}
}

// refresh trades a refresh token, by golang.org/x/oauth2.
func refresh(c oauth2.Config, token string) (*oauth2.Token, error) {
	return c.TokenSource(context.Background(), &oauth2.Token{RefreshToken: token}).Token()
}

func (c client) mayUpload(token string) bool {
	c.t.Helper()
	return c.as(token).call("POST", "/2/media/upload/initialize", map[string]any{"media_type": "image/png", "total_bytes": 9}).status == http.StatusOK
}

func TestOAuth2Flow(t *testing.T) {
	t.Parallel()
	s := start(t, "--log-level", "debug")
	c := s.client()
	user := s.newUser("Ann")
	app := s.newClient("--redirect-uri", callback)
	cfg := s.config(app, callback, allScopes)

	// Sign-in, then the question, then the code.
	b := newBrowser(t)
	v := oauth2.GenerateVerifier()
	at := cfg.AuthCodeURL("s t&a", oauth2.S256ChallengeOption(v))
	p := b.open(at)
	if p.status != http.StatusOK || !strings.Contains(p.body, "An &lt;app&gt; &amp; co.") {
		t.Fatalf("%d\n%s", p.status, p.body)
	}
	wantPageHeaders(t, p)
	wrong := b.press(p, "sign_in", "username", "ann", "password", "wrong horse")
	if wrong.status != http.StatusUnauthorized || !strings.Contains(wrong.body, "username or the password is wrong") || !strings.Contains(wrong.body, `value="ann"`) {
		t.Errorf("a wrong password: %d\n%s", wrong.status, wrong.body)
	}
	before := b.cookie(s.url)
	p = b.follow(b.press(wrong, "sign_in", "username", "aNN", "password", password))
	if after := b.cookie(s.url); after == before || after == "" {
		t.Error("the cookie is the same as before the sign-in")
	}
	wantPageHeaders(t, p)
	for _, piece := range []string{"An &lt;app&gt; &amp; co.", "<bdi>ann</bdi>", "Upload media in your name", "media.write", "tweet.read", "offline.access", "app.example"} {
		if !strings.Contains(p.body, piece) {
			t.Errorf("the question does not say %q\n%s", piece, p.body)
		}
	}
	got := b.cameBack(b.press(p, "allow"), callback)
	if got.Get("state") != "s t&a" || got.Get("from") != "magpie" {
		t.Errorf("came back with %v", got)
	}
	first, err := cfg.Exchange(t.Context(), got.Get("code"), oauth2.VerifierOption(v))
	if err != nil {
		t.Fatal(err)
	}
	if first.TokenType != "bearer" || first.ExpiresIn != 7200 || first.RefreshToken == "" || first.Extra("scope") != allScopes {
		t.Errorf("%+v", first)
	}

	// The token is the user's.
	file := tinyPNG(t, 5)
	up := c.as(first.AccessToken).upload("image/png", "tweet_image", file, 1<<20)
	if got := c.as(s.token(user, "--scopes", "media.write")).original(up["id"].(string)); sum(got.body) != sum(file) {
		t.Errorf("the user's own token does not see the upload: %d", got.status)
	}

	// It rotates, and an old one ends all.
	second, err := refresh(cfg, first.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken || second.Extra("scope") != allScopes {
		t.Errorf("%+v", second)
	}
	if !c.mayUpload(first.AccessToken) || !c.mayUpload(second.AccessToken) {
		t.Error("a token that was given is not good")
	}
	other := newBrowser(t).tokens(cfg, "ann") // another consent
	_, err = refresh(cfg, first.RefreshToken)
	wantOAuthError(t, err, http.StatusBadRequest, "invalid_grant", "Value passed for the token was invalid. It was used before")
	for _, token := range []string{first.AccessToken, second.AccessToken} {
		c.as(token).call("GET", "/2/media/3_1", nil).refused(http.StatusUnauthorized, "revoked")
	}
	_, err = refresh(cfg, second.RefreshToken)
	wantOAuthError(t, err, http.StatusBadRequest, "invalid_grant", "revoked")
	if !c.mayUpload(other.AccessToken) {
		t.Error("another consent ended too")
	}

	s.holdsNone(app.Secret, app.KeySecret, password, got.Get("code"), first.AccessToken, first.RefreshToken,
		second.AccessToken, second.RefreshToken, b.cookie(s.url))
}

func wantPageHeaders(t *testing.T, p page) {
	t.Helper()
	for name, piece := range map[string]string{
		"Content-Type": "text/html", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "frame-ancestors 'none'",
	} {
		if !strings.Contains(p.header.Get(name), piece) {
			t.Errorf("%s is %q, want %q in it", name, p.header.Get(name), piece)
		}
	}
	if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy is %q", csp)
	}
	if strings.Contains(p.body, "<script") {
		t.Error("the page has a script")
	}
}

// cookie is the browser's cookie for a server.
func (b *browser) cookie(at string) string {
	b.t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.http.Jar.Cookies(u) {
		return c.Value
	}
	return ""
}

// holdsNone searches the data folder and the log for secrets.
func (s *server) holdsNone(secrets ...string) {
	s.t.Helper()
	seen := 0
	look := func(where string, content []byte) {
		for _, secret := range secrets {
			if len(secret) < 12 {
				s.t.Fatalf("%q is no secret", secret)
			}
			if bytes.Contains(content, []byte(secret)) {
				s.t.Errorf("%s holds the secret %q", where, secret)
			}
		}
	}
	err := filepath.WalkDir(s.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if bytes.Contains(content, []byte("An <app> & co.")) {
			seen++
		}
		look(path, content)
		return err
	})
	if err != nil || seen == 0 {
		s.t.Fatalf("the folder was not searched: %v", err)
	}
	look("the log", []byte(s.log.tail(1<<30)))
}

func TestOAuth2Codes(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, b := s.client(), newBrowser(t)
	s.newUser("ann")
	app, other := s.newClient("--redirect-uri", callback, "--redirect-uri", "https://app.example/other"), s.newClient("--redirect-uri", callback)
	cfg := s.config(app, callback, "media.write")
	verifier := oauth2.GenerateVerifier()
	code := b.code(cfg, "ann", oauth2.S256ChallengeOption(verifier))

	elsewhere, foreign := cfg, cfg
	elsewhere.RedirectURL = "https://app.example/other"
	foreign.ClientID, foreign.ClientSecret = other.ID, other.Secret
	for _, row := range []struct {
		name     string
		cfg      oauth2.Config
		code     string
		verifier string
		error    string
		words    string
	}{
		{"a wrong verifier", cfg, code, oauth2.GenerateVerifier(), "invalid_grant", "code_verifier"},
		{"the challenge as verifier", cfg, code, oauth2.S256ChallengeFromVerifier(verifier), "invalid_grant", "code_verifier"},
		{"no verifier", cfg, code, "", "invalid_request", "[code_verifier]"},
		{"another redirect URI", elsewhere, code, verifier, "invalid_grant", "redirect_uri"},
		{"another client", foreign, code, verifier, "invalid_grant", "authorization code was invalid"},
		{"no code that exists", cfg, "mgp_nothing", verifier, "invalid_grant", "authorization code was invalid"},
	} {
		_, err := row.cfg.Exchange(t.Context(), row.code, oauth2.VerifierOption(row.verifier))
		t.Log(row.name)
		wantOAuthError(t, err, http.StatusBadRequest, row.error, row.words)
	}
	got, err := cfg.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	if err != nil || got.RefreshToken != "" || got.Extra("scope") != "media.write" {
		t.Fatalf("%+v, %v", got, err)
	}
	// Scopes hold.
	c.as(got.AccessToken).call("GET", "/2/media/3_1", nil).refused(http.StatusForbidden, "tweet.read")

	// Again, and all that it gave ends. Another client's attempt ends nothing.
	_, err = foreign.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	wantOAuthError(t, err, http.StatusBadRequest, "invalid_grant", "")
	if !c.mayUpload(got.AccessToken) {
		t.Error("another client's attempt ended the token")
	}
	_, err = cfg.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	wantOAuthError(t, err, http.StatusBadRequest, "invalid_grant", "used before")
	c.as(got.AccessToken).call("GET", "/2/media/3_1", nil).refused(http.StatusUnauthorized, "revoked")
}

func TestOAuth2AuthorizeRefuses(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t)
	app, gone := s.newClient("--redirect-uri", callback), s.newClient("--redirect-uri", callback)
	s.do("client", "revoke", gone.ID)
	for _, row := range []struct {
		name string
		set  string // a parameter and its value; no value takes it away
		page string // words of a page, or
		back string // the error that the client is sent back with
		say  string
	}{
		{"no client", "client_id", "lacks client_id", "", ""},
		{"an unknown client", "client_id=nobody", "There is no app", "", ""},
		{"a revoked client", "client_id=" + gone.ID, "or it was revoked", "", ""},
		{"two clients", "client_id=" + app.ID + "&client_id=" + app.ID, "client_id more than once", "", ""},
		{"no redirect URI", "redirect_uri", "lacks redirect_uri", "", ""},
		{"a foreign redirect URI", "redirect_uri=https://evil.example/cb", "not one that was registered", "", ""},
		{"a longer redirect URI", "redirect_uri=" + callback + "%26x=1", "not one that was registered", "", ""},
		{"a shorter one", "redirect_uri=https://app.example/cb", "not one that was registered", "", ""},
		{"one with a user", "redirect_uri=https://app.example@evil.example/cb", "not one that was registered", "", ""},
		{"no response type", "response_type", "", "invalid_request", "response_type"},
		{"another response type", "response_type=token", "", "unsupported_response_type", "code"},
		{"no scope", "scope", "", "invalid_scope", "missing"},
		{"an unknown scope", "scope=media.read", "", "invalid_scope", "media.read"},
		{"no challenge", "code_challenge", "", "invalid_request", "PKCE"},
		{"a short challenge", "code_challenge=short", "", "invalid_request", "43 characters"},
		{"a challenge with blanks", "code_challenge=a+b&code_challenge_method=plain", "", "invalid_request", "code_challenge"},
		{"another method", "code_challenge_method=S512", "", "invalid_request", "S256 or plain"},
		{"two scopes", "scope=tweet.read&scope=tweet.read", "", "invalid_request", "scope is there more than once"},
		{"a long state", "state=" + strings.Repeat("s", 501), "", "invalid_request", "500"},
	} {
		at, err := url.Parse(s.url + "/i/oauth2/authorize")
		if err != nil {
			t.Fatal(err)
		}
		q := url.Values{
			"response_type": {"code"}, "client_id": {app.ID}, "redirect_uri": {callback}, "scope": {"tweet.read"}, "state": {"x"},
			"code_challenge": {oauth2.S256ChallengeFromVerifier("v")}, "code_challenge_method": {"S256"},
		}
		name, value, valued := strings.Cut(row.set, "=")
		delete(q, name)
		if valued {
			set, err := url.ParseQuery(name + "=" + value)
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range set {
				q[k] = v
			}
		}
		at.RawQuery = q.Encode()
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			p := b.send(method, at.String(), url.Values{"action": {"allow"}})
			if row.page != "" {
				if p.status != http.StatusBadRequest || !strings.Contains(p.body, row.page) || p.header.Get("Location") != "" {
					t.Errorf("%s: %d to %q\n%s", row.name, p.status, p.header.Get("Location"), p.body)
				}
				wantPageHeaders(t, p)
				continue
			}
			got := b.cameBack(p, callback)
			if got.Get("error") != row.back || !strings.Contains(got.Get("error_description"), row.say) || got.Get("code") != "" ||
				(got.Get("state") != "x") != (name == "state") {
				t.Errorf("%s: came back with %v", row.name, got)
			}
		}
	}
}

func TestOAuth2PublicClient(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t)
	s.newUser("ann")
	app := s.newClient("--public", "--redirect-uri", "http://127.0.0.1/cb", "--redirect-uri", "com.example.app:/cb")
	if app.Secret != "" {
		t.Errorf("a public client has the secret %q", app.Secret)
	}
	// Any port on loopback, and plain as in X's examples.
	for _, redirect := range []string{"http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", "com.example.app:/cb"} {
		cfg := s.config(app, redirect, allScopes)
		code := b.code(cfg, "ann", oauth2.SetAuthURLParam("code_challenge", "challenge"), oauth2.SetAuthURLParam("code_challenge_method", "plain"))
		got, err := cfg.Exchange(t.Context(), code, oauth2.SetAuthURLParam("code_verifier", "challenge"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err = refresh(cfg, got.RefreshToken); err != nil || !s.client().mayUpload(got.AccessToken) {
			t.Errorf("%s: %v", redirect, err)
		}
		withSecret := cfg
		withSecret.ClientSecret = "a secret"
		_, err = refresh(withSecret, got.RefreshToken)
		wantOAuthError(t, err, http.StatusUnauthorized, "invalid_client", "")
	}
	for _, redirect := range []string{"http://127.0.0.1:49152/other", "http://127.0.0.2/cb", "http://localhost/cb", "https://127.0.0.1/cb", "http://127.0.0.1:0/cb", "http://127.0.0.1:49152/cb#x"} {
		cfg := s.config(app, redirect, allScopes)
		if p := b.open(cfg.AuthCodeURL("s", oauth2.S256ChallengeOption("v"))); p.status != http.StatusBadRequest || p.header.Get("Location") != "" {
			t.Errorf("%s: %d to %q", redirect, p.status, p.header.Get("Location"))
		}
	}
}

func TestOAuth2Deny(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t)
	s.newUser("ann")
	s.newUser("bob")
	app := s.newClient("--redirect-uri", callback)
	cfg := s.config(app, callback, "tweet.read")
	at := cfg.AuthCodeURL("s", oauth2.S256ChallengeOption("v"))
	got := b.cameBack(b.press(b.consentPage(at, "ann"), "deny"), callback)
	if got.Get("error") != "access_denied" || got.Get("state") != "s" || got.Get("code") != "" {
		t.Errorf("came back with %v", got)
	}
	if list := s.do("consent", "list"); strings.Contains(list, app.ID) {
		t.Errorf("a consent all the same: %s", list)
	}

	// Another account.
	p := b.open(at)
	stale := p
	p = b.follow(b.press(p, "sign_out"))
	if !strings.Contains(p.body, `name="password"`) {
		t.Fatalf("still signed in: %s", p.body)
	}
	if p := b.press(stale, "allow"); p.status != http.StatusForbidden || p.header.Get("Location") != "" {
		t.Errorf("a page from before the sign-out: %d", p.status)
	}
	if p = b.follow(b.press(p, "sign_in", "username", "bob", "password", password)); !strings.Contains(p.body, "<bdi>bob</bdi>") {
		t.Errorf("not bob: %s", p.body)
	}

	// Forms that another page could send.
	thief := newBrowser(t).consentPage(at, "ann") // a form of the thief's own
	token := formToken.FindStringSubmatch(thief.body)[1]
	wide := s.config(app, callback, allScopes)
	wider := wide.AuthCodeURL("s", oauth2.S256ChallengeOption("v"))
	mine := formToken.FindStringSubmatch(p.body)[1]
	for name, send := range map[string]func() page{
		"another browser's token": func() page {
			return b.send("POST", at, url.Values{"action": {"allow"}, "form_token": {token}})
		},
		"no token":        func() page { return b.send("POST", at, url.Values{"action": {"allow"}}) },
		"a token of less": func() page { return b.send("POST", wider, url.Values{"action": {"allow"}, "form_token": {mine}}) },
		"sent from another site": func() page {
			return b.send("POST", at, url.Values{"action": {"allow"}, "form_token": {mine}}, "Sec-Fetch-Site", "cross-site")
		},
		"sent from another origin": func() page {
			return b.send("POST", at, url.Values{"action": {"allow"}, "form_token": {mine}}, "Origin", "https://evil.example")
		},
	} {
		if p := send(); p.status != http.StatusForbidden || p.header.Get("Location") != "" {
			t.Errorf("%s: %d to %q", name, p.status, p.header.Get("Location"))
		}
	}
	if p := b.send("POST", at, url.Values{"action": {"allow"}, "form_token": {mine}}, "Sec-Fetch-Site", "same-origin"); p.status != http.StatusSeeOther {
		t.Errorf("the page's own form: %d\n%s", p.status, p.body)
	}
}

func TestOAuth2SignInsAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t)
	s.newUser("ann")
	app := s.newClient("--redirect-uri", callback)
	cfg := s.config(app, callback, "tweet.read")
	p := b.open(cfg.AuthCodeURL("s", oauth2.S256ChallengeOption("v")))
	for range 5 {
		if p = b.press(p, "sign_in", "username", "ann", "password", "guessed wrong"); p.status != http.StatusUnauthorized {
			t.Fatalf("%d\n%s", p.status, p.body)
		}
	}
	for _, guess := range []string{"guessed wrong", password} {
		if p = b.press(p, "sign_in", "username", "ANN", "password", guess); p.status == http.StatusTooManyRequests {
			break
		}
	}
	if p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") == "" || !strings.Contains(p.body, "Too many sign-ins") {
		t.Errorf("%d, Retry-After %q\n%s", p.status, p.header.Get("Retry-After"), p.body)
	}
}

func TestOAuth2EndsWithTheUser(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	user := s.newUser("ann", "--id", "2244994945")
	if user != "2244994945" {
		t.Errorf("the id is %q", user)
	}
	bob := s.newUser("bob")
	app := s.newClient("--redirect-uri", callback)
	owned := s.newClient("--redirect-uri", callback, "--owner", user)
	cfg := s.config(app, callback, allScopes)
	signedIn := newBrowser(t)
	anns := signedIn.tokens(cfg, "ann")
	bobs := newBrowser(t).tokens(cfg, "bob")
	bobsOfAnns := newBrowser(t).tokens(s.config(owned, callback, allScopes), "bob")
	made := s.token(user)
	appOnly := s.appToken(owned)
	for _, token := range []string{anns.AccessToken, bobs.AccessToken, bobsOfAnns.AccessToken, made, appOnly} {
		c.as(token).call("GET", "/2/media/3_1", nil).refused(http.StatusNotFound)
	}
	said := s.do("user", "erase", "ANN")
	for _, piece := range []string{user, "accounts 1", "sign-ins 1", "consents 2", "access tokens 4", "clients 1"} {
		if !strings.Contains(said, piece) {
			t.Errorf("erasing says %q, not %q", said, piece)
		}
	}
	for name, token := range map[string]string{"ann's": anns.AccessToken, "bob's of ann's client": bobsOfAnns.AccessToken, "made by hand": made, "app-only": appOnly} {
		if a := c.as(token).call("GET", "/2/media/3_1", nil); a.status != http.StatusUnauthorized {
			t.Errorf("%s is still good: %d", name, a.status)
		}
	}
	if !c.mayUpload(bobs.AccessToken) {
		t.Error("bob's ended too")
	}
	_, err := refresh(cfg, anns.RefreshToken)
	wantOAuthError(t, err, http.StatusBadRequest, "invalid_grant", "")
	if p := signedIn.open(cfg.AuthCodeURL("s", oauth2.S256ChallengeOption("v"))); !strings.Contains(p.body, `name="password"`) {
		t.Errorf("still signed in: %s", p.body)
	}

	// One at a time: a consent, a client; a password ends sign-ins.
	id := strings.Fields(strings.Split(s.do("consent", "list", "--user", bob), "\n")[1])[0]
	s.do("consent", "revoke", id)
	c.as(bobs.AccessToken).call("GET", "/2/media/3_1", nil).refused(http.StatusUnauthorized, "revoked")
	b := newBrowser(t)
	last := b.tokens(cfg, "bob")
	s.do("user", "password", bob, "--password-file", fileWith(t, "password", []byte(password)))
	if p := b.open(cfg.AuthCodeURL("s", oauth2.S256ChallengeOption("v"))); !strings.Contains(p.body, `name="password"`) {
		t.Errorf("still signed in: %s", p.body)
	}
	s.do("client", "revoke", app.ID)
	c.as(last.AccessToken).call("GET", "/2/media/3_1", nil).refused(http.StatusUnauthorized, "revoked")
	_, err = refresh(cfg, last.RefreshToken)
	wantOAuthError(t, err, http.StatusUnauthorized, "invalid_client", "")
	for _, args := range [][]string{{"client", "revoke", app.ID}, {"consent", "revoke", id}, {"client", "revoke", "nothing"}, {"user", "erase", "ann"}, {"user", "password", "ann"}} {
		if _, errs, code := magpie(t, append(args, "--data", s.data)...); code == 0 || errs == "" {
			t.Errorf("%v again: exit %d, %q", args, code, errs)
		}
	}
}
