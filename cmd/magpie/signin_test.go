package main

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSignInSettings(t *testing.T) {
	got, err := parseServe(t)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"https://api.x.com", "https://upload.x.com", "https://api.twitter.com", "https://upload.twitter.com"}, got.OAuth1Origins); diff != "" {
		t.Errorf("origins by default (-want +got):\n%s", diff)
	}
	if got, err = parseServe(t, "--oauth1-origins=https://API.example:443/,http://b:80,http://c:8080"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"https://api.example", "http://b", "http://c:8080"}, got.OAuth1Origins); diff != "" {
		t.Errorf("origins as they are signed (-want +got):\n%s", diff)
	}
	if got, err = parseServe(t, "--oauth1-origins=none"); err != nil || len(got.OAuth1Origins) > 0 {
		t.Errorf("none: %q, %v", got.OAuth1Origins, err)
	}
	if _, err := parseServe(t, "--oidc-issuer=http://keycloak:8080/realms/a", "--oidc-audience=a,b"); err != nil {
		t.Errorf("an issuer: %v", err)
	}
	for words, args := range map[string][]string{
		`--oauth1-origins: "none" is not an origin`:      {"--oauth1-origins=none,https://a"},
		`--oauth1-origins: "https://a/b" is not an`:      {"--oauth1-origins=https://a/b"},
		"--oauth1-window: 25h0m0s is not between 1s":     {"--oauth1-window=25h"},
		"--oidc-clock-skew: -1s is not between":          {"--oidc-clock-skew=-1s"},
		"--oidc-scope-claim: name a claim":               {"--oidc-scope-claim="},
		`--oidc-issuer: "https://a?b" is not the URL`:    {"--oidc-issuer=https://a?b", "--oidc-audience=a"},
		`--oidc-issuer: "ftp://a" is not the URL`:        {"--oidc-issuer=ftp://a", "--oidc-audience=a"},
		"--oidc-issuer: name it, since":                  {"--oidc-ca-file=x"},
		"--oidc-issuer: name it, since --oidc-console":   {"--oidc-console-client=a"},
		"--oidc-console-client: name it, since":          {"--oidc-issuer=https://a", "--oidc-audience=a", "--oidc-console-secret-file=x"},
		"--oidc-console-scopes: a scope is neither":      {"--oidc-issuer=https://a", "--oidc-audience=a", "--oidc-console-scopes=openid profile"},
		"--oidc-audience: name what the issuer's tokens": {"--oidc-issuer=https://a"},
	} {
		if _, err := parseServe(t, args...); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v: %v, want %q", args, err, words)
		}
	}
}

// The issuer is trusted by the file's authorities alone.
func TestIssuerClient(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that fails
	server.StartTLS()
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{file: true, "": false} {
		client, err := issuerClient(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := client.Do(r)
		if (err == nil) != want {
			t.Errorf("with %q: %v", name, err)
		}
		if err == nil {
			a.Body.Close()
		}
	}
	for _, name := range []string{os.DevNull, filepath.Join(t.TempDir(), "missing")} {
		if _, err := issuerClient(name); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
