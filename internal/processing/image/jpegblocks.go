package image

import std "image"

// blockOf loads the 8×8 samples at x, y of a plane of w×h, less 128. What lies
// beyond repeats the last of its row and column.
func blockOf(dst *[64]float32, pix []byte, stride, x, y, w, h int) {
	if x+8 <= w && y+8 <= h {
		at := y*stride + x
		for i := 0; i < 64; i += 8 {
			p, d := pix[at:][:8], dst[i:][:8]
			d[0], d[1], d[2], d[3] = float32(int32(p[0])-128), float32(int32(p[1])-128), float32(int32(p[2])-128), float32(int32(p[3])-128)
			d[4], d[5], d[6], d[7] = float32(int32(p[4])-128), float32(int32(p[5])-128), float32(int32(p[6])-128), float32(int32(p[7])-128)
			at += stride
		}
		return
	}
	for j := range 8 {
		row := pix[min(y+j, h-1)*stride:][:w]
		for i := range 8 {
			dst[8*j+i] = float32(int32(row[min(x+i, w-1)]) - 128)
		}
	}
}

func (e *jpegWriter) grey(m *std.Gray) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	dc := int32(0)
	for y := 0; y < h; y += 8 {
		for x := 0; x < w; x += 8 {
			e.room()
			blockOf(&e.block, m.Pix, m.Stride, x, y, w, h)
			dc = e.transform(0, dc)
		}
	}
}

func (e *jpegWriter) planes(m *std.YCbCr) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	var dc [3]int32
	for y := 0; y < h; y += 16 {
		e.unitRow(&dc, m.Y, m.Cb, m.Cr, m.YStride, m.CStride, y, w, h)
	}
}

// unitRow writes the 16 rows from y on of three planes of 4:2:0, the picture of
// w×h. dc is the last of each plane.
func (e *jpegWriter) unitRow(dc *[3]int32, luma, cb, cr []byte, stride, chromaStride, y, w, h int) {
	cw, ch := (w+1)/2, (h+1)/2
	for x := 0; x < w; x += 16 {
		e.room()
		for _, at := range [4][2]int{{0, 0}, {8, 0}, {0, 8}, {8, 8}} {
			blockOf(&e.block, luma, stride, x+at[0], y+at[1], w, h)
			dc[0] = e.transform(0, dc[0])
		}
		blockOf(&e.block, cb, chromaStride, x/2, y/2, cw, ch)
		dc[1] = e.transform(1, dc[1])
		blockOf(&e.block, cr, chromaStride, x/2, y/2, cw, ch)
		dc[2] = e.transform(1, dc[2])
	}
}

// colours writes a picture of four bytes a pixel, 16 rows at a time.
func (e *jpegWriter) colours(pix []byte, stride, w, h int) {
	cw := (w + 1) / 2
	if need := 16*w + 16*cw; len(e.strip) < need {
		e.strip = make([]byte, need)
	}
	luma, cb, cr := e.strip[:16*w], e.strip[16*w:][:8*cw], e.strip[16*w+8*cw:][:8*cw]
	var dc [3]int32
	for y := 0; y < h; y += 16 {
		rows := min(16, h-y)
		for j := 0; j < rows; j += 2 {
			upper := pix[(y+j)*stride:][:4*w]
			lower, down := upper, luma[j*w:][:w]
			if j+1 < rows {
				lower, down = pix[(y+j+1)*stride:][:4*w], luma[(j+1)*w:][:w]
			}
			split(upper, lower, luma[j*w:][:w], down, cb[j/2*cw:][:cw], cr[j/2*cw:][:cw])
		}
		e.unitRow(&dc, luma, cb, cr, w, cw, 0, w, rows)
	}
}

// split turns two rows of colours into two of luma and one of each chroma, by the
// matrix of JFIF. In the last column of an odd number a pixel stands for two.
func split(upper, lower []byte, luma, down, cb, cr []byte) {
	w := len(luma)
	down = down[:w]
	for i := range cb {
		left := 2 * i
		right := min(left+1, w-1)
		a, b := upper[4*left:][:4], upper[4*right:][:4]
		c, d := lower[4*left:][:4], lower[4*right:][:4]
		luma[left], luma[right] = lumaOf(a), lumaOf(b)
		down[left], down[right] = lumaOf(c), lumaOf(d)
		red := int32(a[0]) + int32(b[0]) + int32(c[0]) + int32(d[0])
		green := int32(a[1]) + int32(b[1]) + int32(c[1]) + int32(d[1])
		blue := int32(a[2]) + int32(b[2]) + int32(c[2]) + int32(d[2])
		// Four times 128, and a half less than would be rounded over 255.
		const middle = 4<<23 + 1<<17 - 1
		cb[i] = byte((-11059*red - 21709*green + 32768*blue + middle) >> 18)
		cr[i] = byte((32768*red - 27439*green - 5329*blue + middle) >> 18)
	}
}

func lumaOf(p []byte) byte {
	return byte((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 1<<15) >> 16)
}

// dctScale is by how much forwardDCT's rows and columns come out larger than the
// transform's.
var dctScale = [8]float32{1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.541196100, 0.275899379}

// forwardDCT is the transform of Arai, Agui and Nakajima: five multiplications a
// row, and the rest is left to dctScale.
func forwardDCT(b *[64]float32) {
	for i := 0; i < 64; i += 8 {
		r := b[i:][:8:8]
		r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7] = eight(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7])
	}
	for i := range 8 {
		b[i], b[8+i], b[16+i], b[24+i], b[32+i], b[40+i], b[48+i], b[56+i] = eight(
			b[i], b[8+i], b[16+i], b[24+i], b[32+i], b[40+i], b[48+i], b[56+i])
	}
}

func eight(d0, d1, d2, d3, d4, d5, d6, d7 float32) (float32, float32, float32, float32, float32, float32, float32, float32) {
	const (
		half  = 0.707106781 // cos 4π/16
		c6    = 0.382683433 // cos 6π/16
		minus = 0.541196100 // cos 2π/16 − cos 6π/16
		plus  = 1.306562965 // cos 2π/16 + cos 6π/16
	)
	s0, s7 := d0+d7, d0-d7
	s1, s6 := d1+d6, d1-d6
	s2, s5 := d2+d5, d2-d5
	s3, s4 := d3+d4, d3-d4

	e0, e3 := s0+s3, s0-s3
	e1, e2 := s1+s2, s1-s2
	z1 := (e2 + e3) * half

	o0, o1, o2 := s4+s5, s5+s6, s6+s7
	z5 := (o0 - o2) * c6
	z2 := minus*o0 + z5
	z4 := plus*o2 + z5
	z3 := o1 * half
	z11, z13 := s7+z3, s7-z3
	return e0 + e1, z11 + z4, e3 + z1, z13 - z2, e0 - e1, z13 + z2, e3 - z1, z11 - z4
}
