package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// parseServe gives the settings that serve would run with.
func parseServe(t *testing.T, args ...string) (settings, error) {
	t.Helper()
	parser, err := newParser(t.Context(), surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(append([]string{"serve"}, args...))
	if err != nil {
		return settings{}, err
	}
	return parsed.Selected().Target.Interface().(serveCommand).settings, nil
}

func settingsFile(t *testing.T, yaml string) (flag string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "magpie.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return "--config=" + path
}

func TestPrecedence(t *testing.T) {
	file := settingsFile(t, "drain: 3s\nworkers: 3\nlog-level: debug\nmax-segment: 1048576\n")
	t.Setenv("MAGPIE_DRAIN", "2s")
	t.Setenv("MAGPIE_WORKERS", "2")
	got, err := parseServe(t, file, "--drain=1s")
	if err != nil {
		t.Fatal(err)
	}
	if got.Drain != time.Second || got.Workers != 2 || got.LogLevel != "debug" || got.MaxSegment == nil || *got.MaxSegment != 1<<20 || got.LogFormat != "text" {
		t.Errorf("flag, environment, file, file, default: %s %d %s %s %s", got.Drain, got.Workers, got.LogLevel, got.MaxSegment, got.LogFormat)
	}
}

// What is empty is not set.
func TestEmptySettings(t *testing.T) {
	for _, yaml := range []string{"", "# nothing\n", "listen:\n", "listen: ~\n"} {
		if got, err := parseServe(t, settingsFile(t, yaml)); err != nil || got.Listen != "127.0.0.1:8080" {
			t.Errorf("%q: %q %v", yaml, got.Listen, err)
		}
	}
	file := settingsFile(t, "listen: 127.0.0.1:1\n")
	t.Setenv("MAGPIE_LISTEN", "")
	if got, err := parseServe(t, file); err != nil || got.Listen != "127.0.0.1:1" {
		t.Errorf("an empty environment variable hides the file: %q %v", got.Listen, err)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]size{"64MiB": 64 << 20, "1.5GB": 1_500_000_000, "1048576": 1 << 20, "128 KiB": 128 << 10} {
		var got size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %d %v", text, got, err)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "much", "99999999999GiB"} {
		var got size
		if err := got.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "64MiB") {
			t.Errorf("%q: %d %v", text, got, err)
		}
	}
}

// Every wrong setting is named at once, in the same order each time.
func TestAllThatIsWrong(t *testing.T) {
	_, err := parseServe(t, "--listen=8080", "--workers=-1", "--drain=-1s", "--log-level=loud")
	if err == nil {
		t.Fatal("taken")
	}
	last := -1
	for _, name := range []string{"--drain", "--listen", "--log-level", "--workers"} {
		at := strings.Index(err.Error(), name)
		if at <= last {
			t.Errorf("%s is not named in its place: %v", name, err)
		}
		last = at
	}
}

// A server that is told to stop while it starts starts, stops, and is content.
func TestStopWhileStarting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out, log bytes.Buffer
	secret := strings.Repeat("s", 32)
	err = run(ctx, []string{"serve", "--data", t.TempDir(), "--listen", address}, surroundings{nil, &out, &log, func(string) string { return secret }})
	if err != nil || out.Len() > 0 {
		t.Errorf("%v: %s%s", err, out.Bytes(), log.Bytes())
	}
}
