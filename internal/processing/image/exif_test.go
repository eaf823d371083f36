package image

import (
	"bytes"
	"encoding/binary"
	"testing"
)

const exifMark = "Exif\x00\x00"

// exifBlock is an EXIF block with an orientation between two other tags, the
// last of which points at a GPS directory.
func exifBlock(o int, order binary.AppendByteOrder) string {
	b := []byte("MM")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		b = []byte("II")
	}
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 3)
	entry := func(tag, kind uint16, count uint32, value ...uint16) {
		b = order.AppendUint16(order.AppendUint16(b, tag), kind)
		b = order.AppendUint32(b, count)
		b = order.AppendUint16(order.AppendUint16(b, value[0]), value[1])
	}
	entry(0x0100, 3, 1, 77, 0)
	entry(0x0112, 3, 1, uint16(o), 0)
	entry(0x8825, 4, 1, 0, 50)
	b = order.AppendUint32(b, 0)
	return string(b) + "GPSSECRET"
}

func TestExifOrientation(t *testing.T) {
	for o := 1; o <= 8; o++ {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			for _, mark := range []string{"", exifMark} {
				if got := exifOrientation([]byte(mark + exifBlock(o, order))); got != orientation(o) {
					t.Errorf("orientation %d (%s, mark %q) is read as %d", o, order, mark, got)
				}
			}
		}
	}
}

func TestExifThatCantBeFollowed(t *testing.T) {
	whole := exifBlock(6, binary.BigEndian)
	for i := range len("MM\x00\x2a\x00\x00\x00\x08\x00\x03") + 3*ifdEntrySize {
		if got := exifOrientation([]byte(whole[:i])); got != upright {
			t.Errorf("the first %d bytes give %d", i, got)
		}
	}
	for _, o := range []int{0, 9, 256, 65535} {
		if got := exifOrientation([]byte(exifBlock(o, binary.BigEndian))); got != upright {
			t.Errorf("orientation %d is read as %d", o, got)
		}
	}
	far := []byte(whole)
	binary.BigEndian.PutUint32(far[4:], 0xfffffff0)
	if got := exifOrientation(far); got != upright {
		t.Errorf("a directory outside the block gives %d", got)
	}
}

func FuzzExifOrientation(f *testing.F) {
	f.Add([]byte(exifMark + exifBlock(6, binary.BigEndian)))
	f.Add([]byte(exifBlock(8, binary.LittleEndian)))
	f.Add([]byte("II*\x00\x08\x00\x00\x00\xff\xff"))
	f.Fuzz(func(t *testing.T, block []byte) {
		if o := exifOrientation(block); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
		if d, err := readIFD(bytes.NewReader(block)); err == nil && len(d.entries) > len(block) {
			t.Errorf("%d bytes of entries out of %d", len(d.entries), len(block))
		}
	})
}
