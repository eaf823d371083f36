package ffmpeg

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
	"magpie/internal/processing/ffmpeg/hybrid"
)

// TestSoundGoesOn: where sound goes on behind the last picture, that one stays for it, also
// where the container does not say when its streams end. So HLS announces how long it plays.
func TestSoundGoesOn(t *testing.T) {
	t.Parallel()
	one := slices.Concat(picture("s=64x64:r=25:d=1"), tone("d=6"))
	for name, c := range map[string]struct {
		typ  media.Type
		args []string
	}{
		"MP4":            {media.MP4, slices.Concat(x264, aac, []string{"in.mp4"})},
		"fragmented MP4": {media.MP4, slices.Concat(x264, aac, []string{"-movflags", "frag_keyframe+delay_moov", "in.mp4"})},
		"WebM":           {media.WebM, []string{"-c:v", "libvpx", "-cpu-used", "8", "-deadline", "realtime", "-c:a", "libopus", "in.webm"}},
		"stream":         {media.MPEGTS, slices.Concat(x264, aac, []string{"in.ts"})},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			_, m := mustProcess(t, c.typ, generate(t, slices.Concat(one, c.args)...))
			for _, s := range inspect(t, m.files["64x64.mp4"]).Streams {
				if got := toFloat(t, s.Duration); !near(got, 6, 0.2) {
					t.Errorf("%s lasts %v s", s.Codec, got)
				}
			}
			var all float64
			for _, found := range regexp.MustCompile(`#EXTINF:([\d.]+)`).FindAllStringSubmatch(string(m.files["64x64.m3u8"]), -1) {
				all += toFloat(t, found[1])
			}
			if !near(all, 6, 0.2) {
				t.Errorf("the segments last %v s:\n%s", all, m.files["64x64.m3u8"])
			}
		})
	}
}

// TestHeld: a plan is changed only where the pictures' end was not known.
func TestHeld(t *testing.T) {
	t.Parallel()
	made := func(pictures, sound float64) []rendered {
		var r rendered
		r.Tracks = []hybrid.Track{{Handler: "vide", Seconds: pictures}, {Handler: "soun", Seconds: sound}}
		return []rendered{r}
	}
	open := plan{Audio: &audioPlan{}, Copy: true, CopySound: true}
	got, is := open.held(made(2, 6))
	if !is || got.Hold != 4*time.Second || got.VideoLength != 6*time.Second || got.Copy || got.CopySound {
		t.Errorf("held %t: %+v", is, got)
	}
	for name, c := range map[string]struct {
		p    plan
		made []rendered
	}{
		"known":         {plan{Audio: &audioPlan{}, VideoLength: 2 * time.Second}, made(2, 6)},
		"a loop":        {plan{Loop: true}, made(2, 0)},
		"silent":        {plan{}, made(2, 0)},
		"a little":      {open, made(2, 2.5)},
		"sound shorter": {open, made(6, 2)},
		"nothing made":  {open, nil},
	} {
		if got, is := c.p.held(c.made); is || got.Hold != 0 || got.Copy != c.p.Copy {
			t.Errorf("%s: held %t: %+v", name, is, got)
		}
	}
}
