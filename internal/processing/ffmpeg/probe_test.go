package ffmpeg

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"magpie/internal/media"
)

func reduceText(t testing.TB, text string) probed {
	t.Helper()
	var a probeAnswer
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	return a.reduce()
}

const phoneProbe = `{
 "programs": [],
 "streams": [
  {"index": 0, "codec_name": "hevc", "codec_type": "video", "width": 1920, "height": 1080, "sample_aspect_ratio": "1:1",
   "field_order": "progressive", "color_transfer": "arib-std-b67", "r_frame_rate": "600/1", "avg_frame_rate": "2997/100",
   "start_time": "0.100000", "duration": "4.900000", "nb_frames": "147",
   "disposition": {"default": 1, "attached_pic": 0, "timed_thumbnails": 0, "still_image": 0},
   "side_data_list": [{}, {"displaymatrix": "\n00000000:            0       65536           0\n00000001:       -65536           0           0\n00000002:            0           0  1073741824\n"}]},
  {"index": 1, "codec_type": "audio", "codec_name": "unknown", "channels": 4, "sample_rate": "48000", "duration": "5.0", "disposition": {"default": 1}},
  {"index": 2, "codec_type": "audio", "codec_name": "aac", "channels": 2, "sample_rate": "44100", "start_time": "0.000000", "duration": "5.000000", "disposition": {"default": 0}},
  {"index": 3, "codec_type": "data", "disposition": {"default": 1}},
  {"index": 4, "codec_type": "video", "codec_name": "mjpeg", "width": 4000, "height": 3000, "disposition": {"default": 1, "attached_pic": 1}}
 ],
 "format": {"start_time": "0.000000", "duration": "5.005000"}
}`

func TestReduce(t *testing.T) {
	got := reduceText(t, phoneProbe)
	want := probed{
		Video: &videoStream{
			Index: 0, Codec: "hevc", Width: 1920, Height: 1080, PixelRatio: ratio{1, 1},
			Orientation: orientation{swap: true, flipH: true}, Matrix: true, Rate: ratio{600, 1}, AvgRate: ratio{2997, 100},
			HDR: "arib-std-b67", Start: 100 * time.Millisecond, Duration: 4900 * time.Millisecond, Frames: 147,
		},
		Audio:    &audioStream{Index: 2, Codec: "aac", Channels: 2, SampleRate: 44100, Duration: 5 * time.Second},
		Duration: 5005 * time.Millisecond,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(ratio{}, orientation{}), cmpopts.EquateComparable()); diff != "" {
		t.Error(diff)
	}
	if got.length() != 5*time.Second || got.needsMeasure(media.QuickTime) || !got.needsMeasure(media.MPEGTS) {
		t.Errorf("lasts %v", got.length())
	}
}

func TestReduceChooses(t *testing.T) {
	video := func(index, w int, disposition string) string {
		return `{"index":` + itoa(index) + `,"codec_type":"video","codec_name":"h264","width":` + itoa(w) + `,"height":100,"disposition":{` + disposition + `}}`
	}
	audio := func(index, channels int, codec, disposition string) string {
		return `{"index":` + itoa(index) + `,"codec_type":"audio","codec_name":"` + codec + `","channels":` + itoa(channels) + `,"disposition":{` + disposition + `}}`
	}
	for _, c := range []struct {
		name         string
		streams      string
		video, audio int // -1 is none
	}{
		{"nothing", ``, -1, -1},
		{"largest", video(0, 10, "") + "," + video(1, 20, ""), 1, -1},
		{"default before largest", video(0, 10, `"default":1`) + "," + video(1, 20, ""), 0, -1},
		{"first of equals", video(0, 10, "") + "," + video(1, 10, ""), 0, -1},
		{"cover art is none", video(0, 10, `"attached_pic":1`) + "," + audio(1, 2, "aac", ""), -1, 1},
		{"nor are thumbnails", video(0, 10, `"timed_thumbnails":1`) + "," + video(1, 5, ""), 1, -1},
		{"sound that can be decoded", video(0, 10, "") + "," + audio(1, 6, "dts", `"default":1`) + "," + audio(2, 2, "aac", ""), 0, 2},
		{"default sound", video(0, 10, "") + "," + audio(1, 6, "aac", "") + "," + audio(2, 2, "aac", `"default":1`), 0, 2},
		{"most channels", video(0, 10, "") + "," + audio(1, 2, "aac", "") + "," + audio(2, 6, "ac3", ""), 0, 2},
	} {
		got := reduceText(t, `{"streams":[`+c.streams+`]}`)
		v, a := -1, -1
		if got.Video != nil {
			v = got.Video.Index
		}
		if got.Audio != nil {
			a = got.Audio.Index
		}
		if v != c.video || a != c.audio {
			t.Errorf("%s: video %d, audio %d, want %d, %d", c.name, v, a, c.video, c.audio)
		}
	}
}

func TestSeconds(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"1.5": 1500 * time.Millisecond, "-0.02": -20 * time.Millisecond, "N/A": 0, "": 0, "nan": 0,
		"1e300": maxSeconds * time.Second, "-inf": -maxSeconds * time.Second,
	} {
		if got := seconds(in); got != want {
			t.Errorf("%q is %v, want %v", in, got, want)
		}
	}
}

// FuzzReduce: whatever ffprobe says of a hostile file, what passes the check
// has a plan that can be carried out.
func FuzzReduce(f *testing.F) {
	f.Add([]byte(phoneProbe))
	f.Add([]byte(`{"streams":[{"codec_type":"video","codec_name":"h264","width":1,"height":1,"r_frame_rate":"2147483647/1","sample_aspect_ratio":"2147483647:1","duration":"9e99","start_time":"-9e99"}],"format":{"duration":"1e20","start_time":"9e99"}}`))
	f.Add([]byte(`{"streams":[{"codec_type":"video","codec_name":"vp9","width":2147483647,"height":2147483647}]}`))
	f.Add([]byte(`{"error":{"code":-1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var a probeAnswer
		if json.Unmarshal(data, &a) != nil {
			return
		}
		p := a.reduce()
		l := media.DefaultLimits().TweetVideo
		if check(p, l) != nil || l.Check(media.Form{Duration: p.length()}) != nil {
			return
		}
		checkPlan(t, planVideo(p, false, 2160))
		checkPlan(t, planVideo(p, true, 2160))
	})
}

// checkPlan asserts what holds for every plan.
func checkPlan(t interface{ Fatalf(string, ...any) }, p plan) {
	if p.Width < 1 || p.Height < 1 || len(p.Rungs) == 0 || p.Duration < 0 || p.VideoLength < 0 || p.Hold < 0 {
		t.Fatalf("plan %+v", p)
	}
	if p.Loop && (len(p.Rungs) != 1 || p.Audio != nil || p.Hold != 0) {
		t.Fatalf("loop %+v", p)
	}
	s := p.Poster
	if s.Width%2 != 0 || s.Height%2 != 0 || s.Width < 2 || s.Height < 2 || max(s.Width, s.Height) > posterSide || s.Width > p.top().Width {
		t.Fatalf("poster %d×%d of %s", s.Width, s.Height, p.top().name())
	}
	if p.PosterEvery < 100*time.Millisecond || p.PosterEvery > time.Second {
		t.Fatalf("poster every %v", p.PosterEvery)
	}
	if c := p.Thumbs; p.Loop == (c.Sheets > 0) || c.Sheets*c.Columns*c.Rows > 400 || c.Size.Width%2+c.Size.Height%2 != 0 || c.Size.Width > p.top().Width || max(c.Size.Width, c.Size.Height) > 160 {
		t.Fatalf("thumbnails %+v of %s, %v", c, p.top().name(), p.Duration)
	}
	b := renderBounds(p)
	if b.wall < time.Minute || b.cpu < b.wall || b.file < 16<<20 || b.file > 1<<50 || b.memory < 4<<30 || b.memory > 1<<40 {
		t.Fatalf("bounds %+v", b)
	}
}

func TestPlanProperties(t *testing.T) {
	side := rapid.IntRange(1, 5000)
	span := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(0, int64(12*time.Hour)).Draw(t, "span"))
	})
	part := rapid.Int64Range(0, 100_000)
	rapid.Check(t, func(t *rapid.T) {
		flag := rapid.Bool()
		p := probed{
			Duration: span.Draw(t, "duration"),
			Video: &videoStream{
				Width: side.Draw(t, "w"), Height: side.Draw(t, "h"),
				PixelRatio:  ratio{part.Draw(t, "pn"), part.Draw(t, "pd")},
				Orientation: orientation{flag.Draw(t, "swap"), flag.Draw(t, "flipH"), flag.Draw(t, "flipV")},
				Rate:        ratio{part.Draw(t, "rn"), part.Draw(t, "rd")},
				AvgRate:     ratio{part.Draw(t, "an"), part.Draw(t, "ad")},
				Start:       span.Draw(t, "start") - 6*time.Hour, Duration: span.Draw(t, "video"),
			},
		}
		if flag.Draw(t, "sound") {
			p.Audio = &audioStream{SampleRate: rapid.IntRange(0, 1<<20).Draw(t, "hz"), Duration: span.Draw(t, "audio")}
		}
		for _, loop := range []bool{false, true} {
			out := planVideo(p, loop, 2160)
			checkPlan(t, out)
			if out.Orientation.swap != p.Video.Orientation.swap {
				t.Fatalf("orientation is lost")
			}
			if r := p.Video.PixelRatio.float(); r == 0 {
				w, h := p.Video.Width, p.Video.Height
				if p.Video.Orientation.swap {
					w, h = h, w
				}
				if out.Width != w || out.Height != h {
					t.Fatalf("seen as %d×%d, want %d×%d", out.Width, out.Height, w, h)
				}
			}
		}
	})
}

// TestProbeFile asks the real ffprobe about a file with a bit of everything.
func TestProbeFile(t *testing.T) {
	t.Parallel()
	base := generate(t, slices.Concat(picture("s=96x64:r=24:d=1"), tone("d=1.2:sample_rate=44100"), x264, aac, []string{"in.mp4"})...)
	data := generateFrom(t, base, "-i", "source", "-f", "lavfi", "-i", "color=red:s=600x600:r=1:d=1", "-map", "0:v", "-map", "0:a", "-map", "1",
		"-c:v:0", "copy", "-c:a", "copy", "-c:v:1", "png", "-disposition:v:1", "attached_pic", "in.mp4")
	e := newEngine(t)
	in := inputOf(t, media.MP4, media.TweetVideo, data)
	src, err := sourceOf(in)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.probe(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	if p.Video == nil || p.Video.Codec != "h264" || p.Video.Width != 96 || p.Video.Height != 64 || p.Video.Frames != 24 ||
		p.Video.Rate != (ratio{24, 1}) || p.Video.Duration != time.Second || p.Video.Interlaced || p.Video.HDR != "" {
		t.Errorf("video %+v", p.Video)
	}
	if p.Audio == nil || p.Audio.Codec != "aac" || p.Audio.SampleRate != 44100 || !near(p.Audio.Duration.Seconds(), 1.2, 0.03) {
		t.Errorf("audio %+v", p.Audio)
	}
	if p.needsMeasure(media.MP4) {
		t.Error("a plain MP4 needs no measuring")
	}
}
