package image

import (
	std "image"
	"image/color"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// coverage is how much of the span under output i of n source position k has,
// in floats and from the definition.
func coverage(i, n, from, length, k int, flip bool) float64 {
	if flip {
		i = n - 1 - i
	}
	step := float64(length) / float64(n)
	a, b := float64(from)+float64(i)*step, float64(from)+float64(i+1)*step
	return max(0, min(b, float64(k+1))-max(a, float64(k))) / step
}

// reference averages one pixel of f the slow way: colours times opacity.
func reference(img std.Image, view std.Rectangle, flipX, flipY bool, w, h, x, y int) color.NRGBA {
	var r, g, b, a float64
	for sy := view.Min.Y; sy < view.Max.Y; sy++ {
		cy := coverage(y, h, view.Min.Y, view.Dy(), sy, flipY)
		if cy == 0 {
			continue
		}
		for sx := view.Min.X; sx < view.Max.X; sx++ {
			share := cy * coverage(x, w, view.Min.X, view.Dx(), sx, flipX)
			c := color.NRGBA64Model.Convert(img.At(sx, sy)).(color.NRGBA64)
			weight := share * float64(c.A) / 257
			r, g, b, a = r+weight*float64(c.R)/257, g+weight*float64(c.G)/257, b+weight*float64(c.B)/257, a+weight
		}
	}
	if a < 0.5 {
		return color.NRGBA{}
	}
	round := func(v float64) byte { return byte(math.Round(v)) }
	return color.NRGBA{round(r / a), round(g / a), round(b / a), round(a)}
}

func TestShrinkIsTheAreaAverage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sw, sh := rapid.IntRange(1, 40).Draw(t, "width"), rapid.IntRange(1, 40).Draw(t, "height")
		seed := rapid.Uint64().Draw(t, "seed")
		next := func() byte {
			seed = seed*6364136223846793005 + 1442695040888963407
			return byte(seed >> 56)
		}
		bounds := std.Rect(0, 0, sw, sh)
		var img std.Image
		kind := rapid.SampledFrom([]string{"NRGBA", "RGBA", "Gray", "Gray16", "Paletted", "NRGBA64", "RGBA64", "CMYK"}).Draw(t, "kind")
		fill := func(pix []byte) {
			for i := range pix {
				pix[i] = next()
			}
		}
		switch kind {
		case "NRGBA":
			m := std.NewNRGBA(bounds)
			fill(m.Pix)
			img = m
		case "RGBA":
			m := std.NewRGBA(bounds)
			fill(m.Pix)
			for i := 3; i < len(m.Pix); i += 4 {
				m.Pix[i] = 255
			}
			img = m
		case "Gray":
			m := std.NewGray(bounds)
			fill(m.Pix)
			img = m
		case "Gray16":
			m := std.NewGray16(bounds)
			fill(m.Pix)
			img = m
		case "Paletted":
			m := std.NewPaletted(bounds, color.Palette{red, green, blue, white, color.NRGBA{200, 100, 50, 77}})
			for i := range m.Pix {
				m.Pix[i] = next() % 5
			}
			img = m
		case "NRGBA64":
			m := std.NewNRGBA64(bounds)
			fill(m.Pix)
			img = m
		case "RGBA64":
			m := std.NewRGBA64(bounds)
			fill(m.Pix)
			for i := 6; i < len(m.Pix); i += 8 {
				m.Pix[i], m.Pix[i+1] = 255, 255
			}
			img = m
		case "CMYK":
			m := std.NewCMYK(bounds)
			fill(m.Pix)
			img = m
		}
		left, top := rapid.IntRange(0, sw-1).Draw(t, "left"), rapid.IntRange(0, sh-1).Draw(t, "top")
		view := std.Rect(left, top, rapid.IntRange(left+1, sw).Draw(t, "right"), rapid.IntRange(top+1, sh).Draw(t, "bottom"))
		w, h := rapid.IntRange(1, view.Dx()).Draw(t, "w"), rapid.IntRange(1, view.Dy()).Draw(t, "h")
		flipX, flipY := rapid.Bool().Draw(t, "flipX"), rapid.Bool().Draw(t, "flipY")

		got := shrink(newFrame(img, sw, sh), view, flipX, flipY, w, h)
		if got.Bounds() != std.Rect(0, 0, w, h) {
			t.Fatalf("bounds are %v", got.Bounds())
		}
		for y := range h {
			for x := range w {
				want := reference(img, view, flipX, flipY, w, h, x, y)
				is := color.NRGBAModel.Convert(got.At(x, y)).(color.NRGBA)
				// Sixteen bits are rounded to eight before they are averaged, and
				// what is nearly transparent has little colour left to compare.
				slack := 1.0
				if want.A < 255 {
					slack += 300 / float64(max(want.A, 1))
				}
				for _, d := range []int{int(is.R) - int(want.R), int(is.G) - int(want.G), int(is.B) - int(want.B)} {
					if math.Abs(float64(d)) > slack && want.A > 2 {
						t.Fatalf("%s pixel %d,%d is %v, want %v", kind, x, y, is, want)
					}
				}
				if d := int(is.A) - int(want.A); d < -1 || d > 1 {
					t.Fatalf("%s pixel %d,%d is %v, want %v", kind, x, y, is, want)
				}
			}
		}
	})
}

func TestShrinkOfEverySubsampling(t *testing.T) {
	for _, ratio := range []std.YCbCrSubsampleRatio{
		std.YCbCrSubsampleRatio444, std.YCbCrSubsampleRatio422, std.YCbCrSubsampleRatio420,
		std.YCbCrSubsampleRatio440, std.YCbCrSubsampleRatio411, std.YCbCrSubsampleRatio410,
	} {
		for _, size := range []std.Point{{161, 121}, {160, 120}, {1, 1}, {3, 200}, {1000, 7}} {
			m := std.NewYCbCr(std.Rect(0, 0, size.X, size.Y), ratio)
			for y := range size.Y {
				for x := range size.X {
					i := btoi(2*x >= size.X) + 2*btoi(2*y >= size.Y)
					c := [4]color.NRGBA{red, green, blue, white}[i]
					yy, cb, cr := color.RGBToYCbCr(c.R, c.G, c.B)
					m.Y[m.YOffset(x, y)] = yy
					m.Cb[m.COffset(x, y)], m.Cr[m.COffset(x, y)] = cb, cr
				}
			}
			f := newFrame(m, size.X, size.Y)
			for _, by := range []int{1, 3} {
				w, h := max(1, size.X/by), max(1, size.Y/by)
				got := shrink(f, m.Rect, false, false, w, h)
				if w >= 20 && h >= 20 {
					isQuarters(t, got, 3)
				}
				mirrored := shrink(f, m.Rect, true, true, w, h)
				if w >= 20 && h >= 20 {
					near(t, mirrored, w/8, h/8, white, 3)
					near(t, mirrored, w-1-w/8, h-1-h/8, red, 3)
				}
			}
		}
	}
}

// A flat picture comes out of any size in exactly its own colour.
func TestShrinkKeepsFlatColours(t *testing.T) {
	for _, c := range []color.NRGBA{red, {1, 2, 3, 4}, {255, 255, 255, 255}, {0, 0, 0, 255}, {254, 128, 1, 127}} {
		img := std.NewNRGBA(std.Rect(0, 0, 997, 31))
		for i := 0; i < len(img.Pix); i += 4 {
			img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = c.R, c.G, c.B, c.A
		}
		got := shrink(newFrame(img, 997, 31), img.Rect, false, false, 100, 3)
		for y := range 3 {
			for x := range 100 {
				if got.At(x, y) != c {
					t.Fatalf("pixel %d,%d is %v, want %v", x, y, got.At(x, y), c)
				}
			}
		}
	}
}
