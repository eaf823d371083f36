package image

import (
	"encoding/binary"
	std "image"
)

// at writes the block at x, y of a plane of w×h as block does. What lies beyond the
// plane repeats the last of its row and column.
func (e *jpegWriter) at(table int, pix []byte, stride, x, y, w, h int, before int32) int32 {
	if x+8 <= w && y+8 <= h {
		return e.block(table, pix[y*stride+x:], stride, before)
	}
	for j := range 8 {
		row, out := pix[min(y+j, h-1)*stride:][:w], e.edge[8*j:][:8]
		for i := copy(out, row[min(x, w-1):]); i < 8; i++ {
			out[i] = row[w-1]
		}
	}
	return e.block(table, e.edge[:], 8, before)
}

func (e *jpegWriter) grey(m *std.Gray) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	dc := int32(0)
	for y := 0; y < h; y += 8 {
		for x := 0; x < w; x += 8 {
			e.room()
			dc = e.at(0, m.Pix, m.Stride, x, y, w, h, dc)
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
		dc[0] = e.at(0, luma, stride, x, y, w, h, dc[0])
		dc[0] = e.at(0, luma, stride, x+8, y, w, h, dc[0])
		dc[0] = e.at(0, luma, stride, x, y+8, w, h, dc[0])
		dc[0] = e.at(0, luma, stride, x+8, y+8, w, h, dc[0])
		dc[1] = e.at(1, cb, chromaStride, x/2, y/2, cw, ch, dc[1])
		dc[2] = e.at(1, cr, chromaStride, x/2, y/2, cw, ch, dc[2])
	}
}

// colours writes a picture of four bytes a pixel, 16 rows at a time.
func (e *jpegWriter) colours(pix []byte, stride, w, h int) {
	cw := (w + 1) / 2
	across := 2 * cw // with room for a pixel that stands for two
	if need := 16*across + 16*cw; len(e.strip) < need {
		e.strip = make([]byte, need)
	}
	luma, cb, cr := e.strip[:16*across], e.strip[16*across:][:8*cw], e.strip[16*across+8*cw:][:8*cw]
	var dc [3]int32
	for y := 0; y < h; y += 16 {
		rows := min(16, h-y)
		for j := 0; j < rows; j += 2 {
			upper := pix[(y+j)*stride:][:4*w]
			lower := upper
			if j+1 < rows {
				lower = pix[(y+j+1)*stride:][:4*w]
			}
			split(upper, lower, luma[j*across:][:across], luma[(j+1)*across:][:across], cb[j/2*cw:][:cw], cr[j/2*cw:][:cw])
		}
		e.unitRow(&dc, luma, cb, cr, across, cw, 0, w, rows)
	}
}

// split turns two rows of colours into two of luma and one of each chroma, by the
// matrix of JFIF. In the last column of an odd number a pixel stands for two. Two
// pixels are one word, and what is done to its halves is done at once.
func split(upper, lower []byte, luma, down, cb, cr []byte) {
	const (
		each = 1 | 1<<32
		mask = 255 * each
	)
	for i := range cb {
		a, b := pair(upper, i), pair(lower, i)
		redA, greenA, blueA := a&mask, a>>8&mask, a>>16&mask
		redB, greenB, blueB := b&mask, b>>8&mask, b>>16&mask
		lumaA := 19595*redA + 38470*greenA + 7471*blueA + 1<<15*each
		lumaB := 19595*redB + 38470*greenB + 7471*blueB + 1<<15*each
		luma[2*i], luma[2*i+1] = byte(lumaA>>16), byte(lumaA>>48)
		down[2*i], down[2*i+1] = byte(lumaB>>16), byte(lumaB>>48)
		red, green, blue := both(redA+redB), both(greenA+greenB), both(blueA+blueB)
		// Four times 128, and a half less than would be rounded over 255.
		const middle = 4<<23 + 1<<17 - 1
		cb[i] = byte((-11059*red - 21709*green + 32768*blue + middle) >> 18)
		cr[i] = byte((32768*red - 27439*green - 5329*blue + middle) >> 18)
	}
}

// pair reads two pixels of a row, of which the last may be alone.
func pair(row []byte, i int) uint64 {
	if 8*i+8 <= len(row) {
		return binary.LittleEndian.Uint64(row[8*i:])
	}
	return uint64(binary.LittleEndian.Uint32(row[8*i:])) * (1 | 1<<32)
}

// both adds the halves of a word.
func both(v uint64) int32 { return int32(v) + int32(v>>32) }
