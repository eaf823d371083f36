package upload

import "encoding/binary"

// tiffWalk looks for the two sides of a TIFF's first picture (TIFF 6.0, section
// 2): its directory may lie anywhere.
type tiffWalk struct {
	order   binary.ByteOrder
	entries int // of the directory that are not read yet; -1 before their number is known
	sides   [2]uint32
	last    uint16 // tag: they come in order, or the decoder takes none of it
	failed  bool
}

const tiffEntry = 12

func (w *tiffWalk) step(piece []byte, at int64) next {
	if w.order == nil {
		if w.order = binary.ByteOrder(binary.BigEndian); piece[0] == 'I' {
			w.order = binary.LittleEndian
		}
		w.entries = -1
		return next{int64(w.order.Uint32(piece[4:])) - at, 2}
	}
	if w.entries < 0 {
		w.entries = int(w.order.Uint16(piece))
		return next{0, min(w.entries, 1) * tiffEntry}
	}
	const imageWidth, imageLength = 256, 257
	tag := w.order.Uint16(piece)
	if w.failed = w.failed || tag <= w.last; w.failed {
		return next{}
	}
	w.last = tag
	if tag == imageWidth || tag == imageLength {
		w.sides[tag-imageWidth] = w.number(piece)
	}
	w.entries--
	if tag >= imageLength {
		return next{}
	}
	return next{0, min(w.entries, 1) * tiffEntry}
}

// number gives the one number of an entry, or 0.
func (w *tiffWalk) number(entry []byte) uint32 {
	if w.order.Uint32(entry[4:]) != 1 {
		return 0
	}
	switch w.order.Uint16(entry[2:]) {
	case 3: // SHORT
		return uint32(w.order.Uint16(entry[8:]))
	case 4: // LONG
		return w.order.Uint32(entry[8:])
	}
	return 0
}

// size gives width and height as they are stored.
func (w *tiffWalk) size() (width, height int, ok bool) {
	return int(w.sides[0]), int(w.sides[1]), !w.failed && w.sides[0] > 0 && w.sides[1] > 0
}
