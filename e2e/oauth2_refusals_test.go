package e2e

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// wantOAuthError checks an error of the token endpoint.
func wantOAuthError(t *testing.T, err error, status int, code, words string) {
	t.Helper()
	var e *oauth2.RetrieveError
	if !errors.As(err, &e) || e.Response.StatusCode != status || e.ErrorCode != code || !strings.Contains(e.ErrorDescription, words) {
		t.Errorf("got %v, want %d %s with %q", err, status, code, words)
	}
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
