package image

import (
	std "image"
	"io"
	"math/bits"
	"sync"
)

// jpegWriter writes one baseline JPEG (ITU-T T.81) with the tables that annex K
// gives, which is what image/jpeg writes too. It is three times as fast because
// it reads planes as they are, multiplies where that divides, and passes over
// runs of zeros in one step. Its memory is a row of blocks and a piece of the file.
type jpegWriter struct {
	w   io.Writer
	err error
	buf []byte // of the file, not handed to w yet

	bits  uint64 // the lowest count are not in buf yet
	count uint

	scale [2][64]float32 // of luma and chroma: what a transformed sample is multiplied by, in the order of the file
	block [64]float32
	strip []byte // planes of 16 rows of colours
}

// jpegPiece is how much of a file is handed on at once.
const jpegPiece = 32 << 10

var jpegWriters = sync.Pool{New: func() any { return &jpegWriter{buf: make([]byte, 0, jpegPiece+jpegSlack)} }}

// jpegSlack is more than a row of blocks across 16 pixels can become: six blocks
// of 64 coefficients of 27 bits, each byte of them stuffed.
const jpegSlack = 4 << 10

// jpegWords are the words of jpegCodes.
var jpegWords = sync.OnceValue(func() (out [4]*[256]uint32) {
	for i := range jpegCodes {
		out[i] = jpegCodes[i].words()
	}
	return out
})

// encodeJPEG writes a picture of at most 65,535 pixels a side: *Gray, *YCbCr of
// 4:2:0, *NRGBA or *RGBA, whose opacity is not looked at, all with their corner at
// 0, 0. Of any other it writes nothing and reports false.
func encodeJPEG(w io.Writer, img std.Image, quality int) (done bool, err error) {
	r := img.Bounds()
	if r.Min != (std.Point{}) || r.Empty() || r.Dx() > 0xffff || r.Dy() > 0xffff {
		return false, nil
	}
	var run func(e *jpegWriter)
	components := 3
	switch m := img.(type) {
	case *std.Gray:
		components = 1
		run = func(e *jpegWriter) { e.grey(m) }
	case *std.YCbCr:
		if m.SubsampleRatio != std.YCbCrSubsampleRatio420 {
			return false, nil
		}
		run = func(e *jpegWriter) { e.planes(m) }
	case *std.NRGBA:
		run = func(e *jpegWriter) { e.colours(m.Pix, m.Stride, r.Dx(), r.Dy()) }
	case *std.RGBA:
		run = func(e *jpegWriter) { e.colours(m.Pix, m.Stride, r.Dx(), r.Dy()) }
	default:
		return false, nil
	}
	e := jpegWriters.Get().(*jpegWriter)
	defer func() {
		e.w, e.err = nil, nil
		jpegWriters.Put(e)
	}()
	e.w, e.buf, e.bits, e.count = w, e.buf[:0], 0, 0
	e.head(r.Dx(), r.Dy(), components, quality)
	run(e)
	e.end()
	return true, e.err
}

// head writes everything before the scan's data.
func (e *jpegWriter) head(w, h, components, quality int) {
	e.buf = append(e.buf, 0xff, 0xd8)
	tables := min(components, 2)
	e.marker(0xdb, 2+65*tables)
	for t := range tables {
		e.buf = append(e.buf, byte(t))
		steps := qualitySteps(t, quality)
		for k, place := range zigzag {
			e.buf = append(e.buf, steps[place])
			e.scale[t][k] = 1 / (float32(steps[place]) * 8 * dctScale[place>>3] * dctScale[place&7])
		}
	}
	e.marker(0xc0, 8+3*components)
	e.buf = append(e.buf, 8, byte(h>>8), byte(h), byte(w>>8), byte(w), byte(components))
	if components == 1 {
		e.buf = append(e.buf, 1, 0x11, 0)
	} else {
		e.buf = append(e.buf, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1)
	}
	size := 2
	for i := range 2 * tables {
		size += 17 + len(jpegCodes[i].values)
	}
	e.marker(0xc4, size)
	for i := range 2 * tables {
		e.buf = append(e.buf, jpegCodes[i].class)
		e.buf = append(e.buf, jpegCodes[i].counts[:]...)
		e.buf = append(e.buf, jpegCodes[i].values...)
	}
	e.marker(0xda, 6+2*components)
	e.buf = append(e.buf, byte(components), 1, 0x00)
	if components == 3 {
		e.buf = append(e.buf, 2, 0x11, 3, 0x11)
	}
	e.buf = append(e.buf, 0, 63, 0)
}

func (e *jpegWriter) marker(marker byte, size int) {
	e.buf = append(e.buf, 0xff, marker, byte(size>>8), byte(size))
}

// qualitySteps scales a table as libjpeg does: 50 leaves it, 100 makes all ones.
func qualitySteps(table, quality int) (out [64]uint8) {
	percent := 200 - 2*quality
	if quality < 50 {
		percent = 5000 / quality
	}
	for i, v := range jpegSteps[table] {
		out[i] = uint8(min(255, max(1, (int(v)*percent+50)/100)))
	}
	return out
}

// end fills the last byte with ones and writes the rest.
func (e *jpegWriter) end() {
	e.put(0x7f, 7)
	for ; e.count >= 8; e.count -= 8 {
		e.stuffed(byte(e.bits >> (e.count - 8)))
	}
	e.buf = append(e.buf, 0xff, 0xd9)
	e.flush()
}

func (e *jpegWriter) flush() {
	if e.err == nil {
		_, e.err = e.w.Write(e.buf)
	}
	e.buf = e.buf[:0]
}

// room makes room for a unit of blocks.
func (e *jpegWriter) room() {
	if len(e.buf) >= jpegPiece {
		e.flush()
	}
}

func (e *jpegWriter) stuffed(b byte) {
	e.buf = append(e.buf, b)
	if b == 0xff {
		e.buf = append(e.buf, 0)
	}
}

// put takes n bits, at most 32.
func (e *jpegWriter) put(word uint32, n uint) {
	e.bits = e.bits<<n | uint64(word)
	e.count += n
	if e.count < 32 {
		return
	}
	e.count -= 32
	v := uint32(e.bits >> e.count)
	if v&0x80808080&^(v+0x01010101) == 0 { // no byte of it is 0xff
		e.buf = append(e.buf, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
		return
	}
	for shift := 24; shift >= 0; shift -= 8 {
		e.stuffed(byte(v >> shift))
	}
}

// transform quantizes e.block by one of the two tables and writes it. It gives
// the block's DC, from which the next one's is told.
func (e *jpegWriter) transform(table int, before int32) int32 {
	forwardDCT(&e.block)
	var steps [64]int32
	var some uint64 // which are not 0
	scale := &e.scale[table]
	for k := range steps {
		// Moved above zero, so that cutting off rounds.
		v := int32(e.block[zigzag[k]&63]*scale[k]+16384.5) - 16384
		steps[k] = v
		some |= uint64(uint32(v|-v)>>31) << k
	}
	words := jpegWords()
	dc, ac := words[2*table], words[2*table+1]
	e.coefficient(dc, 0, steps[0]-before)
	last := 0
	for some &^= 1; some != 0; some &= some - 1 {
		k := bits.TrailingZeros64(some)
		zeros := k - last - 1
		for ; zeros > 15; zeros -= 16 {
			e.put(ac[0xf0]&0xffff, uint(ac[0xf0]>>16))
		}
		e.coefficient(ac, zeros, steps[k&63])
		last = k
	}
	if last < 63 {
		e.put(ac[0]&0xffff, uint(ac[0]>>16))
	}
	return steps[0]
}

// coefficient writes zeros, and then a number.
func (e *jpegWriter) coefficient(code *[256]uint32, zeros int, v int32) {
	sign := v >> 31
	size := uint(bits.Len32(uint32((v ^ sign) - sign)))
	word := code[uint(zeros)<<4&0xf0|size&15]
	low := uint32(v+sign) & (1<<size - 1)
	e.put(word&0xffff<<size|low, uint(word>>16)+size)
}
