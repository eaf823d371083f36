package ffmpeg

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

// cue is one line of the thumbnails' track.
type cue struct {
	from, to float64
	sheet    string
	at       image.Rectangle
}

// checkThumbs asserts that the track covers a film of so many seconds without
// gaps, that every cue lies within its sheet, and that nothing but pictures is
// in the sheets.
func checkThumbs(t *testing.T, m *memory, seconds float64) []cue {
	t.Helper()
	r, text := m.records["thumbnails.vtt"], string(m.files["thumbnails.vtt"])
	if r.Role != media.RoleThumbnails || r.ContentType != "text/vtt; charset=utf-8" || !strings.HasPrefix(text, "WEBVTT\n\n") {
		t.Fatalf("record %+v:\n%s", r, text)
	}
	sheets := map[string]image.Rectangle{}
	for name, data := range m.files {
		if !strings.HasPrefix(name, "sprite-") {
			continue
		}
		img, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sheets[name] = img.Bounds()
		if r := m.records[name]; r.Role != media.RoleSprite || r.ContentType != "image/jpeg" || r.Width != img.Bounds().Dx() || r.Height != img.Bounds().Dy() {
			t.Errorf("record %+v of %v", r, img.Bounds())
		}
		for _, marker := range []string{"Exif", "http", "Lavc", "\xff\xfe", "\xff\xe1"} {
			if bytes.Contains(data[:min(len(data), 200)], []byte(marker)) {
				t.Errorf("%s holds %q", name, marker)
			}
		}
	}
	line := regexp.MustCompile(`(\d\d):(\d\d):(\d\d\.\d{3}) --> (\d\d):(\d\d):(\d\d\.\d{3})\n(sprite-\d+\.jpg)#xywh=(\d+),(\d+),(\d+),(\d+)\n`)
	var out []cue
	for _, s := range line.FindAllStringSubmatch(text, -1) {
		n := make([]float64, len(s))
		for i := 1; i < len(s); i++ {
			if i != 7 {
				n[i] = toFloat(t, s[i])
			}
		}
		x, y := int(n[8]), int(n[9])
		c := cue{n[1]*3600 + n[2]*60 + n[3], n[4]*3600 + n[5]*60 + n[6], s[7], image.Rect(x, y, x+int(n[10]), y+int(n[11]))}
		last := 0.0
		if len(out) > 0 {
			last = out[len(out)-1].to
		}
		if c.from != last || c.to <= c.from || c.at.Empty() || !c.at.In(sheets[c.sheet]) {
			t.Errorf("cue %+v after %v, in a sheet of %v", c, last, sheets[c.sheet])
		}
		out = append(out, c)
	}
	if len(out) == 0 || strings.Count(text, "-->") != len(out) || !near(out[len(out)-1].to, seconds, 0.1) {
		t.Errorf("track of %v s:\n%s", seconds, text)
	}
	return out
}

// shades is a film that gets brighter with every two seconds.
func shades(size string, seconds int) []string {
	return []string{"-f", "lavfi", "-i", fmt.Sprintf("color=black:s=%s:r=10:d=%d,format=gray,geq=lum='20+20*floor(T/2)',format=yuv420p", size, seconds)}
}

// shown is the mean brightness of a cue's picture.
func shown(t *testing.T, m *memory, c cue) float64 {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(m.files[c.sheet]))
	if err != nil {
		t.Fatal(err)
	}
	sum, n := 0, 0
	for y := c.at.Min.Y; y < c.at.Max.Y; y++ {
		for x := c.at.Min.X; x < c.at.Max.X; x++ {
			r, _, _, _ := img.At(x, y).RGBA()
			sum, n = sum+int(r>>8), n+1
		}
	}
	return float64(sum) / float64(n)
}

func TestThumbnails(t *testing.T) {
	t.Parallel()
	shallow := []string{"-bf", "0", "in.mp4"}
	for name, c := range map[string]struct {
		args    []string
		seconds float64
		size    image.Point
		same    bool // the film is shades
	}{
		"wide":          {slices.Concat(shades("256x144", 17), x264, shallow), 17, image.Pt(160, 90), true},
		"portrait":      {slices.Concat(shades("90x160", 5), x264, shallow), 5, image.Pt(90, 160), true},
		"lower rungs":   {slices.Concat(shades("640x360", 7), x264, shallow), 7, image.Pt(160, 90), true},
		"copied":        {slices.Concat(shades("320x180", 5), export[:8], []string{"-g", "20"}, shallow), 5, image.Pt(160, 90), true},
		"sound goes on": {slices.Concat(shades("64x64", 4), tone("d=7"), x264, aac, shallow), 7, image.Pt(64, 64), false},
		"uneven":        {slices.Concat(shades("64x64", 9), []string{"-vf", "select='not(mod(n,7))+not(mod(n,20))'", "-fps_mode", "passthrough"}, x264, shallow), 8.5, image.Pt(64, 64), true},
		"odd":           {slices.Concat(picture("s=321x181:r=25:d=1"), []string{"-c:v", "libx264", "-pix_fmt", "yuv444p"}, shallow), 1, image.Pt(160, 90), false},
		"one picture":   {slices.Concat(picture("s=64x64:r=25:d=0.04"), x264, shallow), 0.04, image.Pt(64, 64), false},
		"one a second":  {slices.Concat(picture("s=64x64:r=1:d=4"), x264, shallow), 4, image.Pt(64, 64), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, m := mustProcess(t, media.MP4, generate(t, c.args...))
			cues := checkThumbs(t, m, c.seconds)
			for i, q := range cues {
				if q.at.Size() != c.size || q.from != float64(2*i) {
					t.Errorf("cue %+v, want pictures of %v", q, c.size)
				}
				if want := 20 + 20*float64(i); c.same && !near(shown(t, m, q), want, 4) {
					t.Errorf("cue %d shows %.0f, want %.0f", i, shown(t, m, q), want)
				}
			}
			if want := int((c.seconds + 1.99) / 2); len(cues) != want && c.same {
				t.Errorf("%d cues, want %d", len(cues), want)
			}
		})
	}
}

// A film of four hours has as many pictures as sheets hold, and none is longer
// than it needs.
func TestPlanThumbs(t *testing.T) {
	for _, c := range []struct {
		length time.Duration
		want   thumbs
	}{
		{0, thumbs{rung{160, 90, 0}, 2 * time.Second, 1, 1, 1}},
		{40 * time.Millisecond, thumbs{rung{160, 90, 0}, 2 * time.Second, 1, 1, 1}},
		{4 * time.Second, thumbs{rung{160, 90, 0}, 2 * time.Second, 2, 1, 1}},
		{25 * time.Second, thumbs{rung{160, 90, 0}, 2 * time.Second, 10, 2, 1}},
		{200 * time.Second, thumbs{rung{160, 90, 0}, 2 * time.Second, 10, 10, 1}},
		{201 * time.Second, thumbs{rung{160, 90, 0}, 2 * time.Second, 10, 10, 2}},
		{801 * time.Second, thumbs{rung{160, 90, 0}, 3 * time.Second, 10, 10, 3}},
		{6*time.Hour + 1, thumbs{rung{160, 90, 0}, 55 * time.Second, 10, 10, 4}},
		{4 * time.Hour, thumbs{rung{160, 90, 0}, 36 * time.Second, 10, 10, 4}},
		{12 * time.Hour, thumbs{rung{160, 90, 0}, 108 * time.Second, 10, 10, 4}},
	} {
		if got := planThumbs(rung{1280, 720, 1}, c.length); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.length, got, c.want)
		}
	}
	if got, want := planThumbs(rung{3840, 38, 1}, time.Second).Size, (rung{160, 2, 0}); got != want {
		t.Errorf("a strip: %+v, want %+v", got, want)
	}
}

// The track goes on to the next line and the next sheet.
func TestThumbsTrack(t *testing.T) {
	p := thumbs{Size: rung{160, 90, 0}, Every: 9 * time.Second, Columns: 10, Rows: 10, Sheets: 4}
	lines := strings.Split(p.track(400, time.Hour-time.Millisecond/2), "\n\n")
	got := []string{lines[1], lines[12], lines[101], lines[400]}
	want := []string{
		"00:00:00.000 --> 00:00:09.000\nsprite-1.jpg#xywh=0,0,160,90",
		"00:01:39.000 --> 00:01:48.000\nsprite-1.jpg#xywh=160,90,160,90",
		"00:15:00.000 --> 00:15:09.000\nsprite-2.jpg#xywh=0,0,160,90",
		"00:59:51.000 --> 01:00:00.000\nsprite-4.jpg#xywh=1440,810,160,90\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := p.taken(30*27+1, ratio{30, 1}); n != 4 {
		t.Errorf("%d pictures of 27 s and one picture, want 4", n)
	}
	if n := p.taken(30*27, ratio{30, 1}); n != 3 {
		t.Errorf("%d pictures of 27 s, want 3", n)
	}
}
