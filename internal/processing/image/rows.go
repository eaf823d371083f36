package image

import (
	std "image"
	"image/color"
)

// plane is one channel of eight bits, read row by row. A sample is stepX×stepY
// pixels large. The row is valid until the next one is asked for.
type plane struct {
	row          func(y int) []byte
	stepX, stepY int
}

// planes gives luma and the two chromas of a YCbCr picture in the full range,
// or nil where f is none or does not fill its canvas.
func (f frame) planes() []plane {
	var m *std.YCbCr
	switch img := f.img.(type) {
	case *std.YCbCr:
		m = img
	case *std.NYCbCrA:
		m = &img.YCbCr
	}
	if m == nil || !f.opaque {
		return nil
	}
	stepX, stepY := 1, 1
	switch m.SubsampleRatio {
	case std.YCbCrSubsampleRatio422:
		stepX = 2
	case std.YCbCrSubsampleRatio420:
		stepX, stepY = 2, 2
	case std.YCbCrSubsampleRatio440:
		stepY = 2
	case std.YCbCrSubsampleRatio411:
		stepX = 4
	case std.YCbCrSubsampleRatio410:
		stepX, stepY = 4, 2
	}
	chroma := (f.width + stepX - 1) / stepX
	var luma, chromas *[256]byte
	if f.studio {
		luma, chromas = studioLuma(), studioChroma()
	}
	return []plane{
		{row: bytesOf(m.Y, m.YStride, f.width, luma), stepX: 1, stepY: 1},
		{row: bytesOf(m.Cb, m.CStride, chroma, chromas), stepX: stepX, stepY: stepY},
		{row: bytesOf(m.Cr, m.CStride, chroma, chromas), stepX: stepX, stepY: stepY},
	}
}

// bytesOf reads rows of n bytes, through a table if there is one.
func bytesOf(pix []byte, stride, n int, table *[256]byte) func(int) []byte {
	if table == nil {
		return func(y int) []byte { return pix[y*stride:][:n] }
	}
	buf := make([]byte, n)
	return func(y int) []byte {
		for i, v := range pix[y*stride:][:n] {
			buf[i] = table[v]
		}
		return buf
	}
}

// studioLuma maps luma 16–235 to 0–255.
func studioLuma() *[256]byte {
	var t [256]byte
	for i := range t {
		t[i] = byte(min(255, max(0, ((i-16)*255+109)/219)))
	}
	return &t
}

// studioChroma maps chroma 16–240 around 128 to 0–255 around 128.
func studioChroma() *[256]byte {
	var t [256]byte
	for i := range t {
		t[i] = byte(min(255, max(0, ((i-128)*255+128*224+112)/224)))
	}
	return &t
}

// greyRows reads a picture of which every pixel is grey and opaque.
func greyRows(f frame) plane {
	var row func(int) []byte
	switch m := f.img.(type) {
	case *std.Gray:
		row = bytesOf(m.Pix, m.Stride, f.width, nil)
	case *std.Gray16:
		buf := make([]byte, f.width)
		row = func(y int) []byte {
			for i := range buf {
				o := y*m.Stride + 2*i
				buf[i] = eightBits(m.Pix[o], m.Pix[o+1])
			}
			return buf
		}
	default: // grey that was decoded to colours
		words := colourRows(f)
		buf := make([]byte, f.width)
		row = func(y int) []byte {
			for i, w := 0, words(y); i < len(buf); i++ {
				buf[i] = byte((w[4*i] + 127) / 255)
			}
			return buf
		}
	}
	return plane{row: row, stepX: 1, stepY: 1}
}

// eightBits rounds a big-endian sample of 16 bits.
func eightBits(hi, lo byte) byte {
	return byte(((uint32(hi)<<8|uint32(lo))*255 + 32895) >> 16)
}

// opaqueWord is how an opaque pixel's opacity is written in rows of words.
const opaqueWord = 255 * 255

// colourRows reads any picture as red, green, blue and opacity, in words from 0
// to opaqueWord: the three colours are multiplied by opacity (a byte times a
// byte), and opacity by 255. A pixel that comes through unmixed keeps its bytes
// to the last bit. Where f does not fill its canvas, the rest is transparent.
// The row is valid until the next one is asked for.
func colourRows(f frame) func(y int) []uint16 {
	buf := make([]uint16, 4*f.width)
	bounds := f.img.Bounds()
	read := colourReader(f)
	last, cleared := -1, true
	return func(y int) []uint16 {
		switch {
		case y == last: // neighbouring output rows share it
		case y < bounds.Min.Y || y >= bounds.Max.Y:
			if !cleared {
				clear(buf)
				cleared = true
			}
		default:
			read(buf[4*bounds.Min.X:4*bounds.Max.X], y-bounds.Min.Y)
			cleared = false
		}
		last = y
		return buf
	}
}

// colourReader gives the function that fills in row y of the image, counted
// from its own top.
func colourReader(f frame) func(dst []uint16, y int) {
	switch m := f.img.(type) {
	case *std.NRGBA:
		return func(dst []uint16, y int) {
			for i, p := 0, m.Pix[y*m.Stride:][:len(dst)]; i+4 <= len(p); i += 4 {
				put(dst[i:i+4:i+4], p[i], p[i+1], p[i+2], p[i+3])
			}
		}
	case *std.RGBA: // already multiplied
		return func(dst []uint16, y int) {
			for i, v := range m.Pix[y*m.Stride:][:len(dst)] {
				dst[i] = uint16(v) * 255
			}
		}
	case *std.NRGBA64:
		return func(dst []uint16, y int) {
			for i, p := 0, m.Pix[y*m.Stride:][:2*len(dst)]; i+4 <= len(dst); i += 4 {
				q := p[2*i : 2*i+8 : 2*i+8]
				put(dst[i:i+4:i+4], eightBits(q[0], q[1]), eightBits(q[2], q[3]), eightBits(q[4], q[5]), eightBits(q[6], q[7]))
			}
		}
	case *std.RGBA64: // already multiplied
		return func(dst []uint16, y int) {
			p := m.Pix[y*m.Stride:][:2*len(dst)]
			for i := range dst {
				dst[i] = uint16(eightBits(p[2*i], p[2*i+1])) * 255
			}
		}
	case *std.Paletted:
		var table [256][4]uint16
		for i, c := range m.Palette[:min(256, len(m.Palette))] {
			n := color.NRGBAModel.Convert(c).(color.NRGBA)
			put(table[i][:], n.R, n.G, n.B, n.A)
		}
		return func(dst []uint16, y int) {
			for i, v := range m.Pix[y*m.Stride:][:len(dst)/4] {
				copy(dst[4*i:4*i+4], table[v][:])
			}
		}
	case *std.CMYK:
		return func(dst []uint16, y int) {
			for i, p := 0, m.Pix[y*m.Stride:][:len(dst)]; i+4 <= len(p); i += 4 {
				if f.inks != nil {
					r, g, b := f.inks.rgb(p[i], p[i+1], p[i+2], p[i+3])
					put(dst[i:i+4:i+4], r, g, b, 255)
					continue
				}
				ink := uint16(255 - p[i+3])
				dst[i], dst[i+1], dst[i+2] = uint16(255-p[i])*ink, uint16(255-p[i+1])*ink, uint16(255-p[i+2])*ink
				dst[i+3] = opaqueWord
			}
		}
	case *std.NYCbCrA:
		chroma := ycbcrReader(&m.YCbCr, f.studio)
		return func(dst []uint16, y int) {
			chroma(dst, y, m.A[y*m.AStride:])
		}
	case *std.YCbCr: // one that does not fill its canvas
		chroma := ycbcrReader(m, f.studio)
		return func(dst []uint16, y int) { chroma(dst, y, nil) }
	}
	return func(dst []uint16, y int) { // no decoder gives any other; right, if slow
		b := f.img.Bounds()
		for i := 0; i+4 <= len(dst); i += 4 {
			n := color.NRGBAModel.Convert(f.img.At(b.Min.X+i/4, b.Min.Y+y)).(color.NRGBA)
			put(dst[i:i+4:i+4], n.R, n.G, n.B, n.A)
		}
	}
}

// ycbcrReader reads rows of a YCbCr image with the opacities in alpha, or
// opaque where alpha is nil.
func ycbcrReader(m *std.YCbCr, studio bool) func(dst []uint16, y int, alpha []byte) {
	luma, chroma := new([256]byte), new([256]byte)
	if studio {
		luma, chroma = studioLuma(), studioChroma()
	} else {
		for i := range luma {
			luma[i], chroma[i] = byte(i), byte(i)
		}
	}
	return func(dst []uint16, y int, alpha []byte) {
		y += m.Rect.Min.Y
		for i := 0; i+4 <= len(dst); i += 4 {
			x := m.Rect.Min.X + i/4
			c := m.COffset(x, y)
			r, g, b := color.YCbCrToRGB(luma[m.Y[m.YOffset(x, y)]], chroma[m.Cb[c]], chroma[m.Cr[c]])
			a := byte(255)
			if alpha != nil {
				a = alpha[i/4]
			}
			put(dst[i:i+4:i+4], r, g, b, a)
		}
	}
}

func put(dst []uint16, r, g, b, a byte) {
	w := uint16(a)
	dst[0], dst[1], dst[2], dst[3] = uint16(r)*w, uint16(g)*w, uint16(b)*w, 255*w
}
