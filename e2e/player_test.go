package e2e

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:embed clients/player.html
var playerPage []byte

// outcome is what an element of the player's page came to.
type outcome struct {
	Width, Height int
	Duration      float64
	Reached       float64 // currentTime when it was judged
	Ended         bool
	Readable      bool // the page's scripts may read its pixels
	Fault         string
	First         float64  // the time of the first picture
	Tracks        []string // the text tracks that a viewer may choose from
	Cues          []seenCue
}

// seenCue is a cue of the chosen track when the player came to it.
type seenCue struct {
	Language, Text string
	Start, End     float64
	At             float64 // currentTime then
}

// TestPlayer plays a finished video in a real browser, from a page on another
// origin: the HLS variant by hls.js, the largest MP4 and the poster by plain
// elements. The page begins an upload, too.
func TestPlayer(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := film(t, "mp4", slices.Concat(picture("640x360", 4), sound(4), h264(), []string{"-c:a", "aac"})...)
	up := c.upload("video/mp4", "tweet_video", file, 1<<20)
	c.succeeded(up["id"].(string))
	m := c.lookup(up["media_key"].(string))
	c.attach(up["id"].(string), c.captions("1\n00:00:01,000 --> 00:00:01,800\nGood <b>morning</b>\n"), "EN", "English")
	c.attach(up["id"].(string), c.captions("WEBVTT\n\n00:01.000 --> 00:01.800\nBom <i>dia</i>\n\n00:03.900 --> 00:09.000\nTchau\n"), "pt-BR", `Português "do Brasil"`)

	shown := map[string]string{"poster": m["preview_image_url"].(string), "api": c.url, "token": c.token, "spoken": "pt-BR"}
	for _, e := range m["variants"].([]any) {
		v := e.(map[string]any)
		kind := map[any]string{"video/mp4": "mp4", "application/x-mpegURL": "hls"}[v["content_type"]]
		shown[kind] = v["url"].(string) // the last MP4 is the largest
	}
	saw := playPage(t, shown)
	for name, want := range map[string]outcome{
		"hls":    {Width: 640, Height: 360, Duration: 4, Reached: 2, Readable: true},
		"mp4":    {Width: 640, Height: 360, Duration: 4, Reached: 2, Readable: true},
		"poster": {Width: 640, Height: 360, Readable: true},
		"upload": {Readable: true}, // to the API, by fetch
	} {
		got, there := saw[name]
		if !there || got.Fault != "" || !got.Readable {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		if name == "upload" {
			continue
		}
		// An adaptive player may be on a smaller size; its shape is the same.
		if got.Width*want.Height != got.Height*want.Width || got.Width == 0 || (name != "hls" && got.Width != want.Width) {
			t.Errorf("%s is %d×%d, want %d×%d", name, got.Width, got.Height, want.Width, want.Height)
		}
		if got.Duration < want.Duration-0.2 || got.Duration > want.Duration+0.2 {
			t.Errorf("%s lasts %.2f s, want %.0f", name, got.Duration, want.Duration)
		}
		if got.Reached <= want.Reached && !got.Ended && want.Reached > 0 {
			t.Errorf("%s played to %.2f s, want more than %.0f", name, got.Reached, want.Reached)
		}
	}
	checkCaptions(t, saw["hls"])
}

// checkCaptions looks at what the player knew of the subtitles: both languages
// to choose from, and of the chosen one the cue that it passed, at its time.
func checkCaptions(t *testing.T, saw outcome) {
	t.Helper()
	if diff := cmp.Diff([]string{"subtitles en English", "subtitles pt-BR Português 'do Brasil'"}, saw.Tracks); diff != "" {
		t.Errorf("text tracks (-want +got):\n%s", diff)
	}
	if saw.First != 0 { // else cues and pictures count from different times
		t.Errorf("the first picture is at %v s", saw.First)
	}
	if len(saw.Cues) != 1 {
		t.Fatalf("the player showed %+v, want one cue", saw.Cues)
	}
	cue := saw.Cues[0]
	if cue.Language != "pt-BR" || cue.Text != "Bom dia" || math.Abs(cue.Start-1) > 0.001 || math.Abs(cue.End-1.8) > 0.001 || cue.At < 1 || cue.At >= 1.8 {
		t.Errorf("the player showed %+v, want Bom dia from 1 to 1.8 s", cue)
	}
}

// playPage serves the player's page on an origin of its own and has Chromium
// open it.
func playPage(t *testing.T, shown map[string]string) map[string]outcome {
	t.Helper()
	modules, err := filepath.Abs("clients/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(shown)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(bytes.Replace(playerPage, []byte("{/* URLs */}"), list, 1))
	})
	mux.Handle("GET /hls.js/", http.FileServer(http.Dir(modules)))
	page := httptest.NewServer(mux)
	defer page.Close()

	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no chromium in PATH; `make deps-test` installs it")
	}
	node := exec.CommandContext(t.Context(), "node", "player.mjs", page.URL+"/", browser)
	node.Dir = "clients"
	var errs strings.Builder
	node.Stderr = &errs
	out, err := node.Output()
	if err != nil {
		t.Fatalf("node player.mjs (`make deps-test` installs its packages): %v\n%s", err, errs.String())
	}
	var report struct {
		Outcomes map[string]outcome
		Said     []string
		Timeout  string
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if report.Timeout != "" {
		t.Errorf("the page did not finish: %s", report.Timeout)
	}
	if len(report.Said) > 0 {
		t.Log(fmt.Sprint("the browser says: ", strings.Join(report.Said, "; ")))
	}
	return report.Outcomes
}
