package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestConsoleUpload has a person upload in the console, with all that goes wrong
// on the way, and looks at what the server has then.
func TestConsoleUpload(t *testing.T) {
	t.Parallel()
	s := start(t, "--max-segment", "64KiB", "--limits", "tweet_image.max_bytes=600KB,tweet_video.max_seconds=0.5", "--workers", "2")
	ann := s.newUser("ann")
	c := s.client().as(s.token(ann))

	dir := t.TempDir()
	keep := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	film := clip(t, "128x72", 10, "2")
	// Nine segments each, and no two alike.
	content := map[string][]byte{}
	for i, name := range []string{"reload.png", "handle.png", "pause.png", "restart.png", "away.png", "cancel.png"} {
		content[name] = noise(t, 420+i)
	}
	content["film.mp4"], content["picture.png"], content["captions.srt"] = film, noise(t, 40), []byte("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
	content["album/deep/one.png"], content["album/two.png"], content["dropped.png"] = noise(t, 41), noise(t, 42), noise(t, 43)
	files := map[string]string{
		"large":  keep("large.png", noise(t, 500)),
		"text":   keep("letter.pdf", []byte("%PDF-1.4\n")),
		"broken": keep("broken.mp4", film[:len(film)/2]),
		"folder": filepath.Join(dir, "album"),
	}
	for name, b := range content {
		if path := keep(name, b); !strings.Contains(name, "/") {
			files[strings.Split(name, ".")[0]] = path
		}
	}
	keep("album/.hidden", []byte("what the system leaves"))
	// A file that looks like reload.png: name, length and time are the same.
	other := append([]byte{}, content["reload.png"]...)
	for i := len(other) / 3; i < len(other); i++ {
		other[i] ^= 1
	}
	for i := 100; i < 200; i++ {
		other[i] ^= 1
	}
	files["impostor"] = keep("other/reload.png", other)
	for _, path := range []string{files["reload"], files["impostor"]} {
		if err := os.Chtimes(path, time.Time{}, time.Unix(1_790_000_000, 0)); err != nil {
			t.Fatal(err)
		}
	}

	control := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/kill":
			s.kill()
		case "/run":
			s.run()
		case "/quota":
			s.do("user", "quota", ann, "1KB")
		}
	}))
	defer control.Close()

	var saw struct {
		Asked      int
		Said       map[string]any
		Findings   map[string][]string
		IDs        map[string]string
		Arrived    map[string]int
		Sent       map[string]int
		Complaints []string
	}
	s.browse("upload", map[string]any{"files": files, "control": control.URL}, &saw)

	for state, found := range saw.Findings {
		if len(found) > 0 {
			t.Errorf("axe finds, %s: %s", state, strings.Join(found, "\n"))
		}
	}
	if len(saw.Findings) != 7 {
		t.Errorf("axe looked %d times", len(saw.Findings))
	}
	for what, words := range map[string]string{
		"large": "at most 586 KiB", "text": "application/pdf", "broken": "cut short", "notThat": "goes on with reload.png", "quota": "your quota leaves 0 B",
	} {
		if said, _ := saw.Said[what].(string); !strings.Contains(said, words) {
			t.Errorf("of %s it says %q", what, said)
		}
	}
	if saw.Said["unstarted"] != 0.0 || saw.Said["impostor"] != 0.0 || saw.Said["listed"] != 3.0 || saw.Said["beyond"] != 0.0 {
		t.Errorf("sessions before the start, segments of another file, files of the drop, sessions beyond the quota: %v", saw.Said)
	}
	if saw.Asked != 2 {
		t.Errorf("the browser asked %d times before it left the page", saw.Asked)
	}
	// What had arrived was not sent again.
	for name, arrived := range map[string]int{"reload": 3, "handle": 4, "pause": 2} {
		segments := (len(content[name+".png"]) + 64<<10 - 1) / (64 << 10)
		if saw.Sent[name] != segments-arrived {
			t.Errorf("%s: %d of %d segments were sent after %d had arrived", name, saw.Sent[name], segments, arrived)
		}
	}
	if segments := (len(content["restart.png"]) + 64<<10 - 1) / (64 << 10); saw.Arrived["restart"] != segments {
		t.Errorf("with the server killed, %d segments of %d were taken", saw.Arrived["restart"], segments)
	}
	for name, b := range content {
		id := saw.IDs[name]
		if name == "cancel.png" {
			continue
		}
		if id == "" {
			t.Errorf("%s has no media", name)
			continue
		}
		c.succeeded(id)
		if got := sum(c.original(id).body); got != sum(b) {
			t.Errorf("%s: the original has the SHA-256 %s, want %s", name, got, sum(b))
		}
	}
	if got := c.call("GET", "/magpie/v1/media/"+saw.IDs["film.mp4"], nil).data()["category"]; got != "dm_video" {
		t.Errorf("the film's category is %v", got)
	}
	if a := c.call("GET", "/magpie/v1/uploads/"+saw.IDs["cancel"], nil); a.status != http.StatusGone {
		t.Errorf("the cancelled upload: %d %s", a.status, a.body)
	}
	if open := c.call("GET", "/magpie/v1/uploads", nil); !strings.Contains(string(open.body), `"data":[]`) {
		t.Errorf("uploads are left open: %s", open.body)
	}
	for _, words := range saw.Complaints {
		if !strings.Contains(words, "401 (Unauthorized)") && !strings.Contains(words, "500 (Internal Server Error)") && !strings.Contains(words, "net::ERR_") {
			t.Errorf("the browser says: %s", words)
		}
	}
	s.stop()
	s.checkWhole()
}
