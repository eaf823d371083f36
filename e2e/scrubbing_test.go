package e2e

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"regexp"
	"strings"
)

var thumbnail = regexp.MustCompile(`(\d\d):(\d\d):(\d\d\.\d{3}) --> (\d\d):(\d\d):(\d\d\.\d{3})\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)\n`)

// checkScrubbing fetches what players show while a viewer scrubs, by the names
// beside the playlist: the thumbnails' track, each sheet that it names, and the
// key pictures that the multivariant playlist names.
func checkScrubbing(c client, url string, v video) {
	t := c.t
	t.Helper()
	base := url[:strings.LastIndex(url, "/")+1]
	track := public(c, base+"thumbnails.vtt")
	if kind := track.header.Get("Content-Type"); kind != "text/vtt; charset=utf-8" || !bytes.HasPrefix(track.body, []byte("WEBVTT\n\n")) {
		t.Fatalf("thumbnails are %s:\n%s", kind, track.body)
	}
	sheets := map[string]image.Rectangle{}
	until := 0.0
	for _, cue := range thumbnail.FindAllStringSubmatch(string(track.body), -1) {
		n := make([]float64, len(cue))
		for _, i := range []int{1, 2, 3, 4, 5, 6, 8, 9, 10, 11} {
			n[i] = seconds(t, cue[i])
		}
		from, to := n[1]*3600+n[2]*60+n[3], n[4]*3600+n[5]*60+n[6]
		if from != until || to <= from {
			t.Errorf("a cue from %v to %v after %v", from, to, until)
		}
		until = to
		name := cue[7]
		if _, ok := sheets[name]; !ok {
			a := public(c, base+name)
			img, err := jpeg.Decode(bytes.NewReader(a.body))
			if kind := a.header.Get("Content-Type"); err != nil || kind != "image/jpeg" {
				t.Fatalf("%s is %s: %v", name, kind, err)
			}
			sheets[name] = img.Bounds()
		}
		if at := image.Rect(int(n[8]), int(n[9]), int(n[8]+n[10]), int(n[9]+n[11])); at.Empty() || !at.In(sheets[name]) {
			t.Errorf("a cue at %v of %s, which is %v", at, name, sheets[name])
		}
	}
	if math.Abs(until-float64(v.ms)/1000) > 0.15 {
		t.Errorf("thumbnails until %.3f s of %d ms:\n%s", until, v.ms, track.body)
	}
	master := string(playlist(c, url))
	if strings.Count(master, "#EXT-X-I-FRAME-STREAM-INF:") != 1 || !strings.Contains(master, `URI="iframes.m3u8"`) {
		t.Errorf("no key pictures in\n%s", master)
	}
	if keys := string(playlist(c, base+"iframes.m3u8")); !strings.Contains(keys, "#EXT-X-I-FRAMES-ONLY\n") || !strings.HasSuffix(keys, "#EXT-X-ENDLIST\n") {
		t.Errorf("key pictures:\n%s", keys)
	}
}
