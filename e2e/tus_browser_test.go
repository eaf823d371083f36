package e2e

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// TestTusInBrowser uploads by Uppy and by tus-js-client in Chromium, from a page on
// another origin that is reloaded in the middle.
func TestTusInBrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	content := noise(t, 1100)
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no chromium in PATH; `make deps-test` installs it")
	}
	node := exec.CommandContext(t.Context(), "node", "tus-browser.mjs", s.url+"/magpie/v1/tus/", secret, fileWith(t, "noise.png", content), browser)
	node.Dir = "clients"
	var errs strings.Builder
	node.Stderr = &errs
	out, err := node.Output()
	if err != nil {
		t.Fatalf("node tus-browser.mjs (`make deps-test` installs its packages): %v\n%s", err, errs.String())
	}
	var saw struct {
		Uppy, Parallel, State string
		First, Second, Said   []string
	}
	if err := json.Unmarshal(out, &saw); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(saw.First) < 6 || saw.First[0] != "POST" {
		t.Errorf("before the reload it sent %v", saw.First)
	}
	if len(saw.Second) < 2 || saw.Second[0] != "HEAD" || saw.Second[1] != "PATCH" || len(saw.Second) > 26 {
		t.Errorf("after the reload it sent %v; %v", saw.Second, saw.Said)
	}
	if saw.State != "succeeded" {
		t.Errorf("what the page may read of the state is %q", saw.State)
	}
	s.client().arrived(saw.Uppy, content)
	s.client().arrived(saw.Parallel, content)
}
