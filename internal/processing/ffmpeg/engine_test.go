package ffmpeg

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

func itoa(n int) string { return strconv.Itoa(n) }

func toFloat(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func near(a, b, by float64) bool { return math.Abs(a-b) <= by }

// checkMP4 asserts what holds for every MP4 that the engine makes.
func checkMP4(t *testing.T, r media.Rendition, data []byte, length time.Duration, sound bool) facts {
	t.Helper()
	f := inspect(t, data)
	want := 1
	if sound {
		want = 2
	}
	if len(f.Streams) != want {
		t.Fatalf("%s: %d streams, want %d", r.Name, len(f.Streams), want)
	}
	v := f.Streams[0]
	if v.Codec != "h264" || v.Profile != "High" || v.PixFmt != "yuv420p" || v.PixelRatio != "1:1" {
		t.Errorf("%s: video %s %s %s %s", r.Name, v.Codec, v.Profile, v.PixFmt, v.PixelRatio)
	}
	if v.Width != r.Width || v.Height != r.Height || r.Name != itoa(r.Width)+"x"+itoa(r.Height)+".mp4" || v.Width%2+v.Height%2 != 0 {
		t.Errorf("%s: %d×%d in the record, %d×%d in the file", r.Name, r.Width, r.Height, v.Width, v.Height)
	}
	if v.FieldOrder != "progressive" || len(v.SideData) != 0 {
		t.Errorf("%s: field order %s, side data %v", r.Name, v.FieldOrder, v.SideData)
	}
	if got := toFloat(t, f.Format.Duration); !near(got, length.Seconds(), 0.1) {
		t.Errorf("%s: lasts %v s, want %v", r.Name, got, length)
	}
	if start := toFloat(t, v.StartTime); !near(start, 0, 0.001) {
		t.Errorf("%s: video starts at %v", r.Name, start)
	}
	if sound {
		a := f.Streams[1]
		if a.Codec != "aac" || a.Profile != "LC" || a.Channels != 2 {
			t.Errorf("%s: sound %s %s of %d channels", r.Name, a.Codec, a.Profile, a.Channels)
		}
	}
	moov, mdat := bytes.Index(data, []byte("moov")), bytes.Index(data, []byte("mdat"))
	if moov < 0 || mdat < moov {
		t.Errorf("%s: moov at %d, mdat at %d", r.Name, moov, mdat)
	}
	checkClean(t, r.Name, data, f)
	return f
}

// checkClean asserts that no metadata of the original's or the tool's is there.
func checkClean(t *testing.T, name string, data []byte, f facts) {
	t.Helper()
	allowed := map[string]bool{
		"major_brand": true, "minor_version": true, "compatible_brands": true,
		"handler_name": true, "vendor_id": true, "language": true,
	}
	for k, v := range f.Format.Tags {
		if !allowed[k] {
			t.Errorf("%s: tag %s=%q", name, k, v)
		}
	}
	for _, s := range f.Streams {
		for k, v := range s.Tags {
			if k == "encoder" && v == "Lavc libx264" {
				continue // the compressor's name in the sample description
			}
			if !allowed[k] || (k == "handler_name" && v != "VideoHandler" && v != "SoundHandler") || (k == "language" && v != "und") {
				t.Errorf("%s: tag %s=%q", name, k, v)
			}
		}
	}
	if len(f.Chapters) != 0 {
		t.Errorf("%s: chapters %v", name, f.Chapters)
	}
	for _, secret := range []string{"secret", "+48.2000", "\xa9nam", "\xa9xyz"} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("%s holds %q", name, secret)
		}
	}
}

// keyTimes are the times of key pictures.
func keyTimes(f facts) []string {
	var out []string
	for _, p := range f.Packets {
		if strings.HasPrefix(p.Flags, "K") {
			out = append(out, p.Time)
		}
	}
	return out
}

func TestVideoLadder(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=854x480:r=30:d=5"), tone("d=5"), x264, aac, []string{
		"-metadata", "title=secret", "-metadata", "location=+48.2000+016.3000/", "-metadata:s:v", "handler_name=secret", "in.mp4",
	})...)
	o, m := mustProcess(t, media.MP4, data)
	if o.Width != 854 || o.Height != 480 || !near(o.Duration.Seconds(), 5, 0.05) || o.Failure != nil {
		t.Errorf("outcome %+v", o)
	}
	want := []string{
		"320x180.m3u8", "320x180.mp4", "640x360.m3u8", "640x360.mp4",
		"854x480.m3u8", "854x480.mp4", "iframes.m3u8", "master.m3u8", "poster.jpg", "sprite-1.jpg", "thumbnails.vtt",
	}
	if diff := cmp.Diff(want, m.names()); diff != "" {
		t.Fatal(diff)
	}
	if last := m.order[len(m.order)-1]; last != "master.m3u8" {
		t.Errorf("%s was saved last, want the master", last)
	}
	var keys []string
	for _, name := range []string{"320x180.mp4", "640x360.mp4", "854x480.mp4"} {
		r := m.records[name]
		f := checkMP4(t, r, m.files[name], 5*time.Second, true)
		if r.Role != media.RoleMP4 || r.ContentType != "video/mp4" {
			t.Errorf("record %+v", r)
		}
		if bits := float64(len(m.files[name])) * 8 / toFloat(t, f.Format.Duration); !near(bits, float64(r.BitRate), bits/50) {
			t.Errorf("%s: bit rate %d, measured %.0f", name, r.BitRate, bits)
		}
		if f.Streams[0].AvgRate != "30/1" || f.Streams[0].Frames != "150" {
			t.Errorf("%s: %s pictures at %s", name, f.Streams[0].Frames, f.Streams[0].AvgRate)
		}
		if keys == nil {
			keys = keyTimes(f)
		}
		if diff := cmp.Diff(keys, keyTimes(f)); diff != "" {
			t.Errorf("%s: key pictures are not aligned: %s", name, diff)
		}
	}
	if diff := cmp.Diff([]string{"0.000000", "2.000000", "4.000000"}, keys); diff != "" {
		t.Error(diff)
	}
	checkHLS(t, m, 5, 3)
	checkThumbs(t, m, 5)
	checkPoster(t, m, 854, 480)

	if !slices.IsSorted(m.progress) || m.progress[len(m.progress)-1] != 100 || len(m.progress) < 3 {
		t.Errorf("progress %v", m.progress)
	}
}

// TestVideoOf4K: all six rungs, of a size and rate that they say.
func TestVideoOf4K(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=2160x3840:r=5:d=1"), x264, []string{"in.mp4"})...)
	_, m := mustProcess(t, media.MP4, data)
	for _, name := range []string{"180x320.mp4", "1440x2560.mp4", "2160x3840.mp4"} {
		checkMP4(t, m.records[name], m.files[name], time.Second, false)
	}
	checkHLS(t, m, 1, 6)
	checkPoster(t, m, 720, 1280)
	checkThumbs(t, m, 1)

	e := newEngine(t, func(c *Config) { c.MaxRung = 720 })
	_, m, err := process(t, e, media.MP4, data)
	if err != nil {
		t.Fatal(err)
	}
	checkHLS(t, m, 1, 3)
	if _, err := New(Config{MaxRung: 480}); err == nil || !strings.Contains(err.Error(), "480") {
		t.Errorf("a step that there isn't gives %v", err)
	}
}

// TestVideoShapes runs one small original of each sort through everything.
func TestVideoShapes(t *testing.T) {
	t.Parallel()
	frag := []string{"-movflags", "frag_keyframe+empty_moov+default_base_moof", "-g", "15"}
	for _, c := range []struct {
		name    string
		typ     media.Type
		args    [][]string
		w, h    int
		mp4     []string
		seconds float64
		silent  bool
		rate    string
	}{
		{
			"portrait, silent", media.MP4,
			[][]string{picture("s=270x480:r=25:d=1"), x264, {"in.mp4"}},
			270, 480,
			[]string{"180x320.mp4", "270x480.mp4"},
			1, true, "25/1",
		},
		{
			"square, smaller than any step", media.MP4,
			[][]string{picture("s=64x64:r=10:d=2"), tone("d=2"), x264, aac, {"in.mp4"}},
			64, 64,
			[]string{"64x64.mp4"},
			2, false, "10/1",
		},
		{
			"odd size, planar RGB", media.MP4,
			[][]string{picture("s=200x100:r=25:d=1"), {"-vf", "scale=201:101", "-c:v", "libx264rgb", "-preset", "ultrafast", "in.mp4"}},
			201, 101,
			[]string{"200x100.mp4"},
			1, true, "25/1",
		},
		{
			"one pixel", media.MP4,
			[][]string{picture("s=64x64:r=10:d=1"), {"-vf", "scale=1:1", "-c:v", "mjpeg", "-pix_fmt", "yuvj444p", "in.mp4"}},
			1, 1,
			[]string{"2x2.mp4"},
			1, true, "10/1",
		},
		{
			"5.1 sound in a transport stream", media.MPEGTS,
			[][]string{picture("s=160x90:r=25:d=2"), tone("d=2"), x264, {"-c:a", "ac3", "-ac", "6", "in.ts"}},
			160, 90,
			[]string{"160x90.mp4"},
			2, false, "25/1",
		},
		{
			"VP9 and Opus in WebM", media.WebM,
			[][]string{picture("s=160x90:r=24:d=1"), tone("d=1"), {"-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-c:a", "libopus", "in.webm"}},
			160, 90,
			[]string{"160x90.mp4"},
			1, false, "24/1",
		},
		{
			"WebM without a duration, as browsers record", media.WebM,
			[][]string{picture("s=160x90:r=30:d=2"), {"-c:v", "libvpx", "-cpu-used", "8", "-deadline", "realtime", "-live", "1", "in.webm"}},
			160, 90,
			[]string{"160x90.mp4"},
			2, true, "30/1",
		},
		{
			"fragmented MP4", media.MP4,
			[][]string{picture("s=160x90:r=30:d=3"), tone("d=3"), x264, aac, frag, {"in.mp4"}},
			160, 90,
			[]string{"160x90.mp4"},
			3, false, "30/1",
		},
		{
			"QuickTime with MPEG-4 and PCM", media.QuickTime,
			[][]string{picture("s=160x120:r=30000/1001:d=1"), tone("d=1:sample_rate=8000"), {"-c:v", "mpeg4", "-c:a", "pcm_s16be", "in.mov"}},
			160, 120,
			[]string{"160x120.mp4"},
			1, false, "30000/1001",
		},
		{
			"twice too many pictures", media.MP4,
			[][]string{picture("s=160x90:r=120:d=1"), x264, {"in.mp4"}},
			160, 90,
			[]string{"160x90.mp4"},
			1, true, "60/1",
		},
		{
			"pixels wider than high", media.MP4,
			[][]string{picture("s=180x144:r=25:d=1"), {"-vf", "setsar=16/11"}, x264, {"in.mp4"}},
			262, 144,
			[]string{"262x144.mp4"},
			1, true, "25/1",
		},
		{
			"sound goes on after the pictures", media.MP4,
			[][]string{picture("s=160x90:r=25:d=1"), tone("d=3"), x264, aac, {"in.mp4"}},
			160, 90,
			[]string{"160x90.mp4"},
			3, false, "25/1",
		},
		{
			"a single picture", media.MP4,
			[][]string{picture("s=160x90:r=25:d=1"), {"-frames:v", "1"}, x264, {"in.mp4"}},
			160, 90,
			[]string{"160x90.mp4"},
			0.04, true, "25/1",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, m := mustProcess(t, c.typ, generate(t, slices.Concat(c.args...)...))
			if o.Width != c.w || o.Height != c.h || !near(o.Duration.Seconds(), c.seconds, 0.1) {
				t.Errorf("%d×%d, %v, want %d×%d, %v s", o.Width, o.Height, o.Duration, c.w, c.h, c.seconds)
			}
			var mp4 []string
			for _, n := range m.names() {
				if strings.HasSuffix(n, ".mp4") {
					mp4 = append(mp4, n)
				}
			}
			if diff := cmp.Diff(c.mp4, mp4); diff != "" {
				t.Fatal(diff)
			}
			top := mp4[len(mp4)-1]
			f := checkMP4(t, m.records[top], m.files[top], time.Duration(c.seconds*float64(time.Second)), !c.silent)
			if f.Streams[0].AvgRate != c.rate {
				t.Errorf("%s pictures a second, want %s", f.Streams[0].AvgRate, c.rate)
			}
			checkHLS(t, m, c.seconds, len(c.mp4))
			checkThumbs(t, m, c.seconds)
			checkPoster(t, m, m.records[top].Width, m.records[top].Height)
		})
	}
}
