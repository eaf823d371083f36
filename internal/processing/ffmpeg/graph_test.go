package ffmpeg

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
)

// redThenBlue turns from red to blue after one second of two.
func redThenBlue(filter string) []string {
	return []string{
		"-f", "lavfi", "-i", "color=red:s=64x64:r=30:d=1", "-f", "lavfi", "-i", "color=blue:s=64x64:r=30:d=1",
		"-f", "lavfi", "-i", "sine=d=2", "-filter_complex", "[0][1]concat" + filter + "[v]", "-map", "[v]", "-map", "2",
	}
}

func isRed(c [3]byte) bool  { return c[0] > 200 && c[2] < 80 }
func isBlue(c [3]byte) bool { return c[2] > 200 && c[0] < 80 }

// TestVariableRate: pictures keep their times beside the sound, although the
// rendition has a steady rate.
func TestVariableRate(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(redThenBlue(",select='not(mod(n,7))+gt(t,1.5)'"), []string{"-vsync", "vfr"}, x264, aac, []string{"in.mp4"})...)
	o, m := mustProcess(t, media.MP4, data)
	name := "64x64.mp4"
	f := checkMP4(t, m.records[name], m.files[name], o.Duration, true)
	if f.Streams[0].Rate != f.Streams[0].AvgRate {
		t.Errorf("rate %s, average %s", f.Streams[0].Rate, f.Streams[0].AvgRate)
	}
	if v, a := toFloat(t, f.Streams[0].Duration), toFloat(t, f.Streams[1].Duration); !near(v, a, 0.1) {
		t.Errorf("pictures last %v s, sound %v s", v, a)
	}
	// The last red picture is at 0.933, the first blue one at 1.167.
	if before, after := pixel(t, m.files[name], "1.0", 32, 32), pixel(t, m.files[name], "1.25", 32, 32); !isRed(before) || !isBlue(after) {
		t.Errorf("before %v, after %v", before, after)
	}
}

// TestStartOffsets: a stream that begins late is padded at the front, and a
// clock that does not begin at zero is set to it.
func TestStartOffsets(t *testing.T) {
	t.Parallel()
	for _, late := range []string{"video", "sound"} {
		data := generate(t, slices.Concat(redThenBlue(""), x264, aac, []string{"in.mp4"})...)
		// Take the pictures from one copy and the sound from another.
		offset := []string{"-itsoffset", "0.5", "-i", "source", "-i", "source"}
		if late == "sound" {
			offset = []string{"-i", "source", "-itsoffset", "0.5", "-i", "source"}
		}
		data = generateFrom(t, data, append(offset, "-map", "0:v", "-map", "1:a", "-c", "copy", "-output_ts_offset", "77", "in.ts")...)
		_, m := mustProcess(t, media.MPEGTS, data)
		name := "64x64.mp4"
		f := checkMP4(t, m.records[name], m.files[name], 2500*time.Millisecond, true)
		turn := 1.0
		if late == "video" {
			turn = 1.5
		}
		for at, red := range map[string]bool{"0": true, seconds3(turn - 0.15): true, seconds3(turn + 0.15): false} {
			if got := pixel(t, m.files[name], at, 32, 32); isRed(got) != red || isBlue(got) == red {
				t.Errorf("%s late: at %s %v, want red %v", late, at, got, red)
			}
		}
		if a := toFloat(t, f.Streams[1].Duration); late == "sound" && !near(a, 2.5, 0.1) {
			t.Errorf("sound lasts %v s, want 2.5", a)
		}
	}
}

func seconds3(f float64) string { return strconv.FormatFloat(f, 'f', 3, 64) }

// TestInterlaced: fields become whole pictures at the same rate.
func TestInterlaced(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=160x96:r=50:d=1"), []string{
		"-vf", "tinterlace=mode=interleave_top,setfield=tff", "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-top", "1", "in.ts",
	})...)
	_, m := mustProcess(t, media.MPEGTS, data)
	name := "160x96.mp4"
	f := checkMP4(t, m.records[name], m.files[name], time.Second, false)
	if f.Streams[0].AvgRate != "25/1" {
		t.Errorf("rate %s", f.Streams[0].AvgRate)
	}
}

// TestHDR: PQ and HLG become what every screen shows, and are tagged so.
func TestHDR(t *testing.T) {
	t.Parallel()
	for _, transfer := range []string{"smpte2084", "arib-std-b67"} {
		t.Run(transfer, func(t *testing.T) {
			t.Parallel()
			data := generate(t, slices.Concat(picture("s=64x64:r=10:d=0.5"), []string{
				"-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc", "in.mp4",
			})...)
			_, m := mustProcess(t, media.MP4, data)
			f := checkMP4(t, m.records["64x64.mp4"], m.files["64x64.mp4"], 500*time.Millisecond, false)
			if v := f.Streams[0]; v.Transfer != "bt709" || v.ColorSpace != "bt709" || v.ColorRange != "tv" {
				t.Errorf("tagged %s, %s, %s", v.Transfer, v.ColorSpace, v.ColorRange)
			}
			checkThumbs(t, m, 0.5)
		})
	}
}

func TestVideoGraph(t *testing.T) {
	p := plan{
		VideoIndex: 3, Rungs: []rung{{320, 180, 1}, {640, 360, 1}, {1280, 720, 1}}, Rate: ratio{30, 1},
		Poster: rung{1280, 720, 0}, PosterEvery: time.Second,
	}
	want := "[0:3]fps=fps=30/1:start_time=0,scale=1280:720:flags=bicubic+full_chroma_inp:out_range=tv,sidedata=mode=delete:type=DISPLAYMATRIX,setsar=1,format=yuv420p,split=3[v2][p][top];" +
		"[top]scale=640:360:flags=bicubic,setsar=1,split=2[v1][s1];[s1]scale=320:180:flags=bicubic,setsar=1[v0];" +
		"[p]select='lt(t,11.000)*(isnan(prev_selected_t)+gte(t-prev_selected_t,1.000))',scale=1280:720:flags=bicubic:out_color_matrix=bt601:out_range=pc,setsar=1,format=yuvj420p[poster]"
	if got := p.videoGraph(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	p.Orientation = orientation{swap: true, flipH: true}
	p.Deinterlace, p.HDR, p.ToneMap, p.Hold = true, "arib-std-b67", true, 1500*time.Millisecond
	got := p.videoGraph()
	last := 0
	for _, step := range []string{
		"bwdif", "fps=", "scale=720:1280", "transpose=clock,", "zscale=tin=arib-std-b67", "tonemap=", "tpad=stop_mode=clone:stop_duration=1500ms", "setsar=1,format=yuv420p",
	} {
		i := strings.Index(got, step)
		if i < last {
			t.Errorf("%s is missing or out of order in %s", step, got)
		}
		last = i
	}
	p = plan{Rungs: []rung{{2, 2, 1}, {4, 4, 1}}, Audio: &audioPlan{Index: 7, SampleRate: 44100}}
	if got, want := p.audioGraph(), "[0:7]aresample=async=1000:first_pts=0:ochl=stereo:osr=44100[a0]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	p.Copy = true // its pictures only: the sound is encoded for it, too
	if got, want := p.audioGraph(), "[0:7]aresample=async=1000:first_pts=0:ochl=stereo:osr=44100,asplit=2[a0][a1]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestSizeChanges: pictures of another size, as a recorded call has them, are scaled like
// those before, and keep their time.
func TestSizeChanges(t *testing.T) {
	t.Parallel()
	part := func(colour, size, begin string, codec ...string) []byte {
		return generate(t, slices.Concat([]string{"-f", "lavfi", "-i", "color=" + colour + ":r=25:d=2:s=" + size}, codec,
			[]string{"-output_ts_offset", begin, "in.ts"})...)
	}
	for name, codec := range map[string][]string{
		"H.264":  x264,
		"MPEG-2": {"-c:v", "mpeg2video", "-b:v", "1M"},
	} {
		data := slices.Concat(part("red", "128x128", "0", codec...), part("blue", "320x240", "2", codec...))
		_, m := mustProcess(t, media.MPEGTS, data)
		file := m.files["128x128.mp4"]
		if v := inspect(t, file).Streams[0]; !near(toFloat(t, v.Duration), 4, 0.1) {
			t.Errorf("%s: lasts %s s, want 4", name, v.Duration)
		}
		if c := pixel(t, file, "1.5", 64, 64); !isRed(c) {
			t.Errorf("%s: at 1.5 s it is %v, want red", name, c)
		}
		if c := pixel(t, file, "3.5", 64, 64); !isBlue(c) {
			t.Errorf("%s: at 3.5 s it is %v, want blue", name, c)
		}
	}
}
