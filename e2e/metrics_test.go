package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestMetrics are told where --metrics-listen says, and not where clients come.
func TestMetrics(t *testing.T) {
	t.Parallel()
	aside := freeAddress(t)
	s := start(t, "--metrics-listen", aside, "--workers", "1")
	text := metrics(t, aside)
	for _, line := range []string{"magpie_queue_up 1\n", `magpie_queue_jobs{lane="slow",state="waiting"} 0` + "\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("there is no line %q:\n%s", line, text)
		}
	}
	if status, _ := s.get("/metrics"); status != http.StatusNotFound {
		t.Errorf("the API's address answers /metrics with %d", status)
	}
	_, errs, code := magpie(t, "serve", "--data", t.TempDir(), "--metrics-listen", "nine")
	if code == 0 || !strings.Contains(errs, "--metrics-listen: ") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// TestOneTrace follows an upload through metrics, log and worker: a GIF, whose
// requests say a trace, is processed by a job whose lines have it, and is counted.
func TestOneTrace(t *testing.T) {
	t.Parallel()
	aside := freeAddress(t)
	s := start(t, "--metrics-listen", aside, "--workers", "1", "--webhook-allow", "127.0.0.0/8")
	told := make(chan http.Header, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told <- r.Header.Clone() }))
	t.Cleanup(receiver.Close)
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	c := s.client()
	c.webhook(receiver.URL)
	file := animation(64, 64, 4, 20, false)
	id := c.initialize("image/gif", "tweet_gif", len(file))
	c.append(id, 0, file)
	done := c.call(http.MethodPost, "/2/media/upload/"+id+"/finalize", nil, "traceparent", parent, "tracestate", "a=b")
	if done.status != http.StatusOK {
		t.Fatalf("finalize: %d %s", done.status, done.body)
	}
	c.succeeded(id)
	select {
	case h := <-told:
		if got := h.Get("traceparent"); len(got) != len(parent) || got[:36] != parent[:36] || got[36:52] == parent[36:52] || h.Get("tracestate") != "a=b" {
			t.Errorf("the webhook says %q %q", got, h.Get("tracestate"))
		}
	case <-time.After(2 * time.Minute):
		t.Error("the webhook is not told")
	}
	for _, form := range [][2]string{{"GET", "/2/media?media_keys=x&ticket=hidden-words"}, {"GET", "/nowhere"}} {
		c.as("wrong").call(form[0], form[1], nil)
	}

	var log string
	lines := func(pieces ...string) (n int) {
		for line := range strings.Lines(log) {
			has := true
			for _, p := range pieces {
				has = has && strings.Contains(line, p)
			}
			if has {
				n++
			}
		}
		return n
	}
	request := done.header.Get("x-transaction-id")
	eventually(t, func() string { // what is told is told a moment after it is done
		log = s.log.tail(1 << 20)
		if n := lines("msg=request", `route="POST /2/media/upload/{id}/finalize"`, "trace="+trace, "request="+request, "user=1 ", "status=200"); n != 1 {
			return fmt.Sprintf("%d lines for the request:\n%s", n, log)
		}
		if n := lines(`msg="media succeeded"`, "media="+id, "trace="+trace); n != 1 {
			return fmt.Sprintf("%d lines of the worker have the trace:\n%s", n, log)
		}
		return ""
	})
	if lines(secret) > 0 || lines("hidden-words") > 0 {
		t.Errorf("the log has secrets:\n%s", log)
	}
	if n := lines("msg=request"); n != lines("msg=request", "trace=", "request=") {
		t.Errorf("of %d requests some have no trace:\n%s", n, log)
	}

	counted := []string{
		`magpie_uploads_total{dialect="v2",state="opened"} 1`, `magpie_uploads_total{dialect="v2",state="finalized"} 1`,
		fmt.Sprintf("magpie_segment_bytes_total %d", len(file)), "magpie_segments_in_flight 0", "magpie_append_seconds_count 1",
		`magpie_http_requests_total{class="2xx",route="POST /2/media/upload/{id}/append"} 1`, `magpie_http_requests_total{class="4xx",route="other"} 1`,
		`magpie_engine_runs_total{engine="ffmpeg",result="succeeded"} 1`, `magpie_processing_wait_seconds_count{kind="gif"} 1`,
		`magpie_part_up{part="bus"} 1`, `magpie_credentials_refused_total{kind="bearer",reason="invalid"} 1`,
	}
	eventually(t, func() string {
		text := metrics(t, aside)
		for _, line := range counted {
			if !strings.Contains(text, line+"\n") {
				return fmt.Sprintf("there is no line %q:\n%s", line, text)
			}
		}
		return ""
	})
	if status, _ := s.get("/debug/pprof/"); status != http.StatusNotFound {
		t.Errorf("the API's address answers /debug/pprof/ with %d", status)
	}
	for path, want := range map[string]int{"/debug/pprof/": 200, "/debug/pprof/heap?debug=1": 200, "/debug/pprof/cmdline": 404} {
		r, err := http.Get("http://" + aside + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, r.StatusCode, want)
		}
	}
}

// metrics asks an address for its metrics.
func metrics(t *testing.T, address string) string {
	t.Helper()
	r, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("metrics: %d, %v: %s", r.StatusCode, err, text)
	}
	return string(text)
}
