package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"magpie/internal/bus"
)

// TestMetrics: names and labels are what dashboards and autoscalers were given.
func TestMetrics(t *testing.T) {
	var lanes map[bus.Lane]bus.Depth
	away := errors.New("no server can be reached")
	var ill error
	handler := newMetrics(newMeters(), func(context.Context) (map[bus.Lane]bus.Depth, error) {
		if lanes == nil {
			return nil, away
		}
		return lanes, nil
	}, map[string]check{"bus": func(context.Context) error { return ill }}, slog.New(slog.NewTextHandler(t.Output(), nil)))
	queue := func() []string {
		t.Helper()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		if kind := w.Header().Get("Content-Type"); w.Code != http.StatusOK || !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
			t.Fatalf("%d %s: %s", w.Code, kind, w.Body)
		}
		if !strings.Contains(w.Body.String(), "\nprocess_resident_memory_bytes ") {
			t.Error("nothing about the process")
		}
		var found []string
		for line := range strings.Lines(w.Body.String()) {
			if strings.HasPrefix(line, "magpie_queue_") || strings.HasPrefix(line, "magpie_part_") {
				found = append(found, strings.TrimSpace(line))
			}
		}
		return found
	}
	ill = away
	if got, want := queue(), []string{`magpie_part_up{part="bus"} 0`, "magpie_queue_up 0"}; !slices.Equal(got, want) {
		t.Errorf("while the bus is away: %q", got)
	}
	lanes = map[bus.Lane]bus.Depth{bus.Fast: {Waiting: 3}, bus.Slow: {Waiting: 5, Taken: 2}, bus.Idle: {}}
	ill = nil
	want := []string{
		`magpie_part_up{part="bus"} 1`,
		`magpie_queue_jobs{lane="fast",state="taken"} 0`, `magpie_queue_jobs{lane="fast",state="waiting"} 3`,
		`magpie_queue_jobs{lane="idle",state="taken"} 0`, `magpie_queue_jobs{lane="idle",state="waiting"} 0`,
		`magpie_queue_jobs{lane="slow",state="taken"} 2`, `magpie_queue_jobs{lane="slow",state="waiting"} 5`,
		"magpie_queue_up 1",
	}
	if got := queue(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
