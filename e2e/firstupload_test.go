package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestFirstUpload runs the programs of docs/first-upload.md as they stand there: each
// uploads a video in segments, and prints the key of a media that is ready and an address that is there.
func TestFirstUpload(t *testing.T) {
	t.Parallel()
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
			page := "first-upload.md"
			if strings.HasSuffix(language, " ") {
				page, language = "first-upload.ja.md", strings.TrimSuffix(language, " ")
			}
			file := programOf(t, page, language, run.file)
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

// TestFirstUploadThatFails: a shell that waits for a video ends when that can't be processed, and says why.
func TestFirstUploadThatFails(t *testing.T) {
	t.Parallel()
	s := start(t, "--faults")
	name := keep(t, "holiday.mp4", clip(t, "32x32", 10, "0.5"))
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal("no curl in PATH; `make deps-test` installs it")
	}
	// A curl that asks for the fault where it begins an upload.
	path := t.TempDir()
	script := "#!/bin/bash\n[[ $* == */initialize* ]] && set -- -H 'X-Magpie-Fault: processing=InvalidMedia:no pictures' \"$@\"\nexec " + curl + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(path, "curl"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"first-upload.md", "first-upload.ja.md"} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		cmd := exec.CommandContext(ctx, "bash", "-e", programOf(t, page, "bash", "upload.sh"), name)
		cmd.Env = append(os.Environ(), "MAGPIE="+s.url, "TOKEN="+s.token("2244994945"), "PATH="+path+":"+os.Getenv("PATH"))
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		cancel()
		if cmd.ProcessState.ExitCode() != 1 || len(out) > 0 || !strings.Contains(errs.String(), "no pictures") {
			t.Errorf("%s: %v: %q, %q", page, err, out, errs.String())
		}
	}
}

// programOf keeps the one program of a language on a page of docs/ in a file.
func programOf(t *testing.T, page, language, name string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)\n```"+language+"\n(.*?)\n```\n").FindAllSubmatch(text, -1)
	if len(found) != 1 {
		t.Fatalf("%s has %d programs in it", page, len(found))
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, found[0][1], 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
