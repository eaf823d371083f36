package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// clip is a test video: so many pixels, at a rate, for some seconds.
func clip(t *testing.T, size string, rate int, seconds string, more ...string) []byte {
	t.Helper()
	source := []string{"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=%s:rate=%d:duration=%s", size, rate, seconds)}
	return film(t, "mp4", slices.Concat(source, h264(), more)...)
}

// weighing is a JPEG of exactly so many bytes: the sample with segments in it
// that decoders pass over.
func weighing(size int) []byte {
	sample := sampleJPEG()
	out := append([]byte{}, sample[:2]...)
	for left := size - len(sample); left > 0; {
		n := min(left, 65_537)
		if rest := left - n; rest > 0 && rest < 4 {
			n -= 4
		}
		out = append(out, 0xff, 0xef) // APP15
		out = append(out, byte((n-2)>>8), byte(n-2))
		out = append(out, make([]byte, n-4)...)
		left -= n
	}
	return append(out, sample[2:]...)
}

// TestProfileForms uploads real files at and past X's limits on their form: what
// is past fails with the limit and the value in words.
func TestProfileForms(t *testing.T) {
	t.Parallel()
	s := start(t, "--profile", "x", "--workers", "2")
	c := s.client()
	rows := []struct {
		name, kind, category string
		file                 []byte
		words                []string // none where it succeeds
	}{
		{"140 s", "video/mp4", "tweet_video", clip(t, "32x32", 1, "140"), nil},
		{"141 s", "video/mp4", "tweet_video", clip(t, "32x32", 1, "141"), []string{"Duration 2.minutes+21.seconds exceeds max duration of 2.minutes+20.seconds", "141 s", "140 s"}},
		{"141 s of a direct message", "video/mp4", "dm_video", clip(t, "32x32", 1, "141"), []string{"exceeds max duration"}},
		{"141 s as amplify_video", "video/mp4", "amplify_video", clip(t, "32x32", 1, "141"), nil},
		{"half a second", "video/mp4", "tweet_video", clip(t, "64x64", 10, "0.5"), nil},
		{"0.3 s", "video/mp4", "tweet_video", clip(t, "64x64", 10, "0.3"), []string{"file is currently unsupported", "0.3 s", "0.5 s"}},
		{"2000x1000", "video/mp4", "tweet_video", clip(t, "2000x1000", 2, "1"), []string{"2000×1000", "1280×1024"}},
		{"1280x1024", "video/mp4", "tweet_video", clip(t, "1280x1024", 2, "1"), nil},
		{"1024x1280", "video/mp4", "tweet_video", clip(t, "1024x1280", 2, "1"), nil},
		{"1920x1080", "video/mp4", "tweet_video", clip(t, "1920x1080", 2, "1"), []string{"1920×1080"}},
		{"1920x1080 as amplify_video", "video/mp4", "amplify_video", clip(t, "1920x1080", 2, "1"), nil},
		{"16x16", "video/mp4", "tweet_video", clip(t, "16x16", 10, "1"), []string{"16×16", "32×32"}},
		{"4:1", "video/mp4", "tweet_video", clip(t, "640x160", 10, "1"), []string{"4:1", "3:1"}},
		{"1:4", "video/mp4", "tweet_video", clip(t, "160x640", 10, "1"), []string{"160×640", "1:3"}},
		{"60 frames a second", "video/mp4", "tweet_video", clip(t, "64x64", 60, "1"), nil},
		{"120 frames a second", "video/mp4", "tweet_video", clip(t, "64x64", 120, "1"), []string{"120 frames a second", "60"}},
		{"a GOP of 513", "video/mp4", "tweet_video", clip(t, "32x32", 30, "18", "-g", "513", "-keyint_min", "513", "-sc_threshold", "0"), []string{"Video GOP is too large. Largest number of frames allowed in one GOP: 512", "513"}},
		{"4:4:4", "video/mp4", "tweet_video", clip(t, "64x64", 10, "1", "-pix_fmt", "yuv444p"), []string{"yuv444p", "4:2:0"}},
		{"350 frames", "image/gif", "tweet_gif", animation(4, 4, 350, 2, false), nil},
		{"351 frames", "image/gif", "tweet_gif", animation(4, 4, 351, 2, false), []string{"351", "350"}},
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = c.openLate(row.kind, row.category, row.file)
	}
	for i, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := c
			c.t = t
			info := c.await(ids[i])
			e, _ := info["error"].(map[string]any)
			words, _ := e["message"].(string)
			if len(row.words) == 0 {
				if info["state"] != "succeeded" {
					t.Errorf("%v", info)
				}
				return
			}
			if info["state"] != "failed" || e["name"] != "UnsupportedMedia" || e["code"] != 3.0 {
				t.Errorf("%v", info)
			}
			for _, w := range row.words {
				if !strings.Contains(words, w) {
					t.Errorf("%q does not name %q", words, w)
				}
			}
		})
	}
}

// segmentsOn counts the segments that a server keeps.
func (s *server) segmentsOn() int {
	s.t.Helper()
	folder := filepath.Join(s.data, "blobs", "segments")
	n := len(files(s.t, folder))
	for _, b := range s.inPacks() {
		if strings.HasPrefix(b.path, folder+"/") {
			n++
		}
	}
	return n
}

// TestProfileBytes sends as many bytes as X takes, and one more: that is refused
// as soon as it is known, and nothing of it is kept.
func TestProfileBytes(t *testing.T) {
	t.Parallel()
	s := start(t, "--profile", "x")
	c := s.client()
	const image, gif, video = 5_242_880, 15_728_640, 536_870_912

	for _, row := range []struct {
		kind, category string
		limit          int
	}{
		{"image/jpeg", "tweet_image", image},
		{"image/png", "dm_image", image},
		{"image/gif", "tweet_image", image},
		{"image/jpeg", "", image},
		{"image/gif", "", image},
		{"image/gif", "tweet_gif", gif},
		{"image/gif", "dm_gif", gif},
		{"video/mp4", "tweet_video", video},
		{"video/mp4", "dm_video", video},
		{"video/mp4", "", video},
		{"video/mp4", "amplify_video", 17_179_869_184},
		{"text/srt", "subtitles", 10 << 20},
	} {
		c.initialize(row.kind, row.category, row.limit)
		body := map[string]any{"media_type": row.kind, "total_bytes": row.limit + 1}
		query := fmt.Sprintf("?command=INIT&media_type=%s&total_bytes=%d", row.kind, row.limit+1)
		if row.category != "" {
			body["media_category"] = row.category
			query += "&media_category=" + row.category
		}
		// Past the contract's own limit it has the contract's words.
		words := fmt.Sprintf("File size exceeds %d bytes.", row.limit)
		v1Words := `"error":"` + words
		if row.category == "amplify_video" {
			words, v1Words = strconv.Itoa(row.limit), strconv.Itoa(row.limit)
		}
		c.call("POST", "/2/media/upload/initialize", body).refused(http.StatusBadRequest, words)
		c.call("POST", "/2/media/upload"+query, nil).refused(http.StatusBadRequest, words)
		if a := c.call("POST", v1Upload+query, nil); a.status != http.StatusBadRequest || !strings.Contains(string(a.body), v1Words) {
			t.Errorf("v1.1, %s %s: status %d: %s", row.kind, row.category, a.status, a.body)
		}
	}

	whole, over := weighing(image), weighing(image+1)
	if len(whole) != image || len(over) != image+1 {
		t.Fatalf("%d and %d bytes", len(whole), len(over))
	}
	// The limit is on the file's bytes in a segment, not on the request's.
	if d := c.upload("image/jpeg", "tweet_image", whole, image); d["image"] == nil || d["size"] != float64(image) {
		t.Errorf("the largest image, in one segment: %v", d)
	}
	kept := s.segmentsOn()
	id := c.initialize("video/mp4", "tweet_video", video)
	c.append(id, 0, over).refused(http.StatusRequestEntityTooLarge, strconv.Itoa(image))
	body, kind := form(0, over)
	c.call("POST", "/2/media/upload?command=APPEND&media_id="+id, body, "Content-Type", kind).refused(http.StatusRequestEntityTooLarge, strconv.Itoa(image))
	c.call("POST", "/2/media/upload/"+id+"/append", map[string]any{"media": b64(over), "segment_index": 0}).refused(http.StatusRequestEntityTooLarge, strconv.Itoa(image))

	oneShot := func(file []byte, category string) answer {
		body, kind := form(0, file)
		return c.call("POST", "/2/media/upload?media_category="+category, body, "Content-Type", kind)
	}
	words := "File size exceeds 5242880 bytes."
	oneShot(over, "tweet_image").refused(http.StatusRequestEntityTooLarge, words)
	body, kind = form(0, over)
	if a := c.call("POST", v1Upload, body, "Content-Type", kind); a.status/100 != 4 || !strings.Contains(string(a.body), `"error":"`+words) {
		t.Errorf("v1.1: status %d: %s", a.status, a.body)
	}
	if n := s.segmentsOn(); n != kept {
		t.Errorf("%d segments were kept of what was refused", n-kept)
	}
	if d := oneShot(whole, "tweet_image").data(); d["size"] != float64(image) {
		t.Errorf("the largest image at once: %v", d)
	}

	// What was not declared is added up.
	id = c.initialize("", "tweet_image", -1)
	c.append(id, 0, over[:image]).data()
	c.append(id, 1, over[image:]).data()
	c.finalize(id).refused(http.StatusBadRequest, words, strconv.Itoa(image+1))
	if info := c.status(id).processing(); info["state"] != "pending" {
		t.Errorf("refused, it is %v", info)
	}
}

// A segment size that was set counts in place of the profile's, and the limits
// on whole files stay.
func TestProfileWithLargerSegments(t *testing.T) {
	t.Parallel()
	c := start(t, "--profile", "x", "--max-segment", "8MiB").client()
	over := weighing(5_242_881)
	c.append(c.initialize("video/mp4", "tweet_video", 8<<20), 1, over).data()
	body, kind := form(0, over)
	words := c.call("POST", "/2/media/upload", body, "Content-Type", kind).refused(http.StatusBadRequest, "5242881")
	if !strings.HasPrefix(words, "File size exceeds 5242880 bytes.") {
		t.Error(words)
	}
	id := c.initialize("image/jpeg", "tweet_image", -1)
	c.append(id, 0, over).refused(http.StatusBadRequest, "File size exceeds 5242880 bytes.")
}

// TestProfileLifetimes holds expires_after_secs against X's in every dialect.
func TestProfileLifetimes(t *testing.T) {
	t.Parallel()
	s := start(t, "--profile", "x")
	c := s.client()
	secs := func(a answer, status int) float64 {
		t.Helper()
		var body struct {
			Secs float64 `json:"expires_after_secs"`
			Data struct {
				Secs float64 `json:"expires_after_secs"`
			}
		}
		if err := json.Unmarshal(a.body, &body); err != nil || a.status != status {
			t.Errorf("status %d, %v: %s", a.status, err, a.body)
		}
		return body.Secs + body.Data.Secs
	}
	hold := func(what string, got, want float64) {
		t.Helper()
		if got != want {
			t.Errorf("%s: expires_after_secs is %.0f, want %.0f", what, got, want)
		}
	}
	const brief, long = 86_400, 1_295_999
	hold("initialize", secs(c.call("POST", "/2/media/upload/initialize", map[string]any{"media_category": "tweet_image"}), 200), long)
	for path, what := range map[string]string{"/2/media/upload": "v2", v1Upload: "v1.1"} {
		hold(what+" INIT", secs(c.call("POST", path+"?command=INIT&media_type=video/mp4&media_category=tweet_video&total_bytes=9", nil), 202), brief)
		hold(what+" INIT of amplify_video", secs(c.call("POST", path+"?command=INIT&media_type=video/mp4&media_category=amplify_video&total_bytes=9", nil), 202), long)
		body, kind := form(0, samplePNG())
		hold(what+" one-shot", secs(c.call("POST", path, body, "Content-Type", kind), 200), brief)
	}
	png := samplePNG()
	id := c.initialize("image/png", "tweet_image", len(png))
	c.append(id, 0, png).data()
	hold("finalize", secs(c.finalize(id), 200), brief)
	hold("FINALIZE", secs(c.call("POST", "/2/media/upload?command=FINALIZE&media_id="+id, nil), 201), brief)

	kept := start(t, "--profile", "x", "--retention", "0s", "--session-lifetime", "100s").client()
	hold("initialize, set by hand", secs(kept.call("POST", "/2/media/upload/initialize", map[string]any{}), 200), 100)
	if d := kept.upload("image/png", "tweet_image", png, len(png)); d["expires_after_secs"] != nil {
		t.Errorf("kept for good, it says %v", d)
	}
}
