package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"magpie/internal/ownapi"
)

// shownTo gives what operators are shown of a server with these arguments, by
// name.
func shownTo(t *testing.T, args ...string) map[string]ownapi.Setting {
	t.Helper()
	parser, err := newParser(t.Context(), surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(append([]string{"serve"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	c := parsed.Selected().Target.Addr().Interface().(*serveCommand)
	out := map[string]ownapi.Setting{}
	for _, s := range inForce(parsed, &c.settings) {
		if _, twice := out[s.Name]; twice || s.Help == "" {
			t.Errorf("%+v", s)
		}
		out[s.Name] = s
	}
	return out
}

// Each setting is told with what is in force and where that comes from.
func TestSettingsInForce(t *testing.T) {
	file := settingsFile(t, "drain: 3s\nworkers: 3\nlog-level: debug\nlimits: {tweet_video: {max_seconds: 600}}\n")
	t.Setenv("MAGPIE_DRAIN", "2s")
	t.Setenv("MAGPIE_WORKERS", "2")
	t.Setenv("MAGPIE_LISTEN", "") // as good as not set
	got := shownTo(t, file, "--drain=1s", "--faults", "--quota=10GiB", "--cors-origins=https://a.example,https://b.example")
	for name, want := range map[string][2]string{
		"drain": {"1s", "flag"}, "workers": {"2", "environment"}, "log-level": {"debug", "file"}, "log-format": {"text", "default"},
		"listen": {"127.0.0.1:8080", "default"}, "faults": {"true", "flag"}, "no-work": {"false", "default"}, "quota": {"10 GiB", "flag"},
		"cors-origins": {"https://a.example,https://b.example", "flag"}, "limits": {"tweet_video.max_seconds=600", "file"},
		"max-segment": {"64 MiB", "default"}, "retention": {"0s", "default"}, "session-lifetime": {"24h0m0s", "default"}, "config": {strings.TrimPrefix(file, "--config="), "flag"},
	} {
		if s := got[name]; s.Value != want[0] || s.From != want[1] || s.Hidden {
			t.Errorf("%s: %+v, want %v", name, s, want)
		}
	}
	if got["drain"].Variable != "MAGPIE_DRAIN" {
		t.Errorf("%+v", got["drain"])
	}
}

// No password that was typed, was in the environment or in a file is told, and
// what holds one is told without.
func TestSettingsKeepSecrets(t *testing.T) {
	login := filepath.Join(t.TempDir(), "login")
	if err := os.WriteFile(login, []byte("ann:hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MAGPIE_DATABASE", "postgres://magpie:hunter2@db.example/magpie?password=hunter2&sslpassword=hunter2")
	t.Setenv("MAGPIE_BOOTSTRAP_TOKEN", "hunter2-hunter2-hunter2-hunter2-hunter2")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
	got := shownTo(t, "--blobs=s3://bucket?endpoint=http://s3.example", "--bus=nats://ann:hunter2@a.example:4222,nats://hunter2@b.example:4222", "--bus-login="+login)
	for _, s := range got {
		if strings.Contains(s.Value, "hunter2") {
			t.Errorf("a secret is told: %+v", s)
		}
	}
	if d := got["database"]; !strings.Contains(d.Value, "db.example/magpie") || d.From != "environment" {
		t.Errorf("%+v", d)
	}
	if b := got["bus"]; !strings.Contains(b.Value, "a.example:4222") || got["bus-login"].Value != login {
		t.Errorf("%+v", b)
	}
}

// Each setting is in one of the lists, so that whoever makes one decides whether it
// may hold a secret; and what has the name of a secret names a file at most.
func TestSettingsAreLookedAt(t *testing.T) {
	parser, err := newParser(t.Context(), surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	var flags []*kong.Flag
	for _, command := range parser.Model.Leaves(false) {
		if command.Name == "serve" {
			flags = slices.Concat(parser.Model.Flags, command.Flags)
		}
	}
	known := map[string]bool{"help": true}
	for _, f := range flags {
		known[f.Name] = true
		shown, hidden := slices.Contains(shownSettings(), f.Name), slices.Contains(hiddenSettings(), f.Name)
		if f.Name != "help" && shown == hidden {
			t.Errorf("--%s: shown %v, hidden %v: put it in one of the lists in inforce.go", f.Name, shown, hidden)
		}
		for _, word := range []string{"secret", "password", "token", "key", "login", "credential"} {
			file := f.PlaceHolder == "FILE" || f.PlaceHolder == "PATH"
			if shown && strings.Contains(f.Name, word) && !file {
				t.Errorf("--%s has the name of a secret and is shown", f.Name)
			}
		}
	}
	for _, name := range slices.Concat(shownSettings(), hiddenSettings()) {
		if !known[name] {
			t.Errorf("%q is no setting", name)
		}
	}
}

// What is in neither list is hidden.
func TestUnknownSettingsAreHidden(t *testing.T) {
	var command struct {
		Pin   string `help:"A new setting."`
		Empty string `help:"Another one."`
		Quota string `help:"One that is shown."`
	}
	parser, err := kong.New(&command, kong.Name("test"))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse([]string{"--pin=hunter2", "--quota=5"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range inForce(parsed, &settings{}) {
		want := map[string]ownapi.Setting{
			"pin": {Hidden: true, From: "flag"}, "empty": {From: "default"}, "quota": {Value: "5", From: "flag"},
		}[s.Name]
		if s.Value != want.Value || s.Hidden != want.Hidden || s.From != want.From {
			t.Errorf("%+v, want %+v", s, want)
		}
	}
}
