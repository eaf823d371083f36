package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// TestConsentInABrowser has a person sign in and allow, by keyboard, in a real
// browser whose scripts are off. The app goes on to another page of its own
// origin, as apps do, and uploads with the token.
func TestConsentInABrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	user := s.newUser("ann")
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cb" {
			http.Redirect(w, r, "/home?"+r.URL.RawQuery, http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>App</title><p>The app has you back."))
	}))
	defer app.Close()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no chromium in PATH; `make deps-test` installs it")
	}
	cfg := s.config(s.newClient("--redirect-uri", "http://127.0.0.1/cb", "--public"), app.URL+"/cb", allScopes)
	seen := map[string]bool{}
	for _, scheme := range []string{"light", "dark"} {
		verifier := oauth2.GenerateVerifier()
		node := exec.CommandContext(t.Context(), "node", "consent.mjs", cfg.AuthCodeURL("the state", oauth2.S256ChallengeOption(verifier)), "ann", password, chromium, scheme)
		node.Dir = "clients"
		var errs strings.Builder
		node.Stderr = &errs
		out, err := node.Output()
		if err != nil {
			t.Fatalf("node consent.mjs (`make deps-test` installs its packages): %v\n%s", err, errs.String())
		}
		var saw struct {
			Heading string
			Powers  []string
			Width   float64
			Colors  string
			End     string
			Said    []string
		}
		if err := json.Unmarshal(out, &saw); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if saw.Heading != "Let An <app> & co. act for you?" || len(saw.Powers) != 3 || !slices.ContainsFunc(saw.Powers, func(p string) bool { return strings.Contains(p, "Upload media in your name") }) {
			t.Errorf("the page asked %+v", saw)
		}
		if saw.Width > 360 || saw.Width < 200 {
			t.Errorf("the page is %.0f wide on a screen of 360", saw.Width)
		}
		if len(saw.Said) > 0 {
			t.Errorf("the browser says: %s", strings.Join(saw.Said, "; "))
		}
		seen[saw.Colors] = true
		end, err := url.Parse(saw.End)
		if err != nil || end.Path != "/home" || end.Query().Get("state") != "the state" {
			t.Fatalf("it ended at %s", saw.End)
		}
		got, err := cfg.Exchange(t.Context(), end.Query().Get("code"), oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		file := tinyPNG(t, 4)
		up := s.client().as(got.AccessToken).upload("image/png", "tweet_image", file, 1<<20)
		if original := s.client().as(s.token(user)).original(up["id"].(string)); sum(original.body) != sum(file) {
			t.Errorf("the upload is not the user's: %d", original.status)
		}
	}
	if len(seen) != 2 {
		t.Errorf("light and dark have the backgrounds %v", seen)
	}
}
