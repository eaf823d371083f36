package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// embedJob is one thing that the viewer in clients/embed.mjs does.
type embedJob struct {
	Do     string `json:"do"`
	URL    string `json:"url"`
	Motion string `json:"motion,omitempty"`
	Scheme string `json:"scheme,omitempty"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	Expect bool   `json:"expect,omitempty"` // that it plays
}

// embedSeen is what the viewer saw.
type embedSeen struct {
	Requests, Said, Before, Faults, Tabs, Modes, Events []string

	Told int

	Fault, Colors, Label, Cue, Captions, CaptionsOff, Valuetext string
	Heading, Words, Focus, Alt, Text, Shown                     string
	Playing, Muted, Quieter, Paused, Forward, Back, End         playerState
	Message, Gone, Played                                       bool
	Stage                                                       []float64
	Stickers                                                    [][]float64
	Middles                                                     [][]int
}

type playerState struct {
	At, Volume, Duration float64
	Paused, Muted, Ended bool
	Width                int
	Source               string
}

// watch has a viewer do jobs, one after the other.
func watch(t *testing.T, jobs ...embedJob) []embedSeen {
	t.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no chromium in PATH; `make deps-test` installs it")
	}
	list, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "embed.mjs", browser, string(list))
	node.Dir = "clients"
	var errs strings.Builder
	node.Stderr = &errs
	out, err := node.Output()
	if err != nil {
		t.Fatalf("node embed.mjs (`make deps-test` installs its packages): %v\n%s", err, errs.String())
	}
	var saw []embedSeen
	if err := json.Unmarshal(out, &saw); err != nil || len(saw) != len(jobs) {
		t.Fatalf("%v: %s", err, out)
	}
	for i, s := range saw {
		if s.Fault != "" {
			t.Errorf("%s %s: %s\nthe browser says: %s", jobs[i].Do, jobs[i].URL, s.Fault, strings.Join(s.Said, "; "))
		}
		if len(s.Faults) > 0 {
			t.Errorf("%s: %s", jobs[i].URL, strings.Join(s.Faults, "; "))
		}
	}
	return saw
}

// silent fails the test if the browser had anything to complain of, such as
// something that the page's policy forbids.
func (s embedSeen) silent(t *testing.T) {
	t.Helper()
	if len(s.Said) > 0 {
		t.Errorf("the browser says: %s", strings.Join(s.Said, "; "))
	}
}

// embedURL is the address of a media's page.
func (c client) embedURL(key, query string) string { return c.url + "/magpie/v1/embed/" + key + query }

// subtitledVideo uploads a video of 20 seconds with captions in two languages: a
// machine may stand still for some of them while one plays it.
func (c client) subtitledVideo() (id, key string) {
	c.t.Helper()
	up := c.upload("video/mp4", "tweet_video", film(c.t, "mp4", slices.Concat(picture("640x360", 20), sound(20), h264(), []string{"-g", "50", "-c:a", "aac"})...), 1<<20)
	id = up["id"].(string)
	c.succeeded(id)
	c.attach(id, c.captions("WEBVTT\n\n00:00.000 --> 00:20.000\nGood morning\n"), "EN", "English")
	c.attach(id, c.captions("WEBVTT\n\n00:00.000 --> 00:20.000\nBom dia\n"), "pt-BR", "Português <do> Brasil")
	return id, up["media_key"].(string)
}

// TestEmbedVideo plays a video on its page, by keyboard, on a wide screen in the
// light and from a phone in the dark.
func TestEmbedVideo(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	id, key := c.subtitledVideo()
	c.describe(id, `{"alt_text": {"text": "Bars </script><b>& a tone"}, "found_media_origin": {"provider": "giphy", "id": "x"}}`)
	page := c.embedURL(key, "")
	saw := watch(t,
		embedJob{Do: "video", URL: page, Scheme: "light"},
		embedJob{Do: "begin", URL: c.embedURL(key, "?t=8&autoplay=1&lang=pt-br")},
		embedJob{Do: "begin", URL: c.embedURL(key, "?t=7s&autoplay=1"), Motion: "reduce", Scheme: "dark", Width: 320, Height: 240},
	)
	v := saw[0]
	v.silent(t)
	if len(v.Before) != 2 || !strings.HasSuffix(v.Before[0], page) || !strings.Contains(v.Before[1], "/media/") || !strings.HasSuffix(v.Before[1], ".jpg") {
		t.Errorf("before it was played it asked for %q, want the page and the poster", v.Before)
	}
	want := []string{
		"button#play Play", "input#seek Position", "button#mute Mute", "select#captions Captions", "a#download Download", "button#full Full screen",
	}
	if !slices.Equal(v.Tabs, want) {
		t.Errorf("the focus goes to %q, want %q", v.Tabs, want)
	}
	if v.Playing.Source != "blob" || v.Playing.Width == 0 || math.Abs(v.Playing.Duration-20) > 0.2 || v.Label != "Pause" {
		t.Errorf("playing: %+v, %s", v.Playing, v.Label)
	}
	if v.Cue != "en: Good morning" || v.Captions != "en" || v.CaptionsOff != "" {
		t.Errorf("captions: %q, chosen %q, then %q", v.Cue, v.Captions, v.CaptionsOff)
	}
	if !v.Muted.Muted || v.Quieter.Volume > 0.95 || !v.Paused.Paused {
		t.Errorf("m: %+v, down: %+v, space: %+v", v.Muted, v.Quieter, v.Paused)
	}
	if d := v.Forward.At - v.Paused.At; math.Abs(d-5) > 0.3 || math.Abs(v.Back.At-v.Paused.At) > 0.3 {
		t.Errorf("right and left go from %v to %v and %v, want 5 seconds", v.Paused.At, v.Forward.At, v.Back.At)
	}
	if !v.End.Ended || v.Valuetext != "0:20 of 0:20" || v.Message {
		t.Errorf("the end: %+v, %q, a message: %v", v.End, v.Valuetext, v.Message)
	}
	if v.Told != http.StatusNoContent || len(v.Events) == 0 {
		t.Errorf("of %q it told: %d", v.Events, v.Told)
	}
	if at := saw[1].Playing.At; at < 7.9 || at > 19.9 {
		t.Errorf("?t=8 begins at %v", at)
	}
	if !slices.Equal(saw[1].Modes, []string{"en disabled", "pt-BR showing"}) {
		t.Errorf("?lang=pt-br: %v", saw[1].Modes)
	}
	if p := saw[2].Playing; !p.Paused || p.At < 6.9 || p.At > 7.1 {
		t.Errorf("with motion reduced it begins to play, or not at 7: %+v", p)
	}
	saw[1].silent(t)
	saw[2].silent(t)
}

// TestEmbedWarning: nothing of a sensitive media is fetched before its viewer
// wants it.
func TestEmbedWarning(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	id, key := c.subtitledVideo()
	c.describe(id, `{"sensitive_media_warning": {"adult_content": true, "graphic_violence": true}}`)
	up := c.upload("image/png", "tweet_image", tinyPNG(t, 3), 1<<20)
	c.describe(up["id"].(string), `{"sensitive_media_warning": {"other": true}}`)
	page, photo := c.embedURL(key, "?autoplay=1"), c.embedURL(up["media_key"].(string), "")
	saw := watch(t, embedJob{Do: "warning", URL: page}, embedJob{Do: "warning", URL: photo, Width: 320, Height: 300})
	for i, s := range saw {
		s.silent(t)
		if address := []string{page, photo}[i]; !slices.Equal(s.Before, []string{"GET " + address}) || !s.Gone {
			t.Errorf("before it was let it asked for %q; gone: %v", s.Before, s.Gone)
		}
	}
	if saw[0].Heading != "Sensitive video" || !strings.Contains(saw[0].Words, "adult content and graphic violence") || saw[0].Focus != "play" {
		t.Errorf("%q: %q, then the focus is on %q", saw[0].Heading, saw[0].Words, saw[0].Focus)
	}
	if saw[1].Heading != "Sensitive image" || !strings.Contains(saw[1].Words, "something else that may upset") {
		t.Errorf("%q: %q", saw[1].Heading, saw[1].Words)
	}
}

// TestEmbedFrames holds the page in frames of two sites, of which one may.
func TestEmbedFrames(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	id, key := c.subtitledVideo()
	c.describe(id, `{"domain_restrictions": {"whitelist": ["localhost"]}, "allow_download_status": {"allow_download": false}}`)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Query().Get("hide") != "" {
			w.Header().Set("Referrer-Policy", "no-referrer")
		}
		fmt.Fprintf(w, `<!doctype html><title>Site</title><link rel="icon" href="data:,"><iframe src="%s" width="600" height="340" allow="autoplay; fullscreen" title="Video"></iframe>`, c.embedURL(key, ""))
	}))
	defer site.Close()
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(site.URL, "http://"))
	allowed, foreign := "http://localhost:"+port+"/", "http://127.0.0.1:"+port+"/"
	saw := watch(t,
		embedJob{Do: "frame", URL: allowed, Expect: true},
		embedJob{Do: "frame", URL: allowed + "?hide=1", Expect: true},
		embedJob{Do: "frame", URL: foreign},
		embedJob{Do: "frame", URL: foreign + "?hide=1"},
	)
	for i, name := range []string{"the allowed site", "the allowed site, which hides itself"} {
		if !saw[i].Played {
			t.Errorf("%s doesn't play it: %q", name, saw[i].Said)
		}
		saw[i].silent(t)
	}
	if s := saw[2]; s.Played || !strings.Contains(s.Text, "not shown on the pages of 127.0.0.1") {
		t.Errorf("a foreign site shows %q", s.Text)
	}
	if s := saw[3]; s.Played || !strings.Contains(strings.Join(s.Said, " "), "frame-ancestors") {
		t.Errorf("a foreign site that hides itself shows %q: %q", s.Text, s.Said)
	}
	for _, s := range saw[2:] {
		for _, r := range s.Requests {
			if strings.Contains(r, "/media/") {
				t.Errorf("a foreign site got the page to ask for %s", r)
			}
		}
	}
}

// plainPNG is an image of one colour.
func plainPNG(t *testing.T, w, h int, c color.Color) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestEmbedStickers lays stickers over a photo that is shown in half its size.
func TestEmbedStickers(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	photo := c.upload("image/png", "tweet_image", plainPNG(t, 1280, 640, color.RGBA{0, 0, 200, 255}), 1<<20)
	sticker := c.upload("image/png", "tweet_image", plainPNG(t, 100, 100, color.RGBA{200, 0, 0, 255}), 1<<20)["id"].(string)
	others := c.as(s.token("99")).upload("image/png", "tweet_image", plainPNG(t, 100, 100, color.RGBA{0, 200, 0, 255}), 1<<20)["id"].(string)
	c.describe(photo["id"].(string), fmt.Sprintf(`{"alt_text": {"text": "A \"blue\" sea <i>"}, "found_media_origin": {"provider": "giphy", "id": "x"}, "sticker_info": {"stickers": [
		{"id": "%[1]s", "aspect_ratio": 2, "transform_a": 2, "transform_b": 0, "transform_c": 0, "transform_d": 2, "transform_tx": 100.5, "transform_ty": 40},
		{"id": "%[2]s", "transform_a": 1, "transform_d": 1, "transform_tx": 0, "transform_ty": 0},
		{"id": "smile", "transform_a": 1, "transform_d": 1},
		{"id": "%[1]s", "aspect_ratio": 1, "transform_a": 0, "transform_b": 1, "transform_c": -1, "transform_d": 0, "transform_tx": 800, "transform_ty": 300}
	]}}`, sticker, others))
	// 640 wide, and as high as the photo then is with what stands under it.
	saw := watch(t, embedJob{Do: "image", URL: c.embedURL(photo["media_key"].(string), ""), Width: 640, Height: 360})[0]
	saw.silent(t)
	if saw.Alt != `A "blue" sea <i>` || !strings.Contains(saw.Text, "From giphy") || !strings.Contains(saw.Text, "Download") {
		t.Errorf("alt %q, text %q", saw.Alt, saw.Text)
	}
	if len(saw.Stickers) != 2 || len(saw.Stage) != 4 {
		t.Fatalf("stickers at %v on %v", saw.Stickers, saw.Stage)
	}
	scale := min(saw.Stage[2]/1280, saw.Stage[3]/640)
	left, top := saw.Stage[0]+(saw.Stage[2]-1280*scale)/2, saw.Stage[1]+(saw.Stage[3]-640*scale)/2
	for i, want := range [][]float64{{100.5, 40, 200, 100}, {700, 300, 100, 100}} {
		for k, at := range []float64{left + want[0]*scale, top + want[1]*scale, want[2] * scale, want[3] * scale} {
			if math.Abs(saw.Stickers[i][k]-at) > 0.6 {
				t.Errorf("sticker %d is at %v, want %v there: %v", i, saw.Stickers[i], at, want)
				break
			}
		}
		if c := saw.Middles[i]; c[0] < 150 || c[1] > 60 || c[2] > 60 {
			t.Errorf("in the middle of sticker %d the screen is %v", i, c)
		}
	}
}

// TestEmbedGIF: a GIF plays by itself, over and over, unless motion is unwanted.
func TestEmbedGIF(t *testing.T) {
	t.Parallel()
	c := start(t, "--media-origin", "").client()
	up := c.upload("image/gif", "tweet_gif", animation(64, 48, 12, 10, false), 1<<20)
	c.succeeded(up["id"].(string))
	page := c.embedURL(up["media_key"].(string), "")
	saw := watch(t, embedJob{Do: "begin", URL: page}, embedJob{Do: "plays", URL: page, Motion: "reduce"})
	for _, s := range saw {
		s.silent(t)
	}
	if saw[0].Playing.Paused || !saw[0].Playing.Muted || !strings.HasPrefix(saw[0].Playing.Source, "http") {
		t.Errorf("it is %+v", saw[0].Playing)
	}
}

// TestEmbedSwitches: by a slow connection a small size plays, by a fast one a
// larger, also after a viewer went on while something was fetched.
func TestEmbedSwitches(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	up := c.upload("video/mp4", "tweet_video", film(t, "mp4", slices.Concat(picture("640x360", 24), sound(24), h264(), []string{"-g", "50", "-c:a", "aac"})...), 1<<20)
	c.succeeded(up["id"].(string))
	saw := watch(t, embedJob{Do: "switches", URL: c.embedURL(up["media_key"].(string), ""), Width: 1280, Height: 720})[0]
	saw.silent(t)
	if saw.Playing.Width == 0 || saw.Playing.Width >= 640 || saw.End.Width != 640 || saw.Message {
		t.Errorf("it played %d and then %d wide; a message: %v", saw.Playing.Width, saw.End.Width, saw.Message)
	}
}

// TestEmbedMediaOrigin plays a video whose files are on an origin of their own.
func TestEmbedMediaOrigin(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	s.args = append(s.args, "--public-url", s.url, "--media-origin", "http://localhost:"+u.Port())
	s.run()
	c := s.client()
	id, key := c.subtitledVideo()
	c.describe(id, `{"allow_download_status": {"allow_download": false}}`)
	saw := watch(t, embedJob{Do: "plays", URL: c.embedURL(key, "?lang=en")})[0]
	saw.silent(t)
	if saw.Playing.Source != "blob" || !slices.ContainsFunc(saw.Requests, func(r string) bool {
		return strings.HasPrefix(r, "GET http://localhost:") && strings.Contains(r, "ticket=")
	}) {
		t.Errorf("%+v after %q", saw.Playing, saw.Requests)
	}
}
