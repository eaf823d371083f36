package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// TestCIPage: the files of docs/ci.md can be read, and what they set are settings
// of magpie serve; the token that the tests send is the server's.
func TestCIPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	files := regexp.MustCompile("(?s)\n```yaml\n(.*?)\n```\n").FindAllSubmatch(page, -1)
	if len(files) != 2 {
		t.Fatalf("%d files", len(files))
	}
	var actions struct {
		Jobs map[string]struct {
			Services map[string]struct{ Env map[string]string }
			Env      map[string]string
			Steps    []map[string]string
		}
	}
	if err := yaml.Unmarshal(files[0][1], &actions); err != nil {
		t.Fatal(err)
	}
	var gitlab map[string]struct {
		Services []struct {
			Alias     string
			Variables map[string]string
		}
		Variables map[string]string
		Script    []string
	}
	if err := yaml.Unmarshal(files[1][1], &gitlab); err != nil {
		t.Fatal(err)
	}
	a, b := actions.Jobs["test"], gitlab["test"]
	if len(a.Steps) < 2 || len(b.Script) < 2 || len(b.Services) != 1 {
		t.Fatalf("%+v %+v", a, b)
	}
	if diff := cmp.Diff(a.Services["magpie"].Env, b.Services[0].Variables); diff != "" {
		t.Errorf("the two set different things: %s", diff)
	}
	if !strings.Contains(b.Variables["X_API_URL"], "//"+b.Services[0].Alias+":") {
		t.Errorf("nobody is at %s", b.Variables["X_API_URL"])
	}
	for _, job := range []map[string]string{a.Env, b.Variables} {
		if job["X_API_TOKEN"] != b.Services[0].Variables["MAGPIE_BOOTSTRAP_TOKEN"] || len(job["X_API_TOKEN"]) < 32 {
			t.Errorf("the token %q is not the server's", job["X_API_TOKEN"])
		}
	}
	parser, err := newParser(t.Context(), surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, command := range parser.Model.Leaves(false) {
		if command.Name == "serve" {
			for _, f := range command.Flags {
				known = append(known, f.Envs...)
			}
		}
	}
	for name := range maps.Keys(b.Services[0].Variables) {
		if name != "MAGPIE_BOOTSTRAP_TOKEN" && !slices.Contains(known, name) {
			t.Errorf("magpie serve reads no %s", name)
		}
	}
}
