package image

import (
	"bytes"
	std "image"
	"image/color"
	"image/gif"
	"testing"

	"magpie/internal/media"
)

// gifOf writes frames on a canvas of w×h.
func gifOf(t testing.TB, w, h int, frames ...*std.Paletted) []byte {
	t.Helper()
	g := &gif.GIF{Image: frames, Delay: make([]int, len(frames)), Config: std.Config{Width: w, Height: h}}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func oneColour(r std.Rectangle, c color.Color) *std.Paletted {
	return std.NewPaletted(r, color.Palette{c, color.Black})
}

func TestGIFShowsItsFirstFrame(t *testing.T) {
	full := std.Rect(0, 0, 60, 40)
	file := gifOf(t, 60, 40, oneColour(full, red), oneColour(full, blue))
	outcome, out := process(t, media.GIF, file)
	if outcome.Width != 60 || outcome.Height != 40 {
		t.Errorf("outcome is %d×%d", outcome.Width, outcome.Height)
	}
	near(t, out.decoded(t, "large.jpg"), 30, 20, red, 4)
}

func TestGIFFirstFrameOnALargerCanvas(t *testing.T) {
	file := gifOf(t, 60, 40, oneColour(std.Rect(10, 5, 30, 25), red))
	outcome, out := process(t, media.GIF, file)
	if outcome.Width != 60 || outcome.Height != 40 {
		t.Errorf("outcome is %d×%d", outcome.Width, outcome.Height)
	}
	m := out.decoded(t, "large.png")
	for _, p := range []std.Point{{9, 10}, {30, 10}, {20, 4}, {20, 25}, {59, 39}} {
		near(t, m, p.X, p.Y, color.NRGBA{}, 0)
	}
	near(t, m, 10, 5, red, 0)
	near(t, m, 29, 24, red, 0)
}

func TestGIFTransparentColour(t *testing.T) {
	m := std.NewPaletted(std.Rect(0, 0, 20, 20), color.Palette{red, color.Transparent})
	m.Pix[0] = 1
	_, out := process(t, media.GIF, gifOf(t, 20, 20, m))
	near(t, out.decoded(t, "large.png"), 0, 0, color.NRGBA{}, 0)
	near(t, out.decoded(t, "large.png"), 1, 0, red, 0)
}

func TestGIFRefused(t *testing.T) {
	file := gifOf(t, 60, 40, oneColour(std.Rect(0, 0, 60, 40), red))
	refused(t, media.GIF, file[:len(file)-12], media.InvalidMedia)
	huge := bytes.Clone(file)
	copy(huge[6:], "\xff\xff\xff\xff")
	refused(t, media.GIF, huge, media.UnsupportedMedia)
	outside := bytes.Clone(file)
	copy(outside[6:], "\x09\x00\x09\x00")
	refused(t, media.GIF, outside, media.InvalidMedia)
}
