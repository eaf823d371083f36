package e2e

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"magpie/internal/blob/s3blob/s3test"
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

// TestTusInBucket uploads to a server whose bytes are in a bucket, and kills it on the
// way; what has come of an upload that is not finished is looked for by magpie check.
func TestTusInBucket(t *testing.T) {
	store, err := s3test.Start("..")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.MakeBucket("films"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", s3test.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3test.SecretKey)
	place := "s3://films?endpoint=http://" + store.Address
	s := start(t, "--blobs", place)
	c := s.client()
	content := noise(t, 1100)
	file := fileWith(t, "noise.png", content)
	for _, way := range []string{"chunks", "parallel", "deferred"} {
		chunks := 0
		url := s.tusUpload(file, way, func(l tusLine) {
			if l.Sent == nil {
				return
			}
			if chunks++; chunks == 3 && way != "deferred" { // whose client has nothing to send again
				s.kill()
				s.run()
			}
		})
		if chunks < 3 {
			t.Errorf("%s: %d chunks", way, chunks)
		}
		c.arrived(url, content)
	}
	url := c.call("POST", "/magpie/v1/tus/", nil, "Tus-Resumable", "1.0.0", "Upload-Length", "1000000").is(http.StatusCreated).header.Get("Location")
	sent := c.call("PATCH", url[strings.Index(url, "/magpie/"):], content[:500_000], "Tus-Resumable", "1.0.0", "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
	if sent.header.Get("Upload-Offset") != "500000" {
		t.Fatalf("half of it: %d %s", sent.status, sent.body)
	}
	s.stop()
	if out, errs, code := magpie(t, "check", "--data", s.data, "--blobs", place); code != 0 || !strings.Contains(out, "whole") {
		t.Errorf("magpie check: exit %d\n%s%s", code, out, errs)
	}
	id, removed := url[strings.LastIndexByte(url, '/')+1:], 0
	err = filepath.WalkDir(filepath.Join(store.Folder(), "films"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(path, "/"+id+"/") && removed == 0 {
			removed++
			return os.Remove(path)
		}
		return err
	})
	if err != nil || removed != 1 {
		t.Fatalf("%d objects of %s: %v", removed, id, err)
	}
	if out, errs, code := magpie(t, "check", "--data", s.data, "--blobs", place); code == 0 || !strings.Contains(out+errs, "upload "+id+": segment") {
		t.Errorf("magpie check with a part that is gone: exit %d\n%s%s", code, out, errs)
	}
}

// TestTusIsLimited: uploads by tus and those by X's API count together.
func TestTusIsLimited(t *testing.T) {
	t.Parallel()
	c := start(t, "--rate-limits", "x").client()
	begin := func() answer {
		return c.call("POST", "/magpie/v1/tus/", nil, "Tus-Resumable", "1.0.0", "Upload-Length", "10").is(http.StatusCreated)
	}
	if limit, left, _ := begin().rate(); limit != 1875 || left != 1874 {
		t.Errorf("the first: %d of %d", left, limit)
	}
	opened := c.call("POST", "/2/media/upload/initialize", map[string]any{"media_type": "image/png", "media_category": "tweet_image", "total_bytes": 10}).is(http.StatusOK)
	if _, left, _ := opened.rate(); left != 1873 {
		t.Errorf("then by X's API: %d", left)
	}
	if _, left, _ := begin().rate(); left != 1872 {
		t.Errorf("then by tus: %d", left)
	}
}
