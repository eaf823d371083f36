package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"
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
