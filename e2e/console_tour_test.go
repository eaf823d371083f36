package e2e

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"os"
	"slices"
	"strings"
	"testing"

	views "magpie/bench/picture"
)

// What a page of the console may load before anything is played, in bytes: its
// script and style and all that they need.
const (
	consolePage = 80_000
)

// TestConsoleTour goes through every page in five looks: axe finds nothing serious,
// nothing is wider than the screen, the browser complains of nothing, and no page
// loads more than it may. MAGPIE_SCREENSHOTS names a folder for the
// pictures in docs/.
func TestConsoleTour(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client().as(s.token(s.newUser("ann", "--admin")))
	ids := c.gallery()
	s.plays(map[string]map[int]analyticsCounts{ids[0]: aWeek(42)})
	var saw struct {
		Door  struct{ Policy string }
		Pages []struct {
			Name, Lang, Title, Heading string
			Over, Sent                 int
			Findings                   []string
		}
		Complaints []string
	}
	pages := map[string]string{
		"library": "/console/library", "upload": "/console/upload", "video": "/console/media/" + ids[0], "image": "/console/media/" + ids[1],
		"analytics": "/console/analytics", "jobs": "/console/operator/jobs", "storage": "/console/operator/storage", "engines": "/console/operator/engines",
		"uploads": "/console/operator/uploads", "settings": "/console/operator/settings", "access": "/console/operator/access",
	}
	s.browse("tour", map[string]any{
		"pages": pages, "folder": os.Getenv("MAGPIE_SCREENSHOTS"),
		"keep":  []string{"library-light", "library-ja", "library-phone-ja", "video-light", "video-phone", "image-dark", "upload-light", "analytics-dark", "storage-dark"},
		"ready": map[string]string{pages["video"]: "video", pages["image"]: "main img", pages["library"]: "main img", pages["engines"]: "main :text('ffmpeg')"},
	}, &saw)
	if p := saw.Door.Policy; strings.Contains(p, "unsafe") || !strings.Contains(p, "default-src 'none'") {
		t.Errorf("the policy is %s", p)
	}
	for _, words := range saw.Complaints {
		if !strings.Contains(words, "401") { // which nobody who is signed in is told
			t.Errorf("the browser says %s", words)
		}
	}
	headings, titles := map[string]bool{}, map[string]bool{}
	for _, p := range saw.Pages {
		headings[p.Heading], titles[p.Lang+p.Title] = true, true
		if !strings.Contains(p.Title, p.Heading) || !strings.HasSuffix(p.Title, " – magpie") {
			t.Errorf("%s: the window is called %q, above %q", p.Name, p.Title, p.Heading)
		}
		if strings.HasSuffix(p.Name, "ja") != (p.Lang == "ja") {
			t.Errorf("%s: the language is %s", p.Name, p.Lang)
		}
		if p.Over > 0 {
			t.Errorf("%s is %d pixels wider than the screen", p.Name, p.Over)
		}
		if len(p.Findings) > 0 {
			t.Errorf("%s: %s", p.Name, strings.Join(p.Findings, "; "))
		}
		if p.Sent < 20_000 || p.Sent > consolePage {
			t.Errorf("%s loads %d bytes", p.Name, p.Sent)
		}
	}
	if len(titles) != 2*len(pages) {
		t.Errorf("the windows of %d pages in two languages have the names %v", len(pages), titles)
	}
	if len(saw.Pages) != 5*len(pages) || len(headings) < 9 {
		t.Errorf("%d pages, with the headings %v", len(saw.Pages), headings)
	}
}

// aWeek is how a media may be played in a week: more by day than by night, and
// fewer to the end than from the beginning.
func aWeek(most int) map[int]analyticsCounts {
	hours := map[int]analyticsCounts{}
	for ago := range 7 * 24 {
		n := most * (12 - (ago+4)%24) * (12 - (ago+4)%24) / 144
		hours[ago] = analyticsCounts{
			"playback_start": int64(n), "video_views": int64(n * 9 / 10), "playback25": int64(n * 8 / 10), "playback50": int64(n * 6 / 10),
			"playback75": int64(n / 2), "playback_complete": int64(n * 4 / 10), "watch_time_ms": int64(n * 3800),
		}
	}
	return hours
}

// gallery uploads something of each kind, and gives the ids: a video with sound
// and subtitles first.
func (c client) gallery() []string {
	c.t.Helper()
	var valleys [][]byte
	for i := range 10 {
		var file bytes.Buffer
		if err := jpeg.Encode(&file, views.Landscape([]int{640, 480}[i%2], []int{400, 480}[i%2], uint32(i)*977), &jpeg.Options{Quality: 85}); err != nil {
			c.t.Fatal(err)
		}
		valleys = append(valleys, file.Bytes())
	}
	still := fileWith(c.t, "view.jpg", valleys[2])
	pan := film(c.t, "mp4", slices.Concat([]string{"-loop", "1", "-framerate", "25", "-t", "6", "-i", still}, sound(6), []string{"-vf", "scale=960:-2,crop=640:360:x='min(40*t,300)':y=60"}, h264(), []string{"-c:a", "aac", "-shortest"})...)
	ids := []string{c.upload("video/mp4", "tweet_video", pan, 1<<20)["id"].(string)}
	for i, file := range valleys {
		id := c.upload("image/jpeg", "tweet_image", file, 1<<20)["id"].(string)
		c.call("POST", "/2/media/metadata", map[string]any{"id": id, "metadata": map[string]any{"alt_text": map[string]any{"text": fmt.Sprintf("The valley at %d o'clock", i+6)}}}).data()
		ids = append(ids, id)
	}
	ids = append(ids, c.upload("video/mp4", "tweet_video", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom and nothing of a film"), 1<<20)["id"].(string))
	srt := c.upload("text/srt", "subtitles", []byte("1\n00:00:00,000 --> 00:00:05,000\nThe valley of the magpies\n"), 1<<20)["id"].(string)
	c.succeeded(ids[0])
	c.call("POST", "/2/media/metadata", map[string]any{"id": ids[0], "metadata": map[string]any{"alt_text": map[string]any{"text": "A flight over the valley"}}}).data()
	c.call("POST", "/2/media/subtitles", map[string]any{"id": ids[0], "media_category": "TweetVideo", "subtitles": map[string]any{"id": srt, "language_code": "EN", "display_name": "English"}}).data()
	return ids
}
