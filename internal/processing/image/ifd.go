package image

import (
	"encoding/binary"
	"errors"
	"io"
)

// Tags of TIFF and EXIF that are read here.
const (
	tagCompression  = 259
	tagOrientation  = 274
	tagRowsPerStrip = 278
	tagTileWidth    = 322
	tagTileLength   = 323
	tagProfile      = 34675
)

const ifdEntrySize = 12

var errNotTIFF = errors.New("not a TIFF structure")

// ifd is the first directory of a TIFF structure, as a TIFF file and an EXIF
// block hold it.
type ifd struct {
	order   binary.ByteOrder
	entries []byte // ifdEntrySize bytes each
}

// readIFD reads the first directory. It holds at most 65,535 entries of twelve
// bytes; what they point at is not read.
func readIFD(r io.ReaderAt) (*ifd, error) {
	var b [8]byte
	if _, err := r.ReadAt(b[:], 0); err != nil {
		return nil, err
	}
	var d ifd
	switch string(b[:2]) {
	case "II":
		d.order = binary.LittleEndian
	case "MM":
		d.order = binary.BigEndian
	default:
		return nil, errNotTIFF
	}
	if d.order.Uint16(b[2:]) != 42 {
		return nil, errNotTIFF
	}
	at := int64(d.order.Uint32(b[4:]))
	if _, err := r.ReadAt(b[:2], at); err != nil {
		return nil, err
	}
	d.entries = make([]byte, int(d.order.Uint16(b[:]))*ifdEntrySize)
	n, err := r.ReadAt(d.entries, at+2)
	if n < len(d.entries) {
		return nil, err
	}
	return &d, nil
}

// entry gives type, count and value field of the first entry with the tag.
func (d *ifd) entry(tag uint16) (kind uint16, count uint32, value []byte, ok bool) {
	for e := d.entries; len(e) >= ifdEntrySize; e = e[ifdEntrySize:] {
		if d.order.Uint16(e) == tag {
			return d.order.Uint16(e[2:]), d.order.Uint32(e[4:]), e[8:12], true
		}
	}
	return 0, 0, nil, false
}

// number gives the first value of an entry of whole numbers that holds it in
// place, and otherwise what to use without it.
func (d *ifd) number(tag uint16, otherwise uint32) uint32 {
	kind, count, value, ok := d.entry(tag)
	if !ok || count == 0 {
		return otherwise
	}
	switch {
	case kind == 1 && count <= 4: // BYTE
		return uint32(value[0])
	case kind == 3 && count <= 2: // SHORT
		return uint32(d.order.Uint16(value))
	case kind == 4 && count == 1: // LONG
		return d.order.Uint32(value)
	}
	return otherwise
}

// orientation gives the orientation that the directory states, or upright.
func (d *ifd) orientation() orientation {
	if n := d.number(tagOrientation, 1); n >= 1 && n <= 8 {
		return orientation(n)
	}
	return upright
}
