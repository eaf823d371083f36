package main

import (
	"bytes"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs the command line.
func command(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = run(t.Context(), args, surroundings{nil, &out, &errs, func(string) string { return "" }})
	return out.String(), err
}

func TestCA(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first, err := command(t, "ca", "--data", data)
	if err != nil {
		t.Fatal(err)
	}
	a, err := readAuthority(authorityIn(data))
	if err != nil || string(a.trusted()) != first {
		t.Fatalf("printed %q, %v", first, err)
	}
	if b, rest := pem.Decode([]byte(first)); b == nil || b.Type != "CERTIFICATE" || len(rest) > 0 || !strings.HasPrefix(first, "-----BEGIN") {
		t.Errorf("more than a certificate: %q", first)
	}
	for _, args := range [][]string{{}, {"--names", "api.x.com,UPLOAD.X.COM"}, {"--names", "v1.api.x.com"}} {
		if again, err := command(t, append([]string{"ca", "--data", data}, args...)...); err != nil || again != first {
			t.Errorf("%v: %q, %v", args, again, err)
		}
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	for range 2 {
		if out, err := command(t, "ca", "--data", data, "--out", file); err != nil || out != "" {
			t.Errorf("%q, %v", out, err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != first {
			t.Errorf("%q, %v", got, err)
		}
	}
	for _, c := range []struct {
		args  []string
		words string
	}{
		{[]string{"--names", "example.com"}, "--names: the authority is not for example.com, only for api.twitter.com"},
		{[]string{"--names", "example.com"}, "move " + authorityIn(data) + " away"},
		{[]string{"--names", "*.x.com"}, `"*.x.com" has a wildcard`},
		{[]string{"--out", filepath.Join(data, "none", "ca.pem")}, "--out: "},
	} {
		if out, err := command(t, append([]string{"ca", "--data", data}, c.args...)...); err == nil || out != "" || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%v: %q, %v", c.args, out, err)
		}
	}
}

func TestLocalAuthority(t *testing.T) {
	data := t.TempDir()
	names := []string{"media.example", "192.0.2.7"}
	_, err := localAuthority(data, names)
	if err == nil || !strings.Contains(err.Error(), "magpie ca --data "+data+" --names media.example,192.0.2.7") {
		t.Errorf("without an authority: %v", err)
	}
	if _, err := command(t, "ca", "--data", data, "--names", "media.example,192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	if _, err := localAuthority(data, names); err != nil {
		t.Error(err)
	}
	if _, err := localAuthority(data, []string{"media.example", "api.x.com"}); err == nil || !strings.Contains(err.Error(), "--tls-names: the authority is not for api.x.com, only for") {
		t.Errorf("another name: %v", err)
	}
	if err := os.Chmod(authorityIn(data), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := localAuthority(data, names); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("readable by all: %v", err)
	}
}
