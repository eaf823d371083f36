package e2e

import (
	"bytes"
	endian "encoding/binary"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// claiming is a copy of an MP4 with a number changed in each box of a kind, at a
// place behind its name.
func claiming(t *testing.T, file []byte, box string, at int, value uint32) []byte {
	t.Helper()
	file = bytes.Clone(file)
	found := 0
	for i := 0; ; i++ {
		j := bytes.Index(file[i:], []byte(box))
		if j < 0 {
			break
		}
		i += j
		endian.BigEndian.PutUint32(file[i+4+at:], value)
		found++
	}
	if found == 0 {
		t.Fatalf("there is no %s", box)
	}
	return file
}

// late sends a file so that its first segment shows nothing of its pictures, and
// gives the last processing_info.
func (c client) late(kind, category string, file []byte) map[string]any {
	c.t.Helper()
	return c.await(c.openLate(kind, category, file))
}

// openLate does so and does not wait.
func (c client) openLate(kind, category string, file []byte) string {
	c.t.Helper()
	const start = 20 // of a signature, and no more
	id := c.initialize(kind, category, len(file))
	c.append(id, 0, file[:start]).data()
	for i, off := 1, start; off < len(file); i, off = i+1, off+4<<20 {
		c.append(id, i, file[off:min(off+4<<20, len(file))]).data()
	}
	c.finalize(id).data()
	return id
}

// TestHeadersAreHeldAgainstLimits sends films whose header shows that they are
// past a limit, and such as only seem to be: what is refused at the first segment
// is what processing refuses, in the same words, and what processing takes is
// never refused early, whatever its header claims in one place.
func TestHeadersAreHeldAgainstLimits(t *testing.T) {
	t.Parallel()
	c := start(t, "--limits", "tweet_video.max_seconds=2.5,dm_video.max_width=100,dm_video.max_height=100,amplify_video.min_seconds=10").client()
	front := []string{"-movflags", "+faststart"}
	pictures := []string{"-f", "lavfi", "-i", "testsrc2=size=128x72:rate=10:duration=3"}
	brief := []string{"-f", "lavfi", "-i", "testsrc2=size=128x72:rate=10:duration=1"}
	sounds := []string{"-f", "lavfi", "-i", "sine=duration=3"}
	film := func(extension string, args ...[]string) []byte { return film(t, extension, slices.Concat(args...)...) }
	plain := film("mp4", pictures, h264(), front)
	short := film("mp4", brief, h264(), front)
	silent := film("mp4", sounds, []string{"-c:a", "aac"}, front)
	vp8 := film("webm", pictures, []string{"-c:v", "libvpx", "-deadline", "realtime"})
	pixelWidth := bytes.Replace(vp8, []byte("\xB0\x81\x80\xBA\x81\x48"), []byte("\xB0\x81\x80\xBA\x81\x78"), 1) // 120 high
	if bytes.Equal(pixelWidth, vp8) {
		t.Fatal("the WebM has no sides where they were")
	}
	for what, row := range map[string]struct {
		kind, category string
		file           []byte
		early          string
	}{
		"an MP4 that is too long":          {"video/mp4", "tweet_video", plain, "exceeds max duration of 2.seconds+500.milliseconds: it lasts 3 s"},
		"one with sound, for QuickTime":    {"video/quicktime", "tweet_video", film("mov", pictures, sounds, h264(), []string{"-c:a", "aac"}, front), "exceeds max duration"},
		"one that is too wide":             {"video/mp4", "dm_video", plain, "it is 128×72 pixels, and 100×100 is the most"},
		"one that is too short":            {"video/mp4", "amplify_video", plain, "it lasts 3 s, and 10 s is the least"},
		"one without pictures":             {"video/mp4", "tweet_video", silent, "The file has no video stream."},
		"a WebM that is too long":          {"video/webm", "tweet_video", vp8, "exceeds max duration"},
		"a WebM that is too wide":          {"video/webm", "dm_video", vp8, "it is 128×72 pixels"},
		"a WebM without pictures":          {"video/webm", "dm_video", film("webm", sounds, []string{"-c:a", "libopus"}), "The file has no video stream."},
		"fragments, which are measured":    {"video/mp4", "tweet_video", film("mp4", pictures, h264(), []string{"-movflags", "+frag_keyframe+empty_moov"}), ""},
		"a codec that isn't looked into":   {"video/mp4", "dm_video", film("mp4", pictures, []string{"-c:v", "mpeg4"}, front), ""},
		"a movie that claims to be long":   {"video/mp4", "tweet_video", claiming(t, short, "mvhd", 16, 9_000_000), ""},
		"a track that claims to be long":   {"video/mp4", "tweet_video", claiming(t, short, "tkhd", 20, 9_000_000), ""},
		"its media claim to be long":       {"video/mp4", "tweet_video", claiming(t, short, "mdhd", 16, 90_000_000), ""},
		"a movie that claims to be short":  {"video/mp4", "amplify_video", claiming(t, film("mp4", []string{"-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5:duration=11"}, h264(), front), "mvhd", 16, 1), ""},
		"a track of a size of its own":     {"video/mp4", "dm_video", claiming(t, film("mp4", []string{"-f", "lavfi", "-i", "testsrc2=size=96x96:rate=10:duration=1"}, h264(), front), "tkhd", 76, 9000<<16), ""},
		"a sample of a size of its own":    {"video/mp4", "dm_video", claiming(t, film("mp4", []string{"-f", "lavfi", "-i", "testsrc2=size=96x96:rate=10:duration=1"}, h264(), front), "avc1", 24, 9000<<16|9000), ""},
		"no handler that says video":       {"video/mp4", "tweet_video", claiming(t, short, "hdlr", 8, endian.BigEndian.Uint32([]byte("soun"))), ""},
		"a WebM whose track says too much": {"video/webm", "dm_video", pixelWidth, ""},
	} {
		c := c
		c.t = t
		a := c.append(c.initialize(row.kind, row.category, -1), 0, row.file)
		info := c.late(row.kind, row.category, row.file)
		state := info["state"]
		why, _ := info["error"].(map[string]any)
		words, _ := why["message"].(string)
		switch {
		case row.early == "" && a.status != http.StatusOK:
			t.Errorf("%s: refused early: %s (processing: %v %s)", what, a.body, state, words)
		case row.early != "":
			said := a.refused(http.StatusBadRequest, row.early)
			if state != "failed" || !strings.Contains(said, words) {
				t.Errorf("%s: early %q, and processing: %v %q", what, said, state, words)
			}
		}
	}

	// The same by every way in, and nothing is kept.
	for name, send := range appends() {
		id := c.initialize("video/mp4", "tweet_video", -1)
		for range 2 {
			if a := send(c, id, "0", plain); a.status != http.StatusBadRequest || !bytes.Contains(a.body, []byte("exceeds max duration of 2.seconds+500.milliseconds")) {
				t.Errorf("%s: status %d: %s", name, a.status, a.body)
			}
		}
		c.finalize(id).refused(http.StatusBadRequest, "no segment has arrived")
		if a := send(c, id, "0", short); a.status >= 300 {
			t.Errorf("%s: then the right one: status %d: %s", name, a.status, a.body)
		}
	}
}

// TestTIFFIsHeldAgainstLimits finds the sides of a TIFF wherever its directory is.
// One that fits once it is turned may be turned.
func TestTIFFIsHeldAgainstLimits(t *testing.T) {
	t.Parallel()
	c := start(t, "--limits", "tweet_image.max_width=300").client()
	wide := film(t, "tiff", "-f", "lavfi", "-i", "testsrc2=size=302x304", "-frames:v", "1", "-pix_fmt", "rgb24")
	c.append(c.initialize("image/tiff", "tweet_image", -1), 0, wide).refused(http.StatusBadRequest, "302×304 pixels", "a width of 300 is the most")
	c.oneShot(wide, "tweet_image").refused(http.StatusBadRequest, "302×304 pixels")
	c.append(c.initialize("image/tiff", "dm_image", -1), 0, wide).data()
	c.append(c.initialize("image/tiff", "tweet_image", -1), 0, film(t, "tiff", "-f", "lavfi", "-i", "testsrc2=size=302x300", "-frames:v", "1", "-pix_fmt", "rgb24")).data()
}
