package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFirstUpload runs the programs of docs/first-upload.md as they stand there: each
// uploads a video in segments, and prints the key of a media that is ready and an address that is there.
func TestFirstUpload(t *testing.T) {
	t.Parallel()
	read := func(name string) []byte {
		page, err := os.ReadFile("../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	english, japanese := read("first-upload.md"), read("first-upload.ja.md")
	s := start(t)
	film := sampleVideo(t, "640x360", "6")
	if len(film) <= 1<<20 {
		t.Fatalf("a film of %d bytes is one segment", len(film))
	}
	name := keep(t, "holiday.mp4", film)
	for language, run := range map[string]struct {
		file string
		argv []string
	}{
		"bash ":  {"upload.sh", []string{"bash", "-e"}}, // of the page in Japanese
		"bash":   {"upload.sh", []string{"bash", "-e"}},
		"python": {"upload.py", []string{"/usr/bin/python3"}},
		"js":     {"upload.mjs", []string{"node"}},
		"go":     {"upload.go", []string{"go", "run"}},
		"php":    {"upload.php", []string{"php"}},
		"ruby":   {"upload.rb", []string{"ruby"}},
	} {
		t.Run(language, func(t *testing.T) {
			page := english
			if strings.HasSuffix(language, " ") {
				page, language = japanese, strings.TrimSuffix(language, " ")
			}
			found := regexp.MustCompile("(?s)\n```"+language+"\n(.*?)\n```\n").FindAllSubmatch(page, -1)
			if len(found) != 1 {
				t.Fatalf("the page has %d programs in it", len(found))
			}
			file := filepath.Join(t.TempDir(), run.file)
			if err := os.WriteFile(file, found[0][1], 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), run.argv[0], append(run.argv[1:], file, name)...)
			cmd.Env = append(os.Environ(), "MAGPIE="+s.url, "TOKEN="+s.token("2244994945"))
			var errs strings.Builder
			cmd.Stderr = &errs
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s%s", err, out, errs.String())
			}
			var key, url string
			if n, err := fmt.Sscan(string(out), &key, &url); n != 2 || strings.Count(string(out), "\n") != 1 {
				t.Fatalf("%v: %q", err, out)
			}
			c := s.client().as(s.token("2244994945"))
			c.t = t
			if got := c.original(strings.TrimPrefix(key, "7_")); string(got.body) != string(film) {
				t.Errorf("%d bytes arrived of %d", len(got.body), len(film))
			}
			answer, err := http.Get(url)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "video/mp4" {
				t.Errorf("%s: %s %s", url, answer.Status, answer.Header.Get("Content-Type"))
			}
		})
	}
}
