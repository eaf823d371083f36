package ffmpeg

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/media"
)

func matrixText(a, b, c, d int) string {
	return fmt.Sprintf("\n00000000: %12d %12d            0\n00000001: %12d %12d            0\n00000002:            0            0  1073741824\n", a, b, c, d)
}

func TestOrientation(t *testing.T) {
	const one = 65536
	for _, c := range []struct {
		name       string
		a, b, c, d int
		want       []string
	}{
		{"upright", one, 0, 0, one, nil},
		{"clockwise", 0, one, -one, 0, []string{"transpose=clock"}},
		{"counter-clockwise", 0, -one, one, 0, []string{"transpose=cclock"}},
		{"upside down", -one, 0, 0, -one, []string{"hflip", "vflip"}},
		{"mirrored", -one, 0, 0, one, []string{"hflip"}},
		{"mirrored upside down", one, 0, 0, -one, []string{"vflip"}},
		{"along the diagonal", 0, one, one, 0, []string{"transpose=cclock_flip"}},
		{"along the other", 0, -one, -one, 0, []string{"transpose=clock_flip"}},
		{"three degrees off", 65446, 3430, -3430, 65446, nil},
		{"all zero", 0, 0, 0, 0, nil},
	} {
		got := parseOrientation(matrixText(c.a, c.b, c.c, c.d)).filters()
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	for _, bad := range []string{"", "x", "00000000: 1 2", "00000000: a b c\n00000001: 1 2 3"} {
		if got := parseOrientation(bad); got != (orientation{}) {
			t.Errorf("%q gives %+v", bad, got)
		}
	}
}

// TestOrientationMatrix holds the flags against the matrix's own meaning.
func TestOrientationMatrix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sign := rapid.SampledFrom([]int{-65536, 65536})
		p, q := sign.Draw(t, "p"), sign.Draw(t, "q")
		a, b, c, d := p, 0, 0, q
		if rapid.Bool().Draw(t, "swap") {
			a, b, c, d = 0, p, q, 0
		}
		o := parseOrientation(matrixText(a, b, c, d))
		x, y := 3, 5 // from the centre
		if o.swap {
			x, y = y, x
		}
		if o.flipH {
			x = -x
		}
		if o.flipV {
			y = -y
		}
		if wantX, wantY := (a*3+c*5)/65536, (b*3+d*5)/65536; x != wantX || y != wantY {
			t.Fatalf("(3,5) goes to (%d,%d), want (%d,%d) for %+v", x, y, wantX, wantY, o)
		}
	})
}

// TestRotated checks with pixels that a phone's upright video comes out
// upright: red on top, blue below, although it was stored lying.
func TestRotated(t *testing.T) {
	t.Parallel()
	lying := generate(t, slices.Concat(
		[]string{"-f", "lavfi", "-i", "color=red:s=80x90:r=10:d=1", "-f", "lavfi", "-i", "color=blue:s=80x90:r=10:d=1", "-filter_complex", "hstack"},
		x264, []string{"in.mp4"})...)
	lying = generateFrom(t, lying, "-i", "source", "-c", "copy", "-metadata:s:v", "rotate=270", "in.mp4")
	o, m := mustProcess(t, media.MP4, lying)
	if o.Width != 90 || o.Height != 160 {
		t.Errorf("%d×%d, want 90×160", o.Width, o.Height)
	}
	data := m.files["90x160.mp4"]
	checkMP4(t, m.records["90x160.mp4"], data, o.Duration, false)
	if top := pixel(t, data, "0.5", 45, 20); top[0] < 200 || top[2] > 60 {
		t.Errorf("above: %v, want red", top)
	}
	if below := pixel(t, data, "0.5", 45, 140); below[2] < 200 || below[0] > 60 {
		t.Errorf("below: %v, want blue", below)
	}
	checkPoster(t, m, 90, 160)
}
