package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
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
