package e2e

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// TestDocsInABrowser has a reader of /docs upload a picture from there, on a screen
// as small as a phone's: nothing is asked of any other server, the token is
// written down nowhere, and people with other eyes and hands can do it too, as far as axe tells.
func TestDocsInABrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.token("2244994945")
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no chromium in PATH; `make deps-test` installs it")
	}
	picture := keep(t, "photo.png", samplePNG())
	backgrounds := map[string]bool{}
	for _, scheme := range []string{"light", "dark"} {
		asks, err := json.Marshal(map[string]string{"url": s.url, "token": token, "picture": picture, "chromium": chromium, "scheme": scheme})
		if err != nil {
			t.Fatal(err)
		}
		node := exec.CommandContext(t.Context(), "node", "docs.mjs", string(asks))
		node.Dir = "clients"
		var errs strings.Builder
		node.Stderr = &errs
		out, err := node.Output()
		if err != nil {
			t.Fatalf("node docs.mjs: %v\n%s", err, errs.String())
		}
		var saw struct {
			Found, Result, Background string
			Overflow, Kept            int
			Leaked                    bool
			Complaints, Asked, Faults []string
		}
		if err := json.Unmarshal(out, &saw); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if !strings.Contains(saw.Result, "200 OK") || !strings.Contains(saw.Result, `"media_key": "3_`) || !strings.Contains(saw.Result, "curl -X POST") {
			t.Errorf("the answer is shown as %s", saw.Result)
		}
		if strings.Contains(saw.Result, token) || saw.Leaked || saw.Kept != 0 {
			t.Error("the token is written down")
		}
		if !strings.HasPrefix(saw.Found, "1 of ") {
			t.Errorf("found: %s", saw.Found)
		}
		if saw.Overflow > 0 {
			t.Errorf("the page is %d pixels too wide", saw.Overflow)
		}
		if len(saw.Complaints) > 0 {
			t.Errorf("the browser complains: %q", saw.Complaints)
		}
		if len(saw.Faults) > 0 {
			t.Errorf("axe finds, in %s: %s", scheme, strings.Join(saw.Faults, "\n"))
		}
		for _, u := range saw.Asked {
			if !strings.HasPrefix(u, s.url+"/") && !strings.HasPrefix(u, "data:") {
				t.Errorf("it asked %s", u)
			}
		}
		backgrounds[saw.Background] = true
	}
	if len(backgrounds) != 2 {
		t.Errorf("light and dark look alike: %v", backgrounds)
	}
}
