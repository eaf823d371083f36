package image

import (
	"encoding/binary"
	"fmt"
	std "image"
	"image/color"
	"testing"

	"magpie/internal/media"
)

// stored gives the picture that, with orientation o, a viewer sees as img. It
// is written out of EXIF's own words for where row 0 and column 0 are, not out
// of the code that is tested.
func stored(img *std.NRGBA, o int) *std.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	sw, sh := w, h
	if o >= 5 {
		sw, sh = h, w
	}
	out := std.NewNRGBA(std.Rect(0, 0, sw, sh))
	for row := range sh {
		for col := range sw {
			var x, y int
			switch o {
			case 1: // row 0 is the top, column 0 the left side
				x, y = col, row
			case 2: // top, right
				x, y = w-1-col, row
			case 3: // bottom, right
				x, y = w-1-col, h-1-row
			case 4: // bottom, left
				x, y = col, h-1-row
			case 5: // left, top
				x, y = row, col
			case 6: // right, top
				x, y = w-1-row, col
			case 7: // right, bottom
				x, y = w-1-row, h-1-col
			case 8: // left, bottom
				x, y = row, h-1-col
			}
			out.SetNRGBA(col, row, img.NRGBAAt(x, y))
		}
	}
	return out
}

func TestOrientationsUpright(t *testing.T) {
	for o := 1; o <= 8; o++ {
		for _, size := range []std.Point{{151, 85}, {2051, 141}} { // kept and shrunk, both odd
			want := quarters(size.X, size.Y)
			is := stored(want, o)
			exif := exifBlock(o, binary.BigEndian)
			files := map[media.Type][]byte{
				media.JPEG: insert(jpegOf(t, is), 2, segment(0xe1, exifMark+exif)),
				media.PNG:  insert(pngOf(t, is), pngHeaderSize, pngChunk("eXIf", []byte(exif))),
			}
			for kind, file := range files {
				t.Run(fmt.Sprintf("%d %v %s", o, size, kind), func(t *testing.T) {
					outcome, out := process(t, kind, file)
					if outcome.Width != size.X || outcome.Height != size.Y {
						t.Errorf("outcome is %d×%d", outcome.Width, outcome.Height)
					}
					for name, r := range out.renditions {
						if name != "thumb.jpg" && r.Width <= r.Height {
							t.Errorf("%s is %d×%d", name, r.Width, r.Height)
						}
						isQuarters(t, out.decoded(t, name), 8)
					}
				})
			}
		}
	}
}

// Every pixel of a picture that is not shrunk, without a lossy codec between.
func TestOrientationExactly(t *testing.T) {
	want := std.NewNRGBA(std.Rect(0, 0, 7, 4))
	for i := range want.Pix {
		want.Pix[i] = byte(i*37 + 11)
	}
	for o := 1; o <= 8; o++ {
		file := insert(pngOf(t, stored(want, o)), pngHeaderSize, pngChunk("eXIf", []byte(exifBlock(o, binary.LittleEndian))))
		_, out := process(t, media.PNG, file)
		img := out.decoded(t, "large.png")
		if img.Bounds() != want.Bounds() {
			t.Fatalf("orientation %d: %v", o, img.Bounds())
		}
		for y := range 4 {
			for x := range 7 {
				if got := color.NRGBAModel.Convert(img.At(x, y)); got != want.At(x, y) {
					t.Errorf("orientation %d: pixel %d,%d is %v, want %v", o, x, y, got, want.At(x, y))
				}
			}
		}
	}
}

// Chroma of odd sizes stays where it was when a halved picture is mirrored.
func TestOrientationKeepsHalvedChromaInPlace(t *testing.T) {
	m := std.NewYCbCr(std.Rect(0, 0, 5, 5), std.YCbCrSubsampleRatio420)
	for i := range m.Cb {
		m.Cb[i] = byte(i % 3 * 90)
	}
	out := shrink(newFrame(m, 5, 5), m.Rect, true, false, 5, 5).(*std.YCbCr)
	// Samples cover pixels 0–1, 2–3, 4. Mirrored they are pixels 4–3, 2–1, 0.
	want := []byte{(180 + 90) / 2, (90 + 0) / 2, 0}
	for i, v := range want {
		if out.Cb[i] != v {
			t.Errorf("chroma %d is %d, want %d", i, out.Cb[i], v)
		}
	}
}
