package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"magpie/internal/trace"
	"magpie/internal/xapi"
)

// A panic becomes an error answer where nothing was sent yet, and else breaks
// the answer off, so that half of one is not taken for a whole.
func TestObservedPanics(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	serve := func(h http.HandlerFunc) *httptest.Server {
		s := httptest.NewServer(observed(h, observing{log: log, access: true, meters: newMeters(), now: time.Now, fail: xapi.WriteProblem(log, 0)}))
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

// TestTraces: a request goes on with the trace that it says, and begins one where
// it says none or what is malformed; its lines in the log have it, with the route
// and not the query.
func TestTraces(t *testing.T) {
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	var out bytes.Buffer
	log, err := newLogger(&out, "info", "text")
	if err != nil {
		t.Fatal(err)
	}
	var seen trace.Context
	mux := http.NewServeMux()
	mux.HandleFunc("DELETE /things/{id}", func(_ http.ResponseWriter, r *http.Request) {
		seen = trace.From(r.Context())
		requestOf(r.Context()).who.User = "12"
	})
	h := observed(mux, observing{log: log, access: true, meters: newMeters(), now: time.Now})
	ask := func(header ...string) string {
		t.Helper()
		out.Reset()
		r := httptest.NewRequest(http.MethodDelete, "/things/7?ticket=secret", nil)
		r.Header[trace.ParentHeader], r.Header[trace.StateHeader] = header, []string{"a=b"}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("x-transaction-id"); got != seen.Span() || len(got) != 16 {
			t.Errorf("the request is %q, its step %q", got, seen.Span())
		}
		return out.String()
	}
	lines := ask(parent)
	if seen.ID() != parent[3:35] || seen.Span() == parent[36:52] || seen.State() != "a=b" {
		t.Errorf("%q %q", seen.Parent(), seen.State())
	}
	for _, want := range []string{"msg=request", "msg=audit", "trace=" + parent[3:35], "request=" + seen.Span(), `route="DELETE /things/{id}"`, "user=12", "path=/things/7 "} {
		if !strings.Contains(lines, want) {
			t.Errorf("no %s in %s", want, lines)
		}
	}
	if strings.Contains(lines, "secret") {
		t.Errorf("the log tells %s", lines)
	}
	for _, header := range [][]string{nil, {parent, parent}, {"00-no"}, {strings.ToUpper(parent)}} {
		before := seen
		lines = ask(header...)
		if seen.IsZero() || seen.ID() == before.ID() || seen.ID() == parent[3:35] || seen.State() != "" || !strings.Contains(lines, "trace="+seen.ID()) {
			t.Errorf("%q: %q %q in %s", header, seen.Parent(), seen.State(), lines)
		}
	}
}

// TestAudited: what changes something is told, and the bytes of uploads are not.
func TestAudited(t *testing.T) {
	for route, want := range map[string]bool{
		"POST /2/media/metadata": true, "DELETE /2/media/subtitles": true, "POST /1.1/media/subtitles/create.json": true,
		"DELETE /magpie/v1/media/{id}": true, "POST /magpie/v1/admin/jobs/{id}/requeue": true, "DELETE /magpie/v1/admin/tokens/{id}": true,
		"DELETE /magpie/v1/admin/clients/{id}": true, "GET /magpie/v1/admin/tokens": false, "POST /magpie/v1/grants": true, "POST /oauth2/revoke": true,
		"GET /2/media": false, "POST /2/media/upload": false, "POST /2/media/upload/{id}/append": false,
		"POST /1.1/media/upload.json": false, "PATCH /magpie/v1/tus/{id}": false, "DELETE /magpie/v1/tus/{id}": true, "DELETE /magpie/v1/uploads/{id}": true, "other": false,
	} {
		if audited(route) != want {
			t.Errorf("%s: %v", route, !want)
		}
	}
}
