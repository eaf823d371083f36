package processing

import (
	"errors"
	"math"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magpie/internal/media"
)

func TestLimits(t *testing.T) {
	l := Limits{MaxImagePixels: 1_000_000, MaxVideoPixels: 640 * 360, MaxGIFFrames: 100, MaxDuration: 10 * time.Minute}
	for _, c := range []struct {
		what       string
		err        error
		name, want string
	}{
		{"an image at the limit", l.CheckImage(1000, 1000), "", ""},
		{"one pixel row more", l.CheckImage(1000, 1001), media.UnsupportedMedia, "An image of 1000×1001 has more than 1000000 pixels, the most that is accepted."},
		{"a product beyond 64 bits", l.CheckImage(math.MaxInt, math.MaxInt), media.UnsupportedMedia, "An image of 9223372036854775807×9223372036854775807 has more than 1000000 pixels, the most that is accepted."},
		{"no width", l.CheckImage(0, 5), media.InvalidMedia, "The file says that it is 0×5 pixels."},
		{"a negative height", l.CheckImage(5, -5), media.InvalidMedia, "The file says that it is 5×-5 pixels."},
		{"a frame at the limit", l.CheckFrame(640, 360), "", ""},
		{"a frame on its side", l.CheckFrame(360, 640), "", ""},
		{"a larger frame", l.CheckFrame(641, 360), media.UnsupportedMedia, "A video frame of 641×360 has more than 230400 pixels, the most that is accepted."},
		{"as many frames as allowed", l.CheckGIFFrames(100), "", ""},
		{"one more", l.CheckGIFFrames(101), media.UnsupportedMedia, "The GIF has more than 100 frames, the most that is accepted."},
		{"as long as allowed", l.CheckDuration(10 * time.Minute), "", ""},
		{"longer", l.CheckDuration(10*time.Minute + 40*time.Millisecond), media.UnsupportedMedia, "Duration 10m0.04s exceeds the maximum of 10m0s."},
	} {
		if c.name == "" {
			if c.err != nil {
				t.Errorf("%s: %v", c.what, c.err)
			}
			continue
		}
		var f *media.Failure
		if !errors.As(c.err, &f) || f.Name != c.name || f.Message != c.want {
			t.Errorf("%s: %v, want %s: %s", c.what, c.err, c.name, c.want)
		}
	}
}

// Pixels are counted as in school, however large the numbers.
func TestLimitsPixels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.OneOf(rapid.IntRange(-2, 20_000), rapid.Int())
		w, h := side.Draw(t, "width"), side.Draw(t, "height")
		limit := rapid.OneOf(rapid.Int64Range(0, 200_000_000), rapid.Int64Range(0, math.MaxInt64)).Draw(t, "limit")
		pixels := new(big.Int).Mul(big.NewInt(int64(w)), big.NewInt(int64(h)))
		fits := w > 0 && h > 0 && pixels.Cmp(big.NewInt(limit)) <= 0
		if err := (Limits{MaxImagePixels: limit}).CheckImage(w, h); (err == nil) != fits {
			t.Fatalf("%d×%d of %d: %v", w, h, limit, err)
		}
	})
}

// The default profile takes what X does.
func TestDefaultLimits(t *testing.T) {
	l := DefaultLimits()
	for what, err := range map[string]error{
		"a photo of 8192×8192": l.CheckImage(8192, 8192),
		"a video frame in 8K":  l.CheckFrame(7680, 4320),
		"350 frames":           l.CheckGIFFrames(350),
		"four hours":           l.CheckDuration(4 * time.Hour),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
