package e2e

import (
	"encoding/json"
	"maps"
	"os/exec"
	"strings"
)

// browse has a person in Chromium do what clients/console/<script>.mjs says, and
// reads what it saw into saw. The script is given the server's URL and what given
// has besides.
func (s *server) browse(script string, given map[string]any, saw any) {
	s.t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		s.t.Fatal("no chromium in PATH; `make deps-test` installs it")
	}
	all := map[string]any{"url": s.url, "username": "ann", "password": password, "chromium": chromium}
	maps.Copy(all, given)
	text, err := json.Marshal(all)
	if err != nil {
		s.t.Fatal(err)
	}
	node := exec.CommandContext(s.t.Context(), "node", "console/"+script+".mjs", string(text))
	node.Dir = "clients"
	var errs strings.Builder
	node.Stderr = &errs
	out, err := node.Output()
	if err != nil {
		s.t.Fatalf("node %s.mjs (`make deps-test` installs its packages): %v\n%s\n%s", script, err, out, errs.String())
	}
	if err := json.Unmarshal(out, saw); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
}
