package e2e

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"
)

// What the uploader's file says about place and person. No rendition may.
const (
	secretTitle = "Canary Garden Party"
	secretPlace = "+48.8577+002.2950/"
)

// secrets are ffmpeg's options that put them into a file.
func secrets() []string {
	return []string{"-metadata", "title=" + secretTitle, "-metadata", "location=" + secretPlace, "-metadata", "comment=" + secretTitle}
}

// video is one row of the matrix.
type video struct {
	name          string
	kind          string // declared type
	file          []byte
	width, height int // as viewers see it
	ms            int
	sound         bool
	rungs         []string // sizes of the MP4s, smallest first
}

func videos(t *testing.T) []video {
	inputs := func(size string, seconds int) []string { return append(picture(size, seconds), sound(seconds)...) }
	all := func(lists ...[]string) []string { return slices.Concat(lists...) }
	landscape := all(inputs("1280x720", 3), h264(), []string{"-c:a", "aac"}, secrets(), []string{"-movflags", "use_metadata_tags"})
	turned := all([]string{"-i", filmFile(t, "mp4", all(inputs("640x360", 3), h264(), []string{"-c:a", "aac"})...)},
		[]string{"-c", "copy", "-metadata:s:v", "rotate=90"})
	return []video{
		{"landscape", "video/mp4", film(t, "mp4", landscape...), 1280, 720, 3000, true, []string{"320x180", "640x360", "1280x720"}},
		{"portrait", "video/mp4", film(t, "mp4", all(inputs("360x640", 3), h264(), []string{"-c:a", "aac"}, secrets())...), 360, 640, 3000, true, []string{"180x320", "360x640"}},
		{"rotated", "video/mp4", film(t, "mp4", turned...), 360, 640, 3000, true, []string{"180x320", "360x640"}},
		{"silent", "video/mp4", film(t, "mp4", all(picture("320x180", 3), h264())...), 320, 180, 3000, false, []string{"320x180"}},
		{"odd size", "video/mp4", film(t, "mp4", all(picture("320x240", 2), []string{"-vf", "format=yuv444p,scale=321:241", "-c:v", "libx264", "-preset", "ultrafast"})...), 321, 241, 2000, false, []string{"240x180", "320x240"}},
		{"webm", "video/webm", film(t, "webm", all(inputs("320x180", 2), []string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"}, secrets())...), 320, 180, 2000, true, []string{"320x180"}},
		{"quicktime", "video/quicktime", film(t, "mov", all(inputs("320x180", 2), h264(), []string{"-c:a", "pcm_s16le"}, secrets())...), 320, 180, 2000, true, []string{"320x180"}},
		{"transport stream", "video/mp2t", film(t, "ts", all(inputs("320x180", 2), h264(), []string{"-c:a", "aac"}, []string{"-metadata", "service_name=" + secretTitle})...), 320, 180, 2000, true, []string{"320x180"}},
		{"small", "video/mp4", film(t, "mp4", all(inputs("64x48", 2), h264(), []string{"-c:a", "aac"})...), 64, 48, 2000, true, []string{"64x48"}},
	}
}

// TestVideos uploads one video of each shape and container and opens every URL
// that the lookup then gives, as a viewer without a token does.
func TestVideos(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	matrix := videos(t)
	var keys, ids []string
	for _, v := range matrix {
		up := c.upload(v.kind, "tweet_video", v.file, 256<<10)
		keys, ids = append(keys, up["media_key"].(string)), append(ids, up["id"].(string))
	}
	for i, v := range matrix {
		t.Run(v.name, func(t *testing.T) {
			c := client{t: t, url: s.url, token: secret}
			c.succeeded(ids[i])
			checkVideo(c, c.lookup(keys[i]), v)
			if got := c.original(ids[i]); sum(got.body) != sum(v.file) {
				t.Errorf("the original is not what was sent: %d bytes of %d", len(got.body), len(v.file))
			}
		})
	}
}

func checkVideo(c client, m map[string]any, v video) {
	t := c.t
	t.Helper()
	if m["type"] != "video" || m["width"] != float64(v.width) || m["height"] != float64(v.height) {
		t.Errorf("it is a %v of %v×%v, want a video of %d×%d", m["type"], m["width"], m["height"], v.width, v.height)
	}
	if ms, _ := m["duration_ms"].(float64); math.Abs(ms-float64(v.ms)) > 120 {
		t.Errorf("duration_ms is %v, want about %d", m["duration_ms"], v.ms)
	}
	var rungs []string
	var rate float64
	lists := 0
	source := written(t, "source", v.file)
	for _, e := range m["variants"].([]any) {
		variant := e.(map[string]any)
		url := variant["url"].(string)
		switch variant["content_type"] {
		case "video/mp4":
			bits, _ := variant["bit_rate"].(float64)
			if bits <= rate {
				t.Errorf("bit rates do not rise: %v after %v", bits, rate)
			}
			rate = bits
			rungs = append(rungs, checkMP4(c, url, v, bits))
			if at := fmt.Sprintf("%.1f", float64(v.ms)/2000); len(rungs) == len(v.rungs) {
				if d := difference(glimpse(t, source, at), glimpse(t, url, at)); d > 12 {
					t.Errorf("%s shows another picture than the source: they differ by %.1f", url, d)
				}
			}
		case "application/x-mpegURL":
			lists++
			checkHLS(c, url, v)
			checkScrubbing(c, url, v)
		default:
			t.Errorf("variant of type %v", variant["content_type"])
		}
	}
	if !slices.Equal(rungs, v.rungs) {
		t.Errorf("MP4s of %v, want %v", rungs, v.rungs)
	}
	if lists != 1 {
		t.Errorf("%d HLS variants, want 1", lists)
	}
	checkPoster(c, m["preview_image_url"].(string), v.width, v.height)
}

// public fetches a URL as a viewer does.
func public(c client, url string) answer {
	c.t.Helper()
	a := c.as("").call("GET", url, nil)
	if a.status != http.StatusOK {
		c.t.Fatalf("GET %s: %d: %s", url, a.status, a.body)
	}
	for _, secret := range []string{secretTitle, secretPlace} {
		if bytes.Contains(a.body, []byte(secret)) {
			c.t.Errorf("%s tells %q", url, secret)
		}
	}
	return a
}

// checkMP4 judges one MP4 and gives its size as 640x360.
func checkMP4(c client, url string, v video, rate float64) string {
	t := c.t
	t.Helper()
	a := public(c, url)
	if kind := a.header.Get("Content-Type"); kind != "video/mp4" {
		t.Errorf("%s is %s", url, kind)
	}
	kinds := boxes(t, a.body)
	if moov, mdat := slices.Index(kinds, "moov"), slices.Index(kinds, "mdat"); moov < 0 || mdat < moov {
		t.Errorf("%s has its index behind the pictures: %v", url, kinds)
	}
	p := ffprobeBytes(t, "rendition.mp4", a.body)
	if d := seconds(t, p.Format.Duration); math.Abs(d-float64(v.ms)/1000) > 0.15 {
		t.Errorf("%s lasts %.3f s, want %d ms", url, d, v.ms)
	} else if real := float64(len(a.body)) * 8 / d; math.Abs(real-rate) > real/20+1 {
		t.Errorf("%s says %.0f bits a second and has %.0f", url, rate, real)
	}
	size := ""
	want := []string{"h264"}
	if v.sound {
		want = append(want, "aac")
	}
	var codecs []string
	for _, s := range p.Streams {
		codecs = append(codecs, s.Codec)
		checkTags(t, url, s.Tags)
		if s.Type != "video" {
			continue
		}
		size = fmt.Sprintf("%dx%d", s.Width, s.Height)
		if s.PixelFormat != "yuv420p" || len(s.SideData) != 0 {
			t.Errorf("%s has pixels as %s and side data %v", url, s.PixelFormat, s.SideData)
		}
	}
	if !slices.Equal(codecs, want) {
		t.Errorf("%s has streams %v, want %v", url, codecs, want)
	}
	checkTags(t, url, p.Format.Tags)
	if len(p.Chapters) > 0 {
		t.Errorf("%s has chapters", url)
	}
	return size
}

// checkTags lets only those tags pass that every MP4 has.
func checkTags(t *testing.T, url string, tags map[string]string) {
	t.Helper()
	for name, value := range tags {
		switch name {
		case "major_brand", "minor_version", "compatible_brands", "handler_name", "vendor_id", "language", "encoder":
		default:
			t.Errorf("%s carries the tag %s=%q", url, name, value)
		}
	}
}

func checkPoster(c client, url string, width, height int) {
	t := c.t
	t.Helper()
	a := public(c, url)
	size, err := jpeg.DecodeConfig(bytes.NewReader(a.body))
	if err != nil || a.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("the poster is %s: %v", a.header.Get("Content-Type"), err)
		return
	}
	want := float64(width) / float64(height)
	if got := float64(size.Width) / float64(size.Height); math.Abs(got-want) > want/40 || size.Width > width || size.Height > height {
		t.Errorf("the poster is %d×%d for a video of %d×%d", size.Width, size.Height, width, height)
	}
}

// TestLongVideo follows a video through every state. How long one must be to be
// seen on its way depends on the machine: half a minute, or more.
func TestLongVideo(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	for secs := 30; ; secs *= 2 {
		long := film(t, "mp4", slices.Concat(picture("480x270", secs), sound(secs), h264(), []string{"-c:a", "aac", "-shortest"})...)
		up := c.upload("video/mp4", "tweet_video", long, 1<<20)
		if c.seenOnItsWay(up["id"].(string)) {
			checkVideo(c, c.lookup(up["media_key"].(string)), video{
				name: fmt.Sprintf("%d seconds", secs), file: long, width: 480, height: 270, ms: secs * 1000, sound: true, rungs: []string{"320x180", "480x270"},
			})
			return
		}
		if secs > 240 {
			t.Fatalf("no progress of %d seconds of video was seen on its way", secs)
		}
	}
}

// seenOnItsWay polls until a media has succeeded, and tells whether it said
// meanwhile that a part was done.
func (c client) seenOnItsWay(id string) (moved bool) {
	t := c.t
	t.Helper()
	order := []string{"pending", "in_progress", "succeeded"}
	at, percent := 0, 0.0
	for end := time.Now().Add(4 * time.Minute); at < 2; {
		info := c.status(id).processing()
		now := slices.Index(order, info["state"].(string))
		if now < at {
			t.Fatalf("after %s it says %v", order[at], info)
		}
		at = now
		if done, ok := info["progress_percent"].(float64); ok {
			if done < percent {
				t.Fatalf("progress goes back from %v to %v", percent, done)
			}
			moved = moved || (at == 1 && done > 0)
			percent = done
		}
		if after, asked := info["check_after_secs"].(float64); asked != (at < 2) || (asked && after < 1) {
			t.Fatalf("check_after_secs: %v", info)
		}
		if time.Now().After(end) {
			t.Fatalf("it does not end: %v", info)
		}
		time.Sleep(30 * time.Millisecond) // a polling client, oftener than it is asked to
	}
	if percent != 100 {
		t.Errorf("progress ended at %v", percent)
	}
	return moved
}

// TestSecretsAreInTheSources keeps the matrix honest: what no rendition may
// tell must be there to be told.
func TestSecretsAreInTheSources(t *testing.T) {
	t.Parallel()
	telling := []string{"landscape", "portrait", "webm", "quicktime", "transport stream"}
	for _, v := range videos(t) {
		if slices.Contains(telling, v.name) != bytes.Contains(v.file, []byte(secretTitle)) {
			t.Errorf("%s: title in it: %v", v.name, bytes.Contains(v.file, []byte(secretTitle)))
		}
		if v.name == "landscape" && !bytes.Contains(v.file, []byte(secretPlace)) {
			t.Errorf("%s: its place is not in it", v.name)
		}
	}
}
