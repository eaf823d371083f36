package ffmpeg

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLadder(t *testing.T) {
	for _, c := range []struct {
		w, h int
		want string
	}{
		{1920, 1080, "320x180 640x360 1280x720 1920x1080"},
		{2560, 1440, "320x180 640x360 1280x720 1920x1080 2560x1440"},
		{3840, 2160, "320x180 640x360 1280x720 1920x1080 2560x1440 3840x2160"},
		{4096, 2160, "342x180 682x360 1366x720 2048x1080 2730x1440 4096x2160"},
		{7680, 4320, "320x180 640x360 1280x720 1920x1080 2560x1440 3840x2160"},
		{2160, 3840, "180x320 360x640 720x1280 1080x1920 1440x2560 2160x3840"},
		{2160, 2160, "180x180 360x360 720x720 1080x1080 1440x1440 2160x2160"},
		{2560, 1600, "288x180 576x360 1152x720 1728x1080 2560x1600"}, // 1440 is too close to 1600
		{3440, 1440, "430x180 860x360 1720x720 2580x1080 3440x1440"},
		{5120, 1440, "640x180 1280x360 2560x720 4096x1152"}, // 3840 is too close to 4096
		{1080, 1920, "180x320 360x640 720x1280 1080x1920"},
		{720, 720, "180x180 360x360 720x720"},
		{854, 480, "320x180 640x360 854x480"},
		{1280, 800, "288x180 576x360 1280x800"}, // 720 is too close to 800
		{320, 180, "320x180"},
		{319, 179, "318x178"},
		{200, 150, "200x150"},
		{210, 200, "210x200"}, // so is 180 to 200
		{1, 1, "2x2"},
		{2560, 1080, "426x180 854x360 1706x720 2560x1080"},
		{10000, 100, "640x6 1280x12 2560x26 4096x40"},
		{2, 5000, "2x640 2x1280 2x2560 2x4096"},
	} {
		var got []string
		for _, r := range ladder(c.w, c.h, 2160, 30) {
			got = append(got, r.name())
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%d×%d: %s, want %s", c.w, c.h, s, c.want)
		}
	}
}

// TestLadderEndsEarlier: with a highest step of its own the ladder is as if there
// were no others.
func TestLadderEndsEarlier(t *testing.T) {
	for highest, want := range map[int]string{
		180:  "320x180",
		1080: "320x180 640x360 1280x720 1920x1080",
		1440: "320x180 640x360 1280x720 1920x1080 2560x1440",
	} {
		var got []string
		for _, r := range ladder(3840, 2160, highest, 30) {
			got = append(got, r.name())
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("to %d: %s, want %s", highest, s, want)
		}
	}
	if r := top(854, 480, 360, 30); r.name() != "640x360" {
		t.Errorf("480 of at most 360 ends at %s", r.name())
	}
	for set, want := range map[int]int{0: 2160, 720: 720, 2160: 2160, 480: 0, -1: 0, 4320: 0} {
		if got, err := lastStep(set); got != want || (err == nil) != (want > 0) {
			t.Errorf("%d: %d, %v", set, got, err)
		}
	}
}

func TestLadderRates(t *testing.T) {
	for _, c := range []struct {
		w, h int
		fps  float64
		want int64
	}{
		{1280, 720, 30, 2_500_000},
		{1280, 720, 60, 3_500_000},
		{320, 180, 30, 312_000},
		{16, 16, 30, 64_000},
		{2560, 1440, 30, 7_071_000},
		{3840, 2160, 30, 12_990_000},
		{3840, 2160, 60, 18_186_000},
	} {
		if got := newRung(c.w, c.h, c.fps).MaxRate; got != c.want {
			t.Errorf("%d×%d at %v: %d, want %d", c.w, c.h, c.fps, got, c.want)
		}
	}
}

// TestLadderProperties: whatever the original, every size is even, within it
// and in its shape, they grow, and the names differ.
func TestLadderProperties(t *testing.T) {
	side := rapid.OneOf(rapid.IntRange(1, 400), rapid.IntRange(1, 40000))
	rapid.Check(t, func(t *rapid.T) {
		w, h := side.Draw(t, "w"), side.Draw(t, "h")
		highest := rapid.SampledFrom(Steps()).Draw(t, "highest")
		l := ladder(w, h, highest, rapid.Float64Range(0, 60).Draw(t, "fps"))
		if len(l) == 0 || len(l) > len(Steps()) {
			t.Fatalf("%d rungs", len(l))
		}
		names := map[string]bool{}
		for i, r := range l {
			if r.Width%2 != 0 || r.Height%2 != 0 || r.Width < 2 || r.Height < 2 {
				t.Fatalf("%s is not even", r.name())
			}
			if r.Width > max(w, 2) || r.Height > max(h, 2) {
				t.Fatalf("%s is larger than %d×%d", r.name(), w, h)
			}
			if min(r.Width, r.Height) > highest || max(r.Width, r.Height) > longest {
				t.Fatalf("%s is above the highest step", r.name())
			}
			// One factor must explain both sides, give or take the rounding.
			const off = 1.01
			low := math.Max((float64(r.Width)-off)/float64(w), (float64(r.Height)-off)/float64(h))
			high := math.Min((float64(r.Width)+off)/float64(w), (float64(r.Height)+off)/float64(h))
			if low > high && min(r.Width, r.Height) > 2 {
				t.Fatalf("%s is not in the shape of %d×%d", r.name(), w, h)
			}
			if i > 0 && (r.Width < l[i-1].Width || r.Height < l[i-1].Height || r.MaxRate < l[i-1].MaxRate) {
				t.Fatalf("%s comes after %s", r.name(), l[i-1].name())
			}
			if names[r.name()] || r.MaxRate < 64_000 {
				t.Fatalf("rung %+v", r)
			}
			names[r.name()] = true
		}
	})
}
