package image

import (
	"bytes"
	"context"
	"errors"
	std "image"
	"image/color"
	"testing"

	"magpie/internal/media"
)

// The middle of a strip at its own scale, though the larger sizes show it with
// a height of a few pixels.
func TestThumbOfAStrip(t *testing.T) {
	img := std.NewNRGBA(std.Rect(0, 0, 9000, 100))
	for y := range 100 {
		for x := range 9000 {
			c := white
			if x >= 4425 && x < 4575 {
				c = []color.NRGBA{red, blue}[btoi(y >= 50)]
			}
			img.SetNRGBA(x, y, c)
		}
	}
	outcome, out := process(t, media.PNG, pngOf(t, img))
	if outcome.Width != 9000 || outcome.Height != 100 {
		t.Errorf("outcome is %d×%d", outcome.Width, outcome.Height)
	}
	m := out.decoded(t, "thumb.jpg")
	if m.Bounds() != std.Rect(0, 0, 150, 100) {
		t.Errorf("thumb is %v", m.Bounds())
	}
	for _, x := range []int{3, 75, 146} {
		near(t, m, x, 20, red, 8)
		near(t, m, x, 80, blue, 8)
	}
}

func TestExtremeShapes(t *testing.T) {
	for _, size := range []std.Point{{1, 1}, {1, 10000}, {10000, 1}, {2, 3}, {65535, 3}, {2049, 1}, {151, 150}, {7, 1201}} {
		for kind, file := range map[media.Type][]byte{
			media.JPEG: jpegOf(t, photo(size.X, size.Y)),
			media.PNG:  pngOf(t, photo(size.X, size.Y)),
		} {
			outcome, out := process(t, kind, file)
			if outcome.Width != size.X || outcome.Height != size.Y {
				t.Errorf("outcome of %v is %d×%d", size, outcome.Width, outcome.Height)
			}
			for _, s := range sizes() {
				w, h, _ := s.of(size.X, size.Y)
				if got := out.decoded(t, s.name+".jpg").Bounds().Size(); got != std.Pt(w, h) {
					t.Errorf("%s of %v is %v, want %d×%d", s.name, size, got, w, h)
				}
			}
		}
	}
}

func TestRenderEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	img := quarters(10, 10)
	if _, err := render(ctx, newFrame(img, 10, 10), upright); !errors.Is(err, context.Canceled) {
		t.Errorf("err is %v", err)
	}
}

// TestSizesThatAreOne counts the files of pictures of which some sizes are alike.
func TestSizesThatAreOne(t *testing.T) {
	for _, tc := range []struct {
		w, h, files int // orig included
	}{
		{145, 149, 2},   // none is smaller than the picture
		{150, 150, 2},   //
		{145, 151, 3},   // a thumb
		{680, 300, 3},   // large, medium and small; thumb
		{1200, 900, 4},  // large and medium; small; thumb
		{1201, 900, 5},  //
		{3000, 40, 5},   // a strip, whose thumb is not cut of a smaller size
		{40, 30, 2},     //
		{2100, 2100, 5}, //
	} {
		out := newShelf()
		if _, err := New(Config{}).Process(t.Context(), input(media.JPEG, jpegOf(t, quarters(tc.w, tc.h))), out); err != nil {
			t.Fatal(err)
		}
		if len(out.files) != 5 || out.stored != tc.files {
			t.Errorf("%d×%d: %d names of %d files, want 5 of %d", tc.w, tc.h, len(out.files), out.stored, tc.files)
		}
		for name, r := range out.renditions {
			config, _, err := std.DecodeConfig(bytes.NewReader(out.files[name]))
			if err != nil || config.Width != r.Width || config.Height != r.Height || r.Name != name {
				t.Errorf("%d×%d: %s is said to be %+v and is %+v, %v", tc.w, tc.h, name, r, config, err)
			}
		}
	}
}
