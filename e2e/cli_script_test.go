package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the command line as people do: testdata/script/*.txtar, each
// with a server of its own, named to it by the variables of the client's
// commands, and with pictures and a film in its folder.
func TestScripts(t *testing.T) {
	t.Parallel()
	film := tinyMP4(t, 2)
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			s := start(t)
			for name, content := range map[string][]byte{
				"a.png": tinyPNG(t, 1), "photos/b.png": tinyPNG(t, 2), "photos/deep/c.png": tinyPNG(t, 3), "clip.mp4": film,
			} {
				path := filepath.Join(env.WorkDir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					return err
				}
				if err := os.WriteFile(path, content, 0o600); err != nil {
					return err
				}
			}
			env.Setenv("PATH", filepath.Dir(binary)+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_STATE_HOME", "")
			env.Setenv("MAGPIE_URL", s.url)
			env.Setenv("MAGPIE_TOKEN", secret)
			env.Setenv("MAGPIE_DATA", s.data)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"take": take, "json": checkJSON,
		},
	})
}

// take NAME REGEXP sets a variable to the first group of what stdout matches.
func take(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: take NAME REGEXP")
	}
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) < 2 {
		ts.Fatalf("%s is not in\n%s", args[1], ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], found[1])
}

// checkJSON holds every line of stdout to be one JSON object: json N of them, or
// json value for one object over several lines.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: json N|value")
	}
	text := []byte(ts.ReadFile("stdout"))
	if args[0] == "value" {
		var one map[string]any
		ts.Check(json.Unmarshal(text, &one))
		return
	}
	lines := regexp.MustCompile(`(?m)^.+$`).FindAll(text, -1)
	for _, line := range lines {
		var one map[string]any
		ts.Check(json.Unmarshal(line, &one))
	}
	if want := args[0]; want != string(rune('0'+len(lines))) {
		ts.Fatalf("%d lines, want %s", len(lines), want)
	}
}
