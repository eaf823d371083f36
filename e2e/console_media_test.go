package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/color"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// consoleMedia is what clients/console/media.mjs saw.
type consoleMedia struct {
	Title, Cue, Pointed, Spoken, Copied, Embed, Original, TicketEmbed, FocusBack string
	Reason, State, Text, OnItsWay, Unknown                                       string

	Playing, Restricted, GIF struct {
		At     float64
		Width  int
		Source string
	}
	Still struct {
		Colour           []int
		X, Width, Height float64
	}
	Links map[string][]struct{ Name, URL, Text string }

	Before, Audit, Complaints []string
	History, Findings         map[string][]string
	Zoom                      []int

	Captioned, Scrollable                      bool
	Sought                                     float64
	TicketWords, Sharp, DeletedShows, Sideways int
}

// TestConsoleMedia has a person look at the pages of several media, and fetches
// what these give links to.
func TestConsoleMedia(t *testing.T) {
	t.Parallel()
	s := start(t, "--faults")
	c := s.client().as(s.token(s.newUser("ann")))
	bytes := film(t, "mp4", slices.Concat([]string{"-f", "lavfi", "-i", "color=red:s=640x360:d=6,format=yuv420p[a];color=blue:s=640x360:d=6,format=yuv420p[b];[a][b]concat"}, sound(12), h264(), []string{"-g", "50", "-c:a", "aac"})...)
	filmed := func() string {
		id := c.upload("video/mp4", "tweet_video", bytes, 1<<20)["id"].(string)
		c.succeeded(id)
		return id
	}
	whole, restricted := filmed(), filmed()
	subtitles := c.captions("WEBVTT\n\n00:00.000 --> 00:12.000\nGood morning\n")
	c.attach(whole, subtitles, "EN", "English")
	c.attach(whole, c.captions("WEBVTT\n\n00:00.000 --> 00:12.000\nBom dia\n"), "pt-BR", "Português")
	c.describe(whole, `{"alt_text": {"text": "Red, then blue"}}`)
	c.describe(restricted, `{"audience_policy": {"creator_subscriptions": ["Any"]}, "domain_restrictions": {"whitelist": ["example.com"]}, "allow_download_status": {"allow_download": false}}`)
	image := c.upload("image/png", "tweet_image", plainPNG(t, 3000, 2000, color.RGBA{0, 120, 0, 255}), 1<<20)["id"].(string)
	gif := c.upload("image/gif", "tweet_gif", tinyGIF(t), 1<<20)["id"].(string)
	c.succeeded(gif)
	broken := c.upload("video/mp4", "tweet_video", bytes[:3000], 1<<20)["id"].(string)
	c.await(broken)

	var saw consoleMedia
	s.browse("media", map[string]any{
		"token": c.token, "film": whole, "restricted": restricted, "image": image, "gif": gif, "broken": broken, "subtitles": subtitles,
		"gifBytes": base64.StdEncoding.EncodeToString(tinyGIF(t)), "shots": os.Getenv("MAGPIE_SHOTS"),
	}, &saw)
	saw.checkFilm(c, bytes)
	saw.checkLinks(c, map[string]string{"film": whole, "restricted": restricted, "image": image})
	saw.checkRest(c, image)
}

func (saw *consoleMedia) checkFilm(c client, bytes []byte) {
	t := c.t
	t.Helper()
	if saw.Title != "Red, then blue" || len(saw.Before) > 0 {
		t.Errorf("%q; before it was played it asked for %v", saw.Title, saw.Before)
	}
	if saw.Playing.At < 0.5 || saw.Playing.Width == 0 || saw.Playing.Source != "blob" {
		t.Errorf("playing: %+v", saw.Playing)
	}
	if !saw.Captioned || saw.Cue != "pt-BR: Bom dia" {
		t.Errorf("captions on the screen: %v, %q", saw.Captioned, saw.Cue)
	}
	if k := saw.Still.Colour; len(k) != 4 || k[2] < 150 || k[0] > 80 || saw.Still.Width < 50 || saw.Pointed != "0:09" {
		t.Errorf("at three quarters there is a still of %+v, %q", saw.Still, saw.Pointed)
	}
	if saw.Sought < 9.5 || saw.Sought > 10.5 || saw.Spoken != "0:10 of 0:12" {
		t.Errorf("20 steps before the end it is at %v, %q", saw.Sought, saw.Spoken)
	}
	if saw.Original != sum(bytes) {
		t.Errorf("the original came as %s", saw.Original)
	}
	if !strings.HasSuffix(saw.Copied, "/master.m3u8") {
		t.Errorf("copied: %q", saw.Copied)
	}
	address := regexp.MustCompile(`src="([^"]+)"`).FindStringSubmatch(saw.Embed)
	if address == nil || !strings.HasPrefix(saw.Embed, "<iframe ") {
		t.Fatalf("embed code: %s", saw.Embed)
	}
	if a := string(fetch(t, address[1])); !strings.Contains(a, "Red, then blue") {
		t.Errorf("what is embedded: %.300s", a)
	}
	if len(saw.Audit) != 1 || !strings.HasPrefix(saw.Audit[0], "alt_text: ") || !strings.Contains(saw.Audit[0], "was set by you") {
		t.Errorf("audit: %q", saw.Audit)
	}
}

// checkLinks opens every link as it is and holds it against what the API says.
func (saw *consoleMedia) checkLinks(c client, ids map[string]string) {
	t := c.t
	t.Helper()
	for name, id := range ids {
		if name == "image" {
			c.call("POST", library+"/"+id+"/restore", nil).data()
		}
		var detail struct {
			Data struct {
				Renditions []struct {
					Name  string
					Bytes int
					Width int
				}
			}
		}
		if err := json.Unmarshal(c.call("GET", library+"/"+id, nil).body, &detail); err != nil {
			t.Fatal(err)
		}
		links := saw.Links[name]
		if len(links) != len(detail.Data.Renditions) || len(links) < 3 {
			t.Errorf("%s: %d links for %d renditions", name, len(links), len(detail.Data.Renditions))
			continue
		}
		for i, r := range detail.Data.Renditions {
			l := links[i]
			got := fetch(t, l.URL)
			// Playlists and tracks are longer with a ticket on every line.
			if text := strings.HasSuffix(l.Name, ".m3u8") || strings.HasSuffix(l.Name, ".vtt"); l.Name != r.Name || !text && len(got) != r.Bytes {
				t.Errorf("%s: %s has %d bytes, %s %d", name, l.Name, len(got), r.Name, r.Bytes)
			}
			if r.Width > 0 && !strings.Contains(l.Text, fmt.Sprintf("%d × ", r.Width)) {
				t.Errorf("%s is shown as %q, and is %d wide", r.Name, l.Text, r.Width)
			}
		}
	}
	if len(saw.Links["restricted"]) == 0 {
		t.Fatal("what is restricted has no links")
	}
	plain, _, _ := strings.Cut(saw.Links["restricted"][0].URL, "?")
	if u, err := url.Parse(plain); err != nil || c.as("").call("GET", u.Path, nil).status != http.StatusForbidden {
		t.Errorf("%s opens for everybody", plain)
	}
	if saw.Restricted.At < 0.5 || saw.TicketWords != 1 || !strings.Contains(saw.TicketEmbed, "?ticket=…") {
		t.Errorf("restricted: %+v, %d, %s", saw.Restricted, saw.TicketWords, saw.TicketEmbed)
	}
}

func (saw *consoleMedia) checkRest(c client, image string) {
	t := c.t
	t.Helper()
	if z := saw.Zoom; len(z) != 6 || z[5] != z[0] || saw.Sharp != 3000 || !saw.Scrollable {
		t.Errorf("zoomed %v, then the picture is %d wide; scrollable: %v", z, saw.Sharp, saw.Scrollable)
	}
	if saw.FocusBack != "Delete" || saw.DeletedShows != 0 {
		t.Errorf("the focus is on %q; deleted, there are %d pictures", saw.FocusBack, saw.DeletedShows)
	}
	if d := c.call("GET", library+"/"+image, nil).data(); d["deleted_at"] != nil {
		t.Errorf("%v", d)
	}
	for name, want := range map[string][]string{
		"film": {"initialized", "uploaded", "ended_succeeded"}, "image": {"deleted", "restored"}, "broken": {"uploaded", "attempt_ended: "},
	} {
		all := strings.Join(saw.History[name], "\n")
		for _, w := range want {
			if !strings.Contains(all, strings.Replace(w, "ended_succeeded", "Processing succeeded", 1)) {
				t.Errorf("history of %s lacks %s:\n%s", name, w, all)
			}
		}
	}
	if !strings.Contains(saw.Reason, "moov") || saw.State != "Failed" || !strings.Contains(strings.Join(saw.History["broken"], " "), "moov") {
		t.Errorf("%q: %q, %q", saw.State, saw.Reason, saw.History["broken"])
	}
	if saw.GIF.Width == 0 || !strings.Contains(saw.Text, "Good morning") {
		t.Errorf("GIF: %+v, text: %q", saw.GIF, saw.Text)
	}
	if saw.OnItsWay == "Ready" || saw.OnItsWay == "Failed" || !strings.Contains(saw.Unknown, "no media of yours") {
		t.Errorf("on its way: %q; unknown: %q", saw.OnItsWay, saw.Unknown)
	}
	if saw.Sideways > 0 {
		t.Errorf("a phone scrolls %d sideways", saw.Sideways)
	}
	for where, list := range saw.Findings {
		for _, f := range list {
			t.Errorf("axe, %s: %s", where, f)
		}
	}
	quiet(t, saw.Complaints)
}
