package processing

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// hashed is what a viewer makes of a hash, as the format's description has it.
type hashed struct {
	transparent      bool
	nx, ny           int // terms of brightness, which tell the shape
	red, green, blue float64
	opacity          float64
	at               func(x, y float64) (light, opacity float64) // 0–1 across and down
	bytesLeft        int
}

func readHash(t testing.TB, text string) hashed {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) < 5 || len(text) > 40 {
		t.Fatalf("%q is no hash: %v", text, err)
	}
	first, second := int(b[0])|int(b[1])<<8|int(b[2])<<16, int(b[3])|int(b[4])<<8
	s := hashed{transparent: first>>23 == 1, opacity: 1}
	long := 7
	rest, opacityScale := b[5:], 0.0
	if s.transparent {
		long = 5
		s.opacity, opacityScale = float64(b[5]&15)/15, float64(b[5]>>4)/15
		rest = b[6:]
	}
	s.nx, s.ny = second&7, long
	if second>>15 == 1 {
		s.nx, s.ny = long, second&7
	}
	light := float64(first&63) / 63
	yellow, red := float64(first>>6&63)/31.5-1, float64(first>>12&63)/31.5-1
	s.blue = light - yellow*2/3
	s.red = (3*light - s.blue + red) / 2
	s.green = s.red - red

	used := 0
	terms := func(nx, ny int, scale float64) func(x, y float64) float64 {
		type term struct{ u, v, f float64 }
		var list []term
		for v := range ny {
			for u := range nx {
				if u+v == 0 || u*ny >= nx*(ny-v) {
					continue
				}
				nibble := rest[used/2] >> (used % 2 * 4) & 15
				list = append(list, term{float64(u), float64(v), (float64(nibble)/7.5 - 1) * scale})
				used++
			}
		}
		return func(x, y float64) float64 {
			sum := 0.0
			for _, t := range list {
				f := t.f * math.Cos(math.Pi*t.u*x) * math.Cos(math.Pi*t.v*y) * 2
				if t.u > 0 && t.v > 0 {
					f *= 2
				}
				sum += f
			}
			return sum
		}
	}
	lights := terms(max(3, s.nx), max(3, s.ny), float64(first>>18&31)/31)
	terms(3, 3, float64(second>>3&63)/63)
	terms(3, 3, float64(second>>9&63)/63)
	opacities := func(x, y float64) float64 { return 0 }
	if s.transparent {
		opacities = terms(5, 5, opacityScale)
	}
	s.bytesLeft = len(rest) - (used+1)/2
	s.at = func(x, y float64) (float64, float64) { return light + lights(x, y), s.opacity + opacities(x, y) }
	return s
}

func painted(w, h int, at func(x, y int) color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, at(x, y))
		}
	}
	return img
}

// TestPlaceholderOfFlatColours: their bytes can be worked out by hand. All terms
// but the means are nothing, which is written as the middle, 8.
func TestPlaceholderOfFlatColours(t *testing.T) {
	flat := func(w, h int, c color.NRGBA) string {
		return Placeholder(painted(w, h, func(int, int) color.NRGBA { return c }))
	}
	same := func(name, got string, head []byte, terms int) {
		t.Helper()
		want := append(head, bytes.Repeat([]byte{0x88}, terms/2)...)
		if terms%2 == 1 {
			want = append(want, 0x08)
		}
		if got != base64.StdEncoding.EncodeToString(want) {
			b, _ := base64.StdEncoding.DecodeString(got)
			t.Errorf("%s: %x, want %x", name, b, want)
		}
	}
	bits := func(light, yellow, red int, more ...byte) []byte {
		n := light | yellow<<6 | red<<12
		return append([]byte{byte(n), byte(n >> 8), byte(n >> 16)}, more...)
	}
	// A square has seven terms either way: 27 of brightness, 5 of each colour.
	same("white", flat(30, 30, color.NRGBA{255, 255, 255, 255}), bits(63, 32, 32, 7, 0), 37)
	same("red", flat(9, 9, color.NRGBA{255, 0, 0, 255}), bits(21, 47, 63, 7, 0), 37)
	same("blue", flat(200, 200, color.NRGBA{0, 0, 255, 255}), bits(21, 0, 32, 7, 0), 37)
	// Twice as wide as high: seven across and four down, 18 beside the mean in
	// their triangle, and the mark of a landscape.
	same("wide", flat(400, 200, color.NRGBA{A: 255}), bits(0, 32, 32, 4, 0x80), 18+10)
	same("high", flat(200, 400, color.NRGBA{A: 255}), bits(0, 32, 32, 4, 0), 18+10)
	same("one pixel", flat(1, 1, color.NRGBA{A: 255}), bits(0, 32, 32, 7, 0), 37)
	// A line still has three terms across it.
	same("a line", flat(1000, 1, color.NRGBA{A: 255}), bits(0, 32, 32, 1, 0x80), 14+10)
	// Wholly transparent: the colour is nothing, the opacity's 14 terms come last.
	gone := bits(0, 32, 32|1<<11, 5, 0, 0)
	same("transparent", flat(8, 8, color.NRGBA{}), gone, 14+10+14)
	if got := Placeholder(image.NewGray(image.Rect(0, 0, 0, 5))); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

// TestPlaceholderReadsAsThePicture: whoever decodes it finds the picture's shape
// and average, and which of its quarters are bright or transparent.
func TestPlaceholderReadsAsThePicture(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w, h := rapid.IntRange(2, 150).Draw(r, "w"), rapid.IntRange(2, 150).Draw(r, "h")
		c := color.NRGBA{rapid.Byte().Draw(r, "r"), rapid.Byte().Draw(r, "g"), rapid.Byte().Draw(r, "b"), 255}
		s := readHash(t, Placeholder(painted(w, h, func(int, int) color.NRGBA { return c })))
		near := func(name string, got float64, want uint8) {
			if math.Abs(got*255-float64(want)) > 9 {
				r.Errorf("%s is %.0f, want %d", name, got*255, want)
			}
		}
		near("red", s.red, c.R)
		near("green", s.green, c.G)
		near("blue", s.blue, c.B)
		if s.transparent || s.bytesLeft != 0 {
			r.Errorf("transparent %v, %d bytes left", s.transparent, s.bytesLeft)
		}
		if (s.nx > s.ny) && w < h || (s.nx < s.ny) && w > h || s.nx != 7 && s.ny != 7 {
			r.Errorf("%d×%d reads as %d:%d", w, h, s.nx, s.ny)
		}
	})

	corner := Placeholder(painted(90, 60, func(x, y int) color.NRGBA {
		if x < 45 && y < 30 {
			return color.NRGBA{250, 250, 250, 255}
		}
		return color.NRGBA{10, 10, 10, 255}
	}))
	s := readHash(t, corner)
	bright, _ := s.at(0.25, 0.25)
	for _, p := range [][2]float64{{0.75, 0.25}, {0.25, 0.75}, {0.75, 0.75}} {
		if dark, _ := s.at(p[0], p[1]); dark > 0.35 || bright < 0.65 {
			t.Errorf("the bright quarter is %.2f, that at %v %.2f", bright, p, dark)
		}
	}

	half := Placeholder(painted(60, 90, func(x, y int) color.NRGBA {
		return color.NRGBA{200, 100, 0, uint8(255 * (y / 45))}
	}))
	s = readHash(t, half)
	_, above := s.at(0.5, 0.2)
	_, below := s.at(0.5, 0.8)
	if !s.transparent || above > 0.2 || below < 0.8 || s.bytesLeft != 0 {
		t.Errorf("transparent %v, %.2f above and %.2f below, %d bytes left", s.transparent, above, below, s.bytesLeft)
	}
	if math.Abs(s.red*255-200) > 9 || math.Abs(s.green*255-100) > 9 || s.blue*255 > 9 {
		t.Errorf("the colour of what is seen is %.0f, %.0f, %.0f", s.red*255, s.green*255, s.blue*255)
	}
}

// TestPlaceholderOfEveryKindOfImage: what decoders give is read alike.
func TestPlaceholderOfEveryKindOfImage(t *testing.T) {
	img := painted(64, 40, func(x, y int) color.NRGBA { return color.NRGBA{uint8(4 * x), uint8(6 * y), 60, 255} })
	want := readHash(t, Placeholder(img))
	var file bytes.Buffer
	if err := jpeg.Encode(&file, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	planes, err := jpeg.Decode(&file)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []image.Image{planes, img.SubImage(image.Rect(0, 0, 64, 40))} {
		got := readHash(t, Placeholder(other))
		if math.Abs(got.red-want.red) > 0.04 || math.Abs(got.blue-want.blue) > 0.04 || got.nx != want.nx || got.ny != want.ny {
			t.Errorf("%T: %+v, want %+v", other, got, want)
		}
	}
	part := img.SubImage(image.Rect(32, 0, 64, 40)) // not at 0, 0
	if s := readHash(t, Placeholder(part)); s.red < 0.65 || s.nx >= s.ny {
		t.Errorf("the right half: red %.2f, %d:%d", s.red, s.nx, s.ny)
	}
}

// TestLargePicturesAreReducedAlike: planes, colours and what has no short way, also
// from within a larger picture.
func TestLargePicturesAreReducedAlike(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w, h := rapid.IntRange(33, 300).Draw(r, "w"), rapid.IntRange(1, 300).Draw(r, "h")
		left, top := rapid.IntRange(0, 9).Draw(r, "left"), rapid.IntRange(0, 9).Draw(r, "top")
		part := image.Rect(left, top, left+w, top+h)
		at := func(x, y int) color.NRGBA {
			return color.NRGBA{uint8((x - left) * 255 / 300), uint8((y - top) * 255 / 300), 90, 255}
		}
		img := painted(w+9, h+9, at).SubImage(part).(*image.NRGBA)
		slow := image.NewNRGBA64(img.Rect)
		planes := image.NewYCbCr(image.Rect(0, 0, w+9, h+9), image.YCbCrSubsampleRatio(rapid.IntRange(0, 5).Draw(r, "ratio"))).SubImage(part).(*image.YCbCr)
		for y := part.Min.Y; y < part.Max.Y; y++ {
			for x := part.Min.X; x < part.Max.X; x++ {
				c := at(x, y)
				slow.Set(x, y, c)
				i := planes.COffset(x, y)
				planes.Y[planes.YOffset(x, y)], planes.Cb[i], planes.Cr[i] = color.RGBToYCbCr(c.R, c.G, c.B)
			}
		}
		want := reduced(slow)
		for _, other := range []image.Image{img, planes} {
			got := reduced(other)
			if got.Rect != want.Rect {
				r.Fatalf("%T: %v, want %v", other, got.Rect, want.Rect)
			}
			for i, v := range got.Pix {
				if d := int(v) - int(want.Pix[i]); d > 16 || d < -16 {
					r.Fatalf("%T: byte %d is %d, want %d", other, i, v, want.Pix[i])
				}
			}
		}
	})
}

// TestPlaceholderStaysTheSame: of a picture that is processed again it is not
// another.
func TestPlaceholderStaysTheSame(t *testing.T) {
	for _, c := range []struct {
		w, h  int
		clear uint8 // how much opacity changes
		want  string
	}{
		{145, 149, 0, "3ucJbwp1h4dwd3h3d3d3eIiHaPd3cIgH"},
		{680, 453, 0, "3ucJbYp1h3eAeIh4iHiId3aPCHh4"},
		{1200, 40, 0, "3uc9EYqHh4eIiAh4gHgKiNc="},
		{31, 300, 90, "nteJUQgddXCHeId2jwiHiH+IiIiHiIg="},
		{5, 3, 255, "G+mFQ4Q5Z6Ywdoh3nwgG1X94iIh3iHg="},
	} {
		state := uint64(1)
		got := Placeholder(painted(c.w, c.h, func(x, y int) color.NRGBA {
			state = state*6364136223846793005 + 1442695040888963407
			return color.NRGBA{
				uint8(state>>32)/2 + uint8(x*100/c.w), uint8(state >> 40), uint8(y * 255 / c.h),
				255 - uint8(x*int(c.clear)/c.w),
			}
		}))
		if got != c.want {
			t.Errorf("%d×%d: %s, want %s", c.w, c.h, got, c.want)
		}
	}
}
