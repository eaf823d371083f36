package ffmpeg

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
)

func TestGOPCounter(t *testing.T) {
	for lines, want := range map[string]int{
		"":                                     0,
		"K__\n":                                1,
		"K__\n___\n___\nK__\n___\n":            3,
		"___\n___\nK__\n":                      2, // begins without one
		"K__,\n\n__D\n":                        2,
		"K__\n" + strings.Repeat("___\n", 600): 601,
		strings.Repeat("x", 5000) + "\nK__\n":  1,
	} {
		var whole, bits gopCounter
		_, _ = whole.Write([]byte(lines))
		for i := range len(lines) {
			if n, err := bits.Write([]byte(lines[i : i+1])); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		if whole.largest != want || bits.largest != want {
			t.Errorf("%.30q: %d at once and %d byte by byte, want %d", lines, whole.largest, bits.largest, want)
		}
	}
}

// TestFormOfRealFiles makes videos that are past one limit each, and one that
// is past none.
func TestFormOfRealFiles(t *testing.T) {
	t.Parallel()
	limits := func(c *Config) {
		c.Limits = media.DefaultLimits()
		c.Limits.TweetVideo = media.Limit{
			MinSide: 32, MaxWidth: 320, MaxHeight: 240, Turned: true, MaxRatio: 3, MaxRate: 60,
			MinDuration: 500 * time.Millisecond, MaxDuration: 3 * time.Second, MaxGOP: 24, MaxChannels: 2, Plain: true,
		}
		c.Limits.DMVideo = c.Limits.TweetVideo
		c.Limits.AmplifyVideo = media.Limit{MaxWidth: 640, MaxHeight: 480}
	}
	e := newEngine(t, limits)
	clip := func(spec string, more ...string) []byte {
		return generate(t, slices.Concat(picture(spec), x264, more, []string{"in.mp4"})...)
	}
	for _, c := range []struct {
		what     string
		kind     media.Type
		category media.Category
		data     []byte
		want     string // "" passes
	}{
		{"within", media.MP4, media.TweetVideo, generate(t, slices.Concat(picture("s=320x240:r=25:d=1"), tone("d=1"), x264, aac, []string{"-g", "24", "in.mp4"})...), ""},
		{"upright", media.MP4, media.DMVideo, clip("s=240x320:r=10:d=1"), ""},
		{"a GOP too large", media.MP4, media.TweetVideo, clip("s=64x64:r=25:d=1.2", "-g", "25"), "Video GOP is too large. Largest number of frames allowed in one GOP: 24. This video has one of 25."},
		{"too large", media.MP4, media.TweetVideo, clip("s=640x480:r=10:d=1"), "640×480"},
		{"as amplify_video it is not", media.MP4, media.AmplifyVideo, clip("s=640x480:r=10:d=1"), ""},
		{"too long", media.MP4, media.TweetVideo, clip("s=64x64:r=1:d=4"), "Duration 4.seconds exceeds max duration of 3.seconds"},
		{"too short", media.MP4, media.TweetVideo, clip("s=64x64:r=10:d=0.3"), "it lasts 0.3 s, and 0.5 s is the least"},
		{"too fast", media.MP4, media.TweetVideo, clip("s=64x64:r=120:d=0.6"), "120 frames a second"},
		{"wide pixels", media.MP4, media.TweetVideo, clip("s=64x64:r=10:d=1", "-vf", "setsar=2"), "its pixels are 2:1"},
		{"4:4:4", media.MP4, media.TweetVideo, clip("s=64x64:r=10:d=1", "-pix_fmt", "yuv444p"), "yuv444p"},
		{"in six channels", media.MP4, media.TweetVideo, generate(t, slices.Concat(picture("s=64x64:r=10:d=1"), tone("d=1"), x264, aac, []string{"-ac", "6", "in.mp4"})...), "6 channels"},
		{"with MP3", media.MP4, media.TweetVideo, generate(t, slices.Concat(picture("s=64x64:r=10:d=1"), tone("d=1"), x264, []string{"-c:a", "libmp3lame", "in.mp4"})...), "its sound is mp3"},
		{"a WebM with Opus", media.WebM, media.TweetVideo, generate(t, slices.Concat(picture("s=64x64:r=10:d=1"), tone("d=1"), []string{"-c:v", "libvpx", "-deadline", "realtime", "-g", "10", "-c:a", "libopus", "in.webm"})...), ""},
		{"a transport stream too long", media.MPEGTS, media.TweetVideo, generate(t, slices.Concat(picture("s=64x64:r=5:d=4"), x264, []string{"in.ts"})...), "exceeds max duration of 3.seconds"},
	} {
		t.Run(c.what, func(t *testing.T) {
			in := inputOf(t, c.kind, c.category, c.data)
			src, err := sourceOf(in)
			if err != nil {
				t.Fatal(err)
			}
			_, err = e.prepare(t.Context(), in, src)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantFailure(t, err, media.UnsupportedMedia, c.want)
		})
	}
}

func TestFormOfGIFs(t *testing.T) {
	l := media.Limit{MaxWidth: 40, MaxHeight: 30, MaxFrames: 5, MaxFramePixels: 40 * 30 * 3}
	scan := func(w, h, frames int) error {
		data := makeGIF(t, w, h, make([]int, frames)...)
		_, err := scanGIF(t.Context(), bytes.NewReader(data), int64(len(data)), l)
		return err
	}
	for _, ok := range [][3]int{{40, 30, 3}, {1, 1, 5}} {
		if err := scan(ok[0], ok[1], ok[2]); err != nil {
			t.Errorf("%v: %v", ok, err)
		}
	}
	wantFailure(t, scan(41, 30, 1), media.UnsupportedMedia, "it is 41×30 pixels, and 40×30 is the most")
	wantFailure(t, scan(40, 31, 1), media.UnsupportedMedia, "it is 40×31 pixels")
	wantFailure(t, scan(1, 1, 6), media.UnsupportedMedia, "it has 6 frames or more, and 5 are the most")
	l = media.Limit{MinDuration: 250 * time.Millisecond, MaxRate: 10}
	if err := scan(9, 9, 3); err != nil { // of a tenth of a second each
		t.Error(err)
	}
	wantFailure(t, scan(9, 9, 2), media.UnsupportedMedia, "it lasts 0.2 s, and 0.25 s is the least")
	l = media.Limit{MaxRate: 9}
	wantFailure(t, scan(9, 9, 2), media.UnsupportedMedia, "it has 10 frames a second, and 9 are the most")
	l = media.Limit{MaxFramePixels: 40 * 30 * 3}
	wantFailure(t, scan(40, 30, 4), media.UnsupportedMedia, "40×30 pixels in 4 frames or more are over 3600")
}
