package e2e

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// tusLine is what clients/tus.mjs prints.
type tusLine struct {
	Sent, Aborted      any
	ID, State, URL     string
	Error, Body, Other string
}

// tusUpload has tus-js-client upload a file, and gives the upload's URL. seen is
// called with each line.
func (s *server) tusUpload(path, way string, seen func(tusLine)) string {
	s.t.Helper()
	node := exec.CommandContext(s.t.Context(), "node", "tus.mjs", s.url+"/magpie/v1/tus/", secret, path, way)
	node.Dir = "clients"
	var errs strings.Builder
	node.Stderr = &errs
	out, err := node.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		s.t.Fatal(err)
	}
	var last tusLine
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		last = tusLine{}
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
			s.t.Fatalf("%v: %s", err, lines.Text())
		}
		if seen != nil {
			seen(last)
		}
	}
	if err := node.Wait(); err != nil || last.URL == "" {
		s.t.Fatalf("node tus.mjs (`make deps-test` installs its packages): %v, %+v\n%s", err, last, errs.String())
	}
	return last.URL
}

// arrived checks that what is at a tus upload's URL became a media of these bytes.
func (c client) arrived(url string, content []byte) {
	c.t.Helper()
	id := url[strings.LastIndexByte(url, '/')+1:]
	if got := sum(c.original(id).body); got != sum(content) {
		c.t.Errorf("the original has the SHA-256 %s, want %s", got, sum(content))
	}
	shown := c.call("GET", "/magpie/v1/tus/"+id, nil).data()
	if shown["state"] != "succeeded" || shown["upload_offset"] != float64(len(content)) {
		c.t.Errorf("it stands so: %v", shown)
	}
	if m := c.lookup(shown["media_key"].(string)); m["alt_text"] != "Noise" {
		c.t.Errorf("it is looked up as %v", m)
	}
}

// TestTusClient uploads with tus-js-client in each of its ways.
func TestTusClient(t *testing.T) {
	t.Parallel()
	s := start(t)
	content := noise(t, 1100)
	file := fileWith(t, "noise.png", content)
	for _, way := range []string{"whole", "chunks", "parallel", "deferred"} {
		aborted := false
		url := s.tusUpload(file, way, func(l tusLine) { aborted = aborted || l.Aborted != nil })
		if aborted != (way == "chunks") {
			t.Errorf("%s: aborted %v", way, aborted)
		}
		s.client().arrived(url, content)
	}
	s.stop()
	s.checkWhole()
}

// TestTusServerKilled kills the server in the middle of an upload, several times.
func TestTusServerKilled(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"chunks", "parallel"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			content := noise(t, 1100)
			kills, chunks := 0, 0
			url := s.tusUpload(fileWith(t, "noise.png", content), way, func(l tusLine) {
				if l.Sent == nil {
					return
				}
				if chunks++; chunks%4 == 2 && kills < 3 {
					kills++
					s.kill()
					s.run()
				}
			})
			if kills == 0 {
				t.Error("it was never killed")
			}
			s.client().arrived(url, content)
			s.stop()
			s.checkWhole()
		})
	}
}
