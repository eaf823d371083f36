package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"magpie/internal/xapi"
)

// A panic becomes an error answer where nothing was sent yet, and else breaks
// the answer off, so that half of one is not taken for a whole.
func TestObservedPanics(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	serve := func(h http.HandlerFunc) *httptest.Server {
		s := httptest.NewServer(observed(h, log, time.Now, xapi.WriteProblem(log, 0)))
		t.Cleanup(s.Close)
		return s
	}

	early := serve(func(http.ResponseWriter, *http.Request) { panic("early") })
	r, err := http.Get(early.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusInternalServerError || r.Header.Get("x-transaction-id") == "" {
		t.Errorf("status %d, header %v", r.StatusCode, r.Header)
	}

	late := serve(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic("late")
	})
	r, err = http.Get(late.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if body, err := io.ReadAll(r.Body); err == nil {
		t.Errorf("a broken answer was read to its end: %q", body)
	}
}
