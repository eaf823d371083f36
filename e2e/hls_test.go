package e2e

import (
	"bytes"
	"math"
	"regexp"
	"strings"
)

var quoted = regexp.MustCompile(`URI="([^"]+)"`)

// checkHLS walks from the multivariant playlist to every byte range and has
// ffprobe play it.
func checkHLS(c client, url string, v video) {
	t := c.t
	t.Helper()
	base := url[:strings.LastIndex(url, "/")+1]
	streams := 0
	for line := range strings.Lines(string(playlist(c, url))) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		streams++
		media, sum := string(playlist(c, base+line)), 0.0
		for line := range strings.Lines(media) {
			line = strings.TrimSpace(line)
			if s, ok := strings.CutPrefix(line, "#EXTINF:"); ok {
				sum += seconds(t, strings.TrimSuffix(s, ","))
			}
			if u := quoted.FindStringSubmatch(line); u != nil {
				line = u[1]
			}
			if line == "" || line[0] == '#' {
				continue
			}
			if a := public(c, base+line); a.header.Get("Content-Type") != "video/mp4" {
				t.Errorf("%s is %s", base+line, a.header.Get("Content-Type"))
			}
		}
		if math.Abs(sum-float64(v.ms)/1000) > 0.15 || !strings.Contains(media, "#EXT-X-ENDLIST") {
			t.Errorf("%s lasts %.3f s, want %d ms and an end:\n%s", base+line, sum, v.ms, media)
		}
	}
	if streams != len(v.rungs) {
		t.Errorf("HLS offers %d sizes, want %d", streams, len(v.rungs))
	}
	p := ffprobe(t, url)
	if d := seconds(t, p.Format.Duration); math.Abs(d-float64(v.ms)/1000) > 0.15 {
		t.Errorf("%s lasts %.3f s, want %d ms", url, d, v.ms)
	}
	videos := 0
	for _, s := range p.Streams {
		if s.Codec != "h264" && s.Codec != "aac" {
			t.Errorf("%s has a stream of %s", url, s.Codec)
		}
		if s.Type == "video" {
			videos++
		}
	}
	if videos != len(v.rungs) {
		t.Errorf("%s plays %d videos, want %d", url, videos, len(v.rungs))
	}
}

func playlist(c client, url string) []byte {
	c.t.Helper()
	a := public(c, url)
	if kind := a.header.Get("Content-Type"); kind != "application/x-mpegURL" {
		c.t.Errorf("%s is %s", url, kind)
	}
	if !bytes.HasPrefix(a.body, []byte("#EXTM3U\n")) {
		c.t.Errorf("%s is no playlist: %.80q", url, a.body)
	}
	return a.body
}
