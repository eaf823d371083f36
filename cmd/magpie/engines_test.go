package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

// TestEngines asks a server that has just been opened how it is, and again once
// its parts are closed.
func TestEngines(t *testing.T) {
	parsed, err := parseServe(t, "--data="+t.TempDir(), "--listen=127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := newApp(t.Context(), parsed, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, e := range a.engines(t.Context()) {
		names += e.Name + " "
		if len(e.Findings) == 0 || (e.Latency > 0) != (e.Name != "ffmpeg" && e.Name != "machine") {
			t.Errorf("%+v", e)
		}
		for _, f := range e.Findings {
			if f.Words == "" || strings.Contains(f.Words, "\n") || (f.Verdict == "good") != (f.Advice == "") || f.Verdict == "bad" && e.Name != "machine" {
				t.Errorf("%s: %+v", e.Name, f)
			}
		}
	}
	if names != "database blobs bus ffmpeg machine " {
		t.Errorf("%s", names)
	}
	remembered := &a.transcoder.found[0]
	if _, found := a.transcoder.look(t.Context()); &found[0] != remembered {
		t.Error("ffmpeg was asked again at once")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for _, e := range a.engines(t.Context()) {
		if f := e.Findings[0]; (e.Name == "database" || e.Name == "bus") && (f.Verdict != "bad" || f.Advice == "") {
			t.Errorf("%s of a server that is closed: %+v", e.Name, e.Findings)
		}
	}
}

func TestAsked(t *testing.T) {
	away := errors.New("away")
	if took, err := asked(t.Context(), func(context.Context) error { return away }); took <= 0 || !errors.Is(err, away) {
		t.Errorf("%v %v", took, err)
	}
}
