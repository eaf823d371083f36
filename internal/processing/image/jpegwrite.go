package image

import (
	std "image"
	"io"
)

// jpegWriter writes one baseline JPEG (ITU-T T.81) with the tables that annex K
// gives, which is what image/jpeg writes too. It is several times as fast because it
// reads planes as they are, multiplies where that divides, looks at four numbers at
// once and passes over runs of zeros in one step. A picture gives the same bytes on
// every machine. Its memory is a row of blocks and a piece of the file.
type jpegWriter struct {
	w   io.Writer
	err error
	buf []byte // of the file, not handed to w yet

	tables *jpegShared
	scale  [2][64]float32 // of luma and chroma: what a transformed sample is multiplied by
	half   [64]float32    // a block of which the rows are transformed
	steps  [128]byte      // the block's numbers, as columns leaves them
	bits   jpegBits
	edge   [64]byte // a block that is not wholly within the picture
	strip  []byte   // planes of 16 rows of colours
}

// jpegPiece is how much of a file is handed on at once.
const jpegPiece = 32 << 10

func newJPEGWriter() *jpegWriter {
	return &jpegWriter{buf: make([]byte, 0, jpegPiece+2*jpegScan), tables: sharedTables()}
}

// encodeJPEG writes a picture of at most 65,535 pixels a side: *Gray, *YCbCr of
// 4:2:0, *NRGBA or *RGBA, whose opacity is not looked at, all with their corner at
// 0, 0. Of any other it writes nothing and reports false.
func (p *pools) encodeJPEG(w io.Writer, img std.Image, quality int) (done bool, err error) {
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
	e := p.jpeg()
	defer p.doneJPEG(e)
	e.w, e.buf, e.bits.word, e.bits.count, e.bits.at = w, e.buf[:0], 0, 0, 0
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
		for _, place := range zigzag {
			e.buf = append(e.buf, steps[place])
		}
		for i, step := range steps {
			e.scale[t][i] = 1 / (float32(step) * 8 * dctScale[i>>3] * dctScale[i&7])
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
	e.bits.put(0x7f, 7)
	e.buf = e.bits.stuffed(e.buf)
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
	if e.bits.at > jpegScan-jpegUnit {
		e.buf = e.bits.stuffed(e.buf)
		if len(e.buf) >= jpegPiece {
			e.flush()
		}
	}
}

// block writes the 8×8 samples at the beginning of pix by one of the two tables. It
// gives the block's DC, from which the next one's is told.
func (e *jpegWriter) block(table int, pix []byte, stride int, before int32) int32 {
	rows(&e.half, pix, stride)
	some := columns(&e.steps, &e.half, &e.scale[table], &e.tables.places)
	return e.code(&e.tables.codes[2*table], &e.tables.codes[2*table+1], some, before)
}
