package processing

import (
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"
)

// placeholderSide bounds the longer side of the picture that a placeholder is
// made of. It says nothing finer than a seventh of a side.
const placeholderSide = 32

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
	small := reduced(img)
	return base64.StdEncoding.EncodeToString(thumbHash(small))
}

// reduced gives a picture of no more than placeholderSide.
func reduced(img image.Image) *image.RGBA {
	b := img.Bounds()
	long := max(b.Dx(), b.Dy())
	side := min(long, placeholderSide)
	fit := func(n int) int { return max(1, (n*side+long/2)/long) }
	small := image.NewRGBA(image.Rect(0, 0, fit(b.Dx()), fit(b.Dy())))
	var mean func(image.Rectangle) color.RGBA
	switch m := img.(type) {
	case *image.YCbCr:
		mean = func(r image.Rectangle) color.RGBA { return meanOfPlanes(m, r) }
	case *image.NRGBA:
		mean = func(r image.Rectangle) color.RGBA { return meanOfColours(m, r) }
	default:
		draw.BiLinear.Scale(small, small.Rect, img, b, draw.Src, nil)
		return small
	}
	w, h := small.Rect.Dx(), small.Rect.Dy()
	for y := range h {
		for x := range w {
			part := image.Rect(x*b.Dx()/w, y*b.Dy()/h, (x+1)*b.Dx()/w, (y+1)*b.Dy()/h)
			small.SetRGBA(x, y, mean(part.Add(b.Min)))
		}
	}
	return small
}

// meanOfPlanes averages a part that is not empty. Samples of chroma that it touches
// count whole.
func meanOfPlanes(m *image.YCbCr, r image.Rectangle) color.RGBA {
	sum := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for _, v := range m.Y[m.YOffset(r.Min.X, y):][:r.Dx()] {
			sum += int(v)
		}
	}
	first, last := m.COffset(r.Min.X, r.Min.Y), m.COffset(r.Max.X-1, r.Max.Y-1)
	rows := (last - first) / max(1, m.CStride)
	across := last - first - rows*m.CStride + 1
	cb, cr := 0, 0
	for y := range rows + 1 {
		at := first + y*m.CStride
		for i, v := range m.Cb[at:][:across] {
			cb += int(v)
			cr += int(m.Cr[at+i])
		}
	}
	n, c := r.Dx()*r.Dy(), across*(rows+1)
	red, green, blue := color.YCbCrToRGB(uint8((sum+n/2)/n), uint8((cb+c/2)/c), uint8((cr+c/2)/c))
	return color.RGBA{red, green, blue, 255}
}

// meanOfColours averages a part that is not empty, by how opaque its pixels are.
func meanOfColours(m *image.NRGBA, r image.Rectangle) color.RGBA {
	if c, ok := meanOfFew(m, r); ok {
		return c
	}
	var red, green, blue, opacity int
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := m.Pix[m.PixOffset(r.Min.X, y):][:4*r.Dx()]
		for i := 0; i+4 <= len(row); i += 4 {
			p := row[i : i+4 : i+4]
			a := int(p[3])
			red, green, blue, opacity = red+int(p[0])*a, green+int(p[1])*a, blue+int(p[2])*a, opacity+a
		}
	}
	n := r.Dx() * r.Dy()
	of := func(sum int) uint8 { return uint8((sum + 255*n/2) / (255 * n)) }
	return color.RGBA{of(red), of(green), of(blue), uint8((opacity + n/2) / n)}
}

// meanOfFew is meanOfColours for a part of a few hundred pixels that are opaque. Of
// two pixels in a word it adds every other byte at a time, which has room above it.
func meanOfFew(m *image.NRGBA, r image.Rectangle) (c color.RGBA, ok bool) {
	n := r.Dx() * r.Dy()
	if (n+r.Dy())/2 > 257 {
		return c, false
	}
	const every = 0x00ff00ff00ff00ff
	var redBlue, greenOpacity uint64
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := m.Pix[m.PixOffset(r.Min.X, y):][:4*r.Dx()]
		for ; len(row) >= 8; row = row[8:] {
			two := binary.LittleEndian.Uint64(row)
			redBlue, greenOpacity = redBlue+two&every, greenOpacity+two>>8&every
		}
		if len(row) > 0 {
			one := uint64(binary.LittleEndian.Uint32(row))
			redBlue, greenOpacity = redBlue+one&every, greenOpacity+one>>8&every
		}
	}
	of := func(sum uint64, shift int) int { return int(sum>>shift&0xffff + sum>>(shift+32)&0xffff) }
	if of(greenOpacity, 16) != 255*n {
		return c, false
	}
	mean := func(sum int) uint8 { return uint8((sum + n/2) / n) }
	return color.RGBA{mean(of(redBlue, 0)), mean(of(greenOpacity, 0)), mean(of(redBlue, 16)), 255}, true
}

// thumbHash is the binary form: five bytes of constants, one more for opacity,
// and then the terms, four bits each.
func thumbHash(img *image.RGBA) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	mean, transparent := survey(img)

	// With opacity to tell there is less room for brightness.
	alpha, most := 0, 7
	if transparent {
		alpha, most = 1, 5
	}
	long := float64(max(w, h))
	nx := max(1, int(nearest(float64(most*w)/long)))
	ny := max(1, int(nearest(float64(most*h)/long)))
	landscape, short := 0, nx // the longer side's count needs no telling
	if w > h {
		landscape, short = 1, ny
	}

	across, down := cosines(w), cosines(h)
	rows := channelRows(img, mean, &across)
	light := transform(&rows.light, &down, w, h, max(3, nx), max(3, ny))
	yellow := transform(&rows.yellow, &down, w, h, colourTerms, colourTerms)
	red := transform(&rows.red, &down, w, h, colourTerms, colourTerms)

	first := scaled(light.mean, 63) | scaled(0.5+yellow.mean/2, 63)<<6 | scaled(0.5+red.mean/2, 63)<<12 |
		scaled(light.scale, 31)<<18 | alpha<<23
	second := short | scaled(yellow.scale, 63)<<3 | scaled(red.scale, 63)<<9 | landscape<<15
	out := []byte{byte(first), byte(first >> 8), byte(first >> 16), byte(second), byte(second >> 8)}
	terms := append(append(light.terms, yellow.terms...), red.terms...)
	if transparent {
		opacity := transform(&rows.opacity, &down, w, h, opacityTerms, opacityTerms)
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

// share is a byte as 0–1.
func share(v byte) float64 { return float64(v) / 255 }

// survey gives a picture's average colour, by how opaque its pixels are, and
// whether some pixel is transparent, a little at least.
func survey(img *image.RGBA) (mean [3]float64, transparent bool) {
	covered := 0.0
	for y := range img.Rect.Dy() {
		for row := img.Pix[y*img.Stride:][:4*img.Rect.Dx()]; len(row) > 0; row = row[4:] {
			for k := range mean {
				mean[k] += share(row[k])
			}
			covered += share(row[3])
			transparent = transparent || row[3] != 255
		}
	}
	for k := range mean {
		if covered > 0 {
			mean[k] /= covered
		}
	}
	return mean, transparent
}

// How many terms a channel has at most, across or down.
const (
	mostTerms    = 7
	colourTerms  = 3
	opacityTerms = 5
)

// channel is each term across of each row of a picture's samples, which are 0–1 or,
// of the two colours, -1–1.
type channel [mostTerms][placeholderSide]float64

type channels struct {
	light, yellow, red channel // the mean of the three colours; yellow less blue; red less green
	opacity            channel
}

// channelRows splits a picture into its channels. What is transparent has the
// average colour.
func channelRows(img *image.RGBA, mean [3]float64, across *channel) (out channels) {
	w := img.Rect.Dx()
	var light, yellow, red, opacity [placeholderSide]float64
	for y := range img.Rect.Dy() {
		for x := range w {
			p := img.Pix[y*img.Stride+4*x:][:4]
			opacity[x] = share(p[3])
			rest := 1 - opacity[x]
			r, g, b := share(p[0])+rest*mean[0], share(p[1])+rest*mean[1], share(p[2])+rest*mean[2]
			light[x], yellow[x], red[x] = (r+g+b)/3, (r+g)/2-b, r-g
		}
		out.light.take(y, light[:w], across, mostTerms)
		out.yellow.take(y, yellow[:w], across, colourTerms)
		out.red.take(y, red[:w], across, colourTerms)
		out.opacity.take(y, opacity[:w], across, opacityTerms)
	}
	return out
}

// take sets the first so many terms of a row.
func (c *channel) take(y int, samples []float64, across *channel, most int) {
	for u := range most {
		sum, cosine := 0.0, across[u][:len(samples)]
		for x, v := range samples {
			sum += v * cosine[x]
		}
		c[u][y] = sum
	}
}

// cosines gives those of each term at each of n samples.
func cosines(n int) (out channel) {
	for u := range out {
		for x := range n {
			out[u][x] = math.Cos(math.Pi / float64(n) * float64(u) * (float64(x) + 0.5))
		}
	}
	return out
}

// spectrum is one channel as cosines: its mean, and the other terms as shares of
// the largest of them, which is scale, moved to 0–1.
type spectrum struct {
	mean, scale float64
	terms       []float64
}

// transform takes a channel's terms of the lowest frequencies, nx across and ny
// down, in the triangle where both together are low.
func transform(rows, down *channel, w, h, nx, ny int) spectrum {
	var s spectrum
	for v := range ny {
		for u := 0; u*ny < nx*(ny-v); u++ {
			sum := 0.0
			for y, row := range rows[u][:h] {
				sum += row * down[v][y]
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
