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
	"time"

	"magpie/internal/auth"
	"magpie/internal/bus"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/policy"
	"magpie/internal/processing"
	"magpie/internal/upload"
)

// told reads what is told of meters, without what begins with #.
func told(t *testing.T, m *meters) []string {
	t.Helper()
	depths := func(context.Context) (map[bus.Lane]bus.Depth, error) {
		return map[bus.Lane]bus.Depth{bus.Fast: {}}, nil
	}
	w := httptest.NewRecorder()
	newMetrics(m, depths, map[string]check{"bus": func(context.Context) error { return nil }}, slog.New(slog.DiscardHandler)).
		ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	var lines []string
	for line := range strings.Lines(w.Body.String()) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func wants(t *testing.T, m *meters, lines ...string) {
	t.Helper()
	got := told(t, m)
	for _, want := range lines {
		if !slices.Contains(got, want) {
			name, _, _ := strings.Cut(want, "{")
			near := slices.DeleteFunc(slices.Clone(got), func(l string) bool { return !strings.HasPrefix(l, name) })
			t.Errorf("%s is not told; there are %q", want, near)
		}
	}
}

// TestMetersAreCounted: each counter that dashboards were given goes up by what
// it is of, and by that only.
func TestMetersAreCounted(t *testing.T) {
	m := newMeters()
	wants(t, m, `magpie_uploads_total{dialect="tus",state="opened"} 0`, `magpie_policy_denials_total{reason="country"} 0`,
		`magpie_engine_runs_total{engine="ffmpeg",result="faulted"} 0`, `magpie_build_info{version="`+version+`"} 1`)

	in := func(pattern string) context.Context {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Pattern = pattern
		return context.WithValue(t.Context(), requestKey{}, &recorder{request: r})
	}
	u := m.uploads()
	u.Opened(in("POST /2/media/upload/initialize"))
	u.Opened(in("POST /1.1/media/upload.json"))
	u.Opened(t.Context())
	u.Opened(in("/magpie/v1/tus/"))
	u.Closed(in("POST /2/media/upload/{id}/finalize"), nil)
	u.Closed(in("POST /2/media/upload"), media.Invalid("media", "no"))
	u.Closed(in("PATCH /magpie/v1/tus/{id}"), errors.New("no disk"))
	u.InFlight(2)
	u.InFlight(-1)
	u.Appended(t.Context(), 1000, 3*time.Millisecond)

	p := m.processing()
	p.Ran(media.KindVideo, 718, processing.ResultGood, 4*time.Second)
	p.Ran(media.KindGIF, 0, processing.ResultFaulted, time.Second)
	p.Ran(media.KindImage, 0, processing.ResultGood, time.Second)
	p.Waited(media.KindVideo, 2*time.Second)

	m.viewerDenied(policy.ReasonCountry)
	m.webhookTried(catalog.DeliveryWaiting)
	now := time.Unix(1_800_000_000, 500e6)
	m.swept(upload.Swept{BlobsDeleted: 7}, nil, 1500*time.Millisecond, now)
	m.swept(upload.Swept{}, errors.New("away"), time.Second, now.Add(time.Hour))
	m.swept(upload.Swept{}, context.Canceled, 0, now)

	rec := &recorder{}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, rec))
	m.identified(r, "bearer", auth.Identity{User: "12"}, nil)
	if rec.who.User != "12" {
		t.Errorf("the request is of %+v", rec.who)
	}
	m.identified(r, "oauth1", auth.Identity{}, media.Errorf(media.CodeSignature, "no"))
	m.identified(r, "oauth1", auth.Identity{}, errors.New("away"))
	m.identified(r, "none", auth.Identity{}, media.Errorf(media.CodeNoCredentials, "no"))

	wants(t, m,
		`magpie_uploads_total{dialect="v2",state="opened"} 1`, `magpie_uploads_total{dialect="v1.1",state="opened"} 1`,
		`magpie_uploads_total{dialect="other",state="opened"} 1`, `magpie_uploads_total{dialect="tus",state="opened"} 1`, `magpie_uploads_total{dialect="v2",state="finalized"} 1`,
		`magpie_uploads_total{dialect="v2-command",state="refused"} 1`, `magpie_uploads_total{dialect="tus",state="failed"} 1`,
		"magpie_segments_in_flight 1", "magpie_segment_bytes_total 1000", `magpie_append_seconds_bucket{le="0.002"} 0`, `magpie_append_seconds_bucket{le="0.005"} 1`,
		`magpie_engine_runs_total{engine="ffmpeg",result="succeeded"} 1`, `magpie_engine_runs_total{engine="ffmpeg",result="faulted"} 1`,
		`magpie_processing_run_seconds_count{kind="video",rung="720"} 1`, `magpie_processing_run_seconds_count{kind="image",rung="none"} 1`,
		`magpie_processing_wait_seconds_sum{kind="video"} 2`,
		`magpie_policy_denials_total{reason="country"} 1`, `magpie_webhook_tries_total{state="waiting"} 1`,
		`magpie_sweeps_total{result="done"} 1`, `magpie_sweeps_total{result="failed"} 1`, "magpie_sweep_seconds_total 2.5",
		`magpie_swept_total{what="blobs_deleted"} 7`, "magpie_last_sweep_timestamp_seconds 1.8000000005e+09",
		`magpie_credentials_refused_total{kind="oauth1",reason="invalid"} 1`, `magpie_credentials_refused_total{kind="oauth1",reason="other"} 1`,
		`magpie_credentials_refused_total{kind="none",reason="missing"} 1`,
	)
	if got := told(t, m); slices.ContainsFunc(got, func(l string) bool { return strings.HasPrefix(l, `magpie_processing_run_seconds_count{kind="gif"`) }) {
		t.Error("a run that went wrong is counted as one that took its time")
	}
}

// TestRequestsAreCounted: by route and class, with the bytes of both ways, and a
// path that nobody has a route for makes no series of its own.
func TestRequestsAreCounted(t *testing.T) {
	m := newMeters()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /things/{id}", func(w http.ResponseWriter, r *http.Request) {
		var b [10]byte
		_, _ = r.Body.Read(b[:])
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("four"))
	})
	mux.HandleFunc("/", http.NotFound)
	h := observed(mux, observing{log: slog.New(slog.DiscardHandler), meters: m, now: time.Now})
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/things/secret", strings.NewReader("sixsix")))
	for _, path := range []string{"/a", "/b", "/things/x"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	const route = `route="POST /things/{id}"`
	wants(t, m, `magpie_http_requests_total{class="4xx",`+route+`} 1`, `magpie_http_received_bytes_total{`+route+`} 6`,
		`magpie_http_sent_bytes_total{`+route+`} 4`, `magpie_http_request_seconds_count{`+route+`} 1`,
		`magpie_http_requests_total{class="4xx",route="other"} 3`, "magpie_http_requests_in_flight 0")
	for _, line := range told(t, m) {
		if strings.Contains(line, "secret") || strings.Contains(line, `"/a"`) {
			t.Errorf("%s holds what a client chose", line)
		}
	}
}

// TestMetersAllocateNothing: what is counted for each segment and each request
// costs no memory.
func TestMetersAllocateNothing(t *testing.T) {
	m := newMeters()
	u, ctx := m.uploads(), t.Context()
	n := testing.AllocsPerRun(100, func() {
		u.InFlight(1)
		u.Appended(ctx, 1<<20, time.Millisecond)
		u.InFlight(-1)
		m.answered("POST /2/media/upload/{id}/append", 200, 1<<20, 60, time.Millisecond)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
