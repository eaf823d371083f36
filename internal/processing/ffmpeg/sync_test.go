package ffmpeg

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"magpie/internal/media"
	"magpie/internal/processing/ffmpeg/hybrid"
)

// flashAndBeep turns white and begins to sound at the same time: one second
// after its beginning, of three.
func flashAndBeep(codec ...string) []string {
	return slices.Concat([]string{
		"-f", "lavfi", "-i", "color=black:s=64x64:r=25:d=1,format=yuv420p", "-f", "lavfi", "-i", "color=white:s=64x64:r=25:d=2,format=yuv420p",
		"-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono:d=1", "-f", "lavfi", "-i", "sine=1000:r=48000:d=2",
		"-filter_complex", "[0][1]concat[v];[2][3]concat=v=0:a=1[a]", "-map", "[v]", "-map", "[a]", "-bf", "0",
	}, codec)
}

// apart is how many seconds after the flash the beep is heard, and when the
// flash is seen, in a file or a playlist.
func apart(t *testing.T, path string) (after, flash float64) {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-i", path,
		"-vf", "blackdetect=d=0.02:pix_th=0.2", "-af", "silencedetect=n=-40dB:d=0.05", "-f", "null", "-").CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", path, err, out)
	}
	last := func(pattern string) float64 {
		all := regexp.MustCompile(pattern).FindAllStringSubmatch(string(out), -1)
		if len(all) == 0 {
			t.Fatalf("%s: no %s in\n%s", filepath.Base(path), pattern, out)
		}
		return toFloat(t, all[0][1])
	}
	flash = last(`black_end:([\d.]+)`)
	return last(`silence_end: ([\d.]+)`) - flash, flash
}

// skips is how many seconds of each track an edit list hides.
func skips(t *testing.T, data []byte) map[string]float64 {
	t.Helper()
	// The fragmented file is in the whole, behind the header that Wrap made.
	inner := bytes.LastIndex(data, []byte("ftyp")) - 4
	file, err := hybrid.Wrap(bytes.NewReader(data[inner:]), int64(len(data)-inner), 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, track := range file.Tracks {
		out[track.Handler] = track.Skipped
	}
	return out
}

// TestSync: wherever the two streams begin, and whatever an edit list leaves
// out, what belongs together is seen and heard together: within one picture, in
// the MP4 and in HLS, encoded and copied.
func TestSync(t *testing.T) {
	t.Parallel()
	encoded := slices.Concat(x264, aac)
	high := []string{"-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-g", "10", "-c:a", "aac"}
	both := []string{"-map", "0:v", "-map", "1:a", "-c", "copy"}
	late := func(which int, by string) []string {
		args := []string{"-i", "source", "-i", "source"}
		return slices.Concat(slices.Insert(args, 2*which, "-itsoffset", by), both)
	}
	for name, c := range map[string]struct {
		codec, change []string
		file          string
		after, flash  float64
	}{
		"together":                    {encoded, []string{"-i", "source", "-c", "copy"}, "in.mp4", 0, 1},
		"pictures late":               {encoded, late(0, "0.4"), "in.mp4", -0.4, 1.4},
		"sound late":                  {encoded, late(1, "0.4"), "in.mp4", 0.4, 1},
		"sound a little late":         {high, late(1, "0.03"), "in.mp4", 0.03, 1},
		"sound late, QuickTime":       {encoded, late(1, "0.4"), "in.mov", 0.4, 1},
		"pictures late, stream":       {encoded, slices.Concat(late(0, "0.4"), []string{"-output_ts_offset", "500"}), "in.ts", -0.4, 1.4},
		"sound late, WebM":            {[]string{"-c:v", "libvpx", "-cpu-used", "8", "-deadline", "realtime", "-c:a", "libopus"}, late(1, "0.4"), "in.webm", 0.4, 1},
		"cut by an edit list":         {encoded, []string{"-ss", "0.5", "-i", "source", "-c", "copy"}, "in.mp4", 0, 0.5},
		"cut, copied":                 {high, []string{"-ss", "0.5", "-i", "source", "-c", "copy"}, "in.mp4", 0, 0.5},
		"cut at a key, copied":        {high, []string{"-ss", "0.4", "-i", "source", "-c", "copy"}, "in.mp4", 0, 0.6},
		"copied":                      {high, []string{"-i", "source", "-c", "copy"}, "in.mp4", 0, 1},
		"copied, pictures late":       {high, late(0, "0.4"), "in.mp4", -0.4, 1.4},
		"copied, sound late":          {high, late(1, "0.4"), "in.mp4", 0.4, 1},
		"copied, on a late clock":     {high, []string{"-i", "source", "-c", "copy", "-output_ts_offset", "3"}, "in.mp4", 0, 1},
		"reordered, cut by edit list": {slices.Concat(high, []string{"-bf", "2"}), []string{"-ss", "0.5", "-i", "source", "-c", "copy"}, "in.mp4", 0, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ending := filepath.Ext(c.file)
			middle := map[string]string{".webm": "a.webm"}[ending]
			if middle == "" {
				middle = "a.mp4"
			}
			data := generateFrom(t, generate(t, append(flashAndBeep(c.codec...), middle)...), append(slices.Clone(c.change), c.file)...)
			typ := map[string]media.Type{".mp4": media.MP4, ".mov": media.QuickTime, ".ts": media.MPEGTS, ".webm": media.WebM}[ending]
			_, m := mustProcess(t, typ, data)
			dir := t.TempDir()
			for name, data := range m.files {
				if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range m.names() {
				if name != "64x64.mp4" && name != "64x64.m3u8" {
					continue
				}
				if edits := skips(t, m.files["64x64.mp4"]); edits["vide"] > 0 || edits["soun"] > 0.05 {
					t.Errorf("an edit list, which browsers pass over, hides %v", edits)
				}
				after, flash := apart(t, filepath.Join(dir, name))
				// ffmpeg itself shows HLS up to a picture late, and finds a beep
				// to within a block of sound.
				by := map[string]float64{".mp4": 0.04, ".m3u8": 0.065}[filepath.Ext(name)]
				if !near(after, c.after, by) || !near(flash, c.flash, by+0.04) {
					t.Errorf("%s: flash at %.3f s, want %v; beep %.3f s after it, want %v", name, flash, c.flash, after, c.after)
				}
			}
		})
	}
}

// TestSoundAlone: files without pictures are refused in words, whatever
// they sound like.
func TestSoundAlone(t *testing.T) {
	t.Parallel()
	for typ, args := range map[media.Type][]string{
		media.MP4:       slices.Concat(tone("d=1"), aac, []string{"in.mp4"}),
		media.QuickTime: slices.Concat(tone("d=1"), []string{"-c:a", "pcm_s16le", "in.mov"}),
		media.WebM:      slices.Concat(tone("d=1"), []string{"-c:a", "libopus", "in.webm"}),
		media.MPEGTS:    slices.Concat(tone("d=1"), []string{"-c:a", "mp2", "in.ts"}),
	} {
		t.Run(strings.ReplaceAll(string(typ), "/", "-"), func(t *testing.T) {
			t.Parallel()
			_, m, err := process(t, newEngine(t), typ, generate(t, args...))
			wantFailure(t, err, media.UnsupportedMedia, "no video stream")
			if len(m.files) != 0 {
				t.Errorf("made %v", m.names())
			}
		})
	}
}
