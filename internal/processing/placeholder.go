package processing

import (
	"encoding/base64"
	"image"
	"math"

	"golang.org/x/image/draw"
)

// placeholderSide bounds the longer side of the picture that a placeholder is
// made of. It says nothing finer than a seventh of a side.
const placeholderSide = 64

// Placeholder gives the ThumbHash of a picture in base64, 40 characters at the
// most, for viewers to show until the picture is there: its average colour, its
// shape, its rough brightness, colours and transparency as the lowest terms of a
// cosine transform (https://evanw.github.io/thumbhash/). A picture without
// pixels has none, which is "".
func Placeholder(img image.Image) string {
	b := img.Bounds()
	if b.Empty() {
		return ""
	}
	long := max(b.Dx(), b.Dy())
	side := min(long, placeholderSide)
	fit := func(n int) int { return max(1, (n*side+long/2)/long) }
	small := image.NewRGBA(image.Rect(0, 0, fit(b.Dx()), fit(b.Dy())))
	draw.BiLinear.Scale(small, small.Rect, img, b, draw.Src, nil)
	return base64.StdEncoding.EncodeToString(thumbHash(small))
}

// thumbHash is the binary form: five bytes of constants, one more for opacity,
// and then the terms, four bits each.
func thumbHash(img *image.RGBA) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	c := splitChannels(img)

	// With opacity to tell there is less room for brightness.
	alpha, most := 0, 7
	if c.transparent {
		alpha, most = 1, 5
	}
	long := float64(max(w, h))
	nx := max(1, int(nearest(float64(most*w)/long)))
	ny := max(1, int(nearest(float64(most*h)/long)))
	landscape, short := 0, nx // the longer side's count needs no telling
	if w > h {
		landscape, short = 1, ny
	}

	light := transform(c.light, w, h, max(3, nx), max(3, ny))
	yellow := transform(c.yellow, w, h, 3, 3)
	red := transform(c.red, w, h, 3, 3)

	first := scaled(light.mean, 63) | scaled(0.5+yellow.mean/2, 63)<<6 | scaled(0.5+red.mean/2, 63)<<12 |
		scaled(light.scale, 31)<<18 | alpha<<23
	second := short | scaled(yellow.scale, 63)<<3 | scaled(red.scale, 63)<<9 | landscape<<15
	out := []byte{byte(first), byte(first >> 8), byte(first >> 16), byte(second), byte(second >> 8)}
	terms := append(append(light.terms, yellow.terms...), red.terms...)
	if c.transparent {
		opacity := transform(c.opacity, w, h, 5, 5)
		out = append(out, byte(scaled(opacity.mean, 15)|scaled(opacity.scale, 15)<<4))
		terms = append(terms, opacity.terms...)
	}
	for i, t := range terms {
		if i%2 == 0 {
			out = append(out, byte(scaled(t, 15)))
		} else {
			out[len(out)-1] |= byte(scaled(t, 15) << 4)
		}
	}
	return out
}

// channels are a picture's samples, row by row, 0–1 or, of the two colours,
// -1–1. What is transparent has the average colour.
type channels struct {
	light, yellow, red []float64 // the mean of the three colours; yellow less blue; red less green
	opacity            []float64
	transparent        bool // some pixel is, a little at least
}

func splitChannels(img *image.RGBA) channels {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	n := w * h
	c := channels{light: make([]float64, n), yellow: make([]float64, n), red: make([]float64, n), opacity: make([]float64, n)}
	var mean [3]float64 // over the pixels, by how opaque they are
	covered := 0.0
	for y := range h {
		for x := range w {
			p := img.Pix[y*img.Stride+4*x:][:4]
			for k := range mean {
				mean[k] += float64(p[k]) / 255
			}
			c.opacity[y*w+x] = float64(p[3]) / 255
			covered += c.opacity[y*w+x]
			c.transparent = c.transparent || p[3] != 255
		}
	}
	for k := range mean {
		if covered > 0 {
			mean[k] /= covered
		}
	}
	for y := range h {
		for x := range w {
			p, i := img.Pix[y*img.Stride+4*x:][:4], y*w+x
			rest := 1 - c.opacity[i]
			r, g, b := float64(p[0])/255+rest*mean[0], float64(p[1])/255+rest*mean[1], float64(p[2])/255+rest*mean[2]
			c.light[i], c.yellow[i], c.red[i] = (r+g+b)/3, (r+g)/2-b, r-g
		}
	}
	return c
}

// spectrum is one channel as cosines: its mean, and the other terms as shares of
// the largest of them, which is scale, moved to 0–1.
type spectrum struct {
	mean, scale float64
	terms       []float64
}

// transform takes the terms of the lowest frequencies, nx across and ny down, in
// the triangle where both together are low.
func transform(samples []float64, w, h, nx, ny int) spectrum {
	var s spectrum
	across := make([]float64, w)
	for v := range ny {
		for u := 0; u*ny < nx*(ny-v); u++ {
			for x := range across {
				across[x] = math.Cos(math.Pi / float64(w) * float64(u) * (float64(x) + 0.5))
			}
			sum := 0.0
			for y := range h {
				row := 0.0
				for x, cos := range across {
					row += samples[y*w+x] * cos
				}
				sum += row * math.Cos(math.Pi/float64(h)*float64(v)*(float64(y)+0.5))
			}
			sum /= float64(w * h)
			if u == 0 && v == 0 {
				s.mean = sum
				continue
			}
			s.terms = append(s.terms, sum)
			s.scale = max(s.scale, math.Abs(sum))
		}
	}
	if s.scale < 1e-9 { // what is left of rounding in a flat picture
		s.scale = 0
	}
	for i, t := range s.terms {
		s.terms[i] = 0.5
		if s.scale > 0 {
			s.terms[i] += t / s.scale / 2
		}
	}
	return s
}

// scaled writes a number of 0–1 as one of 0–most.
func scaled(v float64, most int) int {
	return min(most, max(0, int(nearest(v*float64(most)))))
}

// nearest rounds halves up, as the format's readers were made to expect.
func nearest(v float64) float64 { return math.Floor(v + 0.5) }
