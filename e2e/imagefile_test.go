package e2e

import (
	"bytes"
	"compress/zlib"
	endian "encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

// This file writes images with what cameras and editors put into them, which
// Go's encoders leave out.

// quarters is the picture of the image tests: red and green above, blue and
// white below, so that its corners tell which way it lies.
func quarters(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, corner(x >= w/2, y >= h/2))
		}
	}
	return m
}

func corner(right, below bool) color.RGBA {
	switch {
	case right && below:
		return color.RGBA{255, 255, 255, 255}
	case right:
		return color.RGBA{0, 255, 0, 255}
	case below:
		return color.RGBA{0, 0, 255, 255}
	}
	return color.RGBA{255, 0, 0, 255}
}

// jpegSegment is one marker segment.
func jpegSegment(marker byte, payload string) []byte {
	return append(endian.BigEndian.AppendUint16([]byte{0xFF, marker}, uint16(len(payload)+2)), payload...)
}

// exif is a block of Exif data: which way is up, who took it, and where.
func exif(orientation int) string {
	le := endian.LittleEndian
	entry := func(b []byte, tag, kind uint16, count, value uint32) []byte {
		b = le.AppendUint16(le.AppendUint16(b, tag), kind)
		return le.AppendUint32(le.AppendUint32(b, count), value)
	}
	artist := secretPerson + "\x00"
	const ifd0, gps = 8, 8 + 2 + 3*12 + 4
	const words = gps + 2 + 2*12 + 4
	b := le.AppendUint32([]byte("II*\x00"), ifd0)
	b = le.AppendUint16(b, 3)
	b = entry(b, 0x0112, 3, 1, uint32(orientation))
	b = entry(b, 0x013B, 2, uint32(len(artist)), words)
	b = entry(b, 0x8825, 4, 1, gps)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint16(b, 2)
	b = entry(b, 1, 2, 2, uint32('N'))
	b = entry(b, 2, 5, 3, words+uint32(len(artist)))
	b = le.AppendUint32(b, 0)
	b = append(b, artist...)
	for _, n := range []uint32{48, 1, 51, 1, 27, 1} {
		b = le.AppendUint32(b, n)
	}
	return string(b)
}

const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description exif:GPSLatitude="48,51.45N" creator="` + secretPerson + `"/></x:xmpmeta>`

// iccProfile is a profile of a screen with nothing in it but its name.
var iccProfile = func() []byte {
	p := make([]byte, 128, 200)
	copy(p[12:], "mntrRGB XYZ ")
	copy(p[36:], "acsp")
	p = endian.BigEndian.AppendUint32(p, 1)
	p = append(p, "desc"...)
	p = endian.BigEndian.AppendUint32(p, 144)
	p = endian.BigEndian.AppendUint32(p, 24)
	p = append(p, "desc\x00\x00\x00\x00\x00\x00\x00\x0bcanary icc\x00\x00"...)
	endian.BigEndian.PutUint32(p, uint32(len(p)))
	return p
}()

// withSegments puts marker segments at the beginning of a JPEG.
func withSegments(file []byte, segments ...[]byte) []byte {
	return append(append([]byte{0xFF, 0xD8}, bytes.Join(segments, nil)...), file[2:]...)
}

// photograph is a JPEG with all that cameras and editors write into one.
func photograph(m image.Image, orientation int) []byte {
	file := encoded(func(b *bytes.Buffer) error { return jpeg.Encode(b, m, &jpeg.Options{Quality: 95}) })
	return withSegments(file,
		jpegSegment(0xE1, "Exif\x00\x00"+exif(orientation)), jpegSegment(0xE1, "http://ns.adobe.com/xap/1.0/\x00"+xmp),
		jpegSegment(0xE2, "ICC_PROFILE\x00\x01\x01"+string(iccProfile)),
		jpegSegment(0xED, "Photoshop 3.0\x00"+secretPerson), jpegSegment(0xFE, secretPerson))
}

// pngChunk is one chunk of a PNG.
func pngChunk(kind, data string) []byte {
	b := endian.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return endian.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// pngOf is a PNG with more chunks behind its header.
func pngOf(m image.Image, more ...[]byte) []byte {
	const header = 8 + 12 + 13
	file := encoded(func(b *bytes.Buffer) error { return png.Encode(b, m) })
	return bytes.Join([][]byte{file[:header], bytes.Join(more, nil), file[header:]}, nil)
}

func deflated(b []byte) string {
	return string(encoded(func(out *bytes.Buffer) error {
		z := zlib.NewWriter(out)
		_, _ = z.Write(b)
		return z.Close()
	}))
}

// webpOf has ffmpeg encode a PNG, and puts Exif, XMP and a profile around it.
func webpOf(t *testing.T, w, h int) []byte {
	t.Helper()
	source := written(t, "quarters.png", pngOf(quarters(w, h)))
	simple := film(t, "webp", "-i", source, "-c:v", "libwebp", "-quality", "95")
	chunk := func(kind, data string) []byte {
		b := append(endian.LittleEndian.AppendUint32([]byte(kind), uint32(len(data))), data...)
		return append(b, make([]byte, len(data)%2)...)
	}
	size := []byte{byte(w - 1), byte((w - 1) >> 8), 0, byte(h - 1), byte((h - 1) >> 8), 0}
	const profileAndExifAndXMP = 0x20 | 0x08 | 0x04
	body := bytes.Join([][]byte{
		[]byte("WEBP"), chunk("VP8X", string(append([]byte{profileAndExifAndXMP, 0, 0, 0}, size...))),
		chunk("ICCP", string(iccProfile)), simple[12:], chunk("EXIF", exif(1)), chunk("XMP ", xmp),
	}, nil)
	return append(endian.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// progressive is a grey JPEG of 8×8 blocks, cols×rows of them, dark on the left
// and light on the right, in one progressive scan. Go and ffmpeg write none.
func progressive(cols, rows int) []byte {
	frame := []byte{8, 0, byte(8 * rows), 0, byte(8 * cols), 1, 1, 0x11, 0}
	file := bytes.Join([][]byte{
		{0xFF, 0xD8},
		jpegSegment(0xDB, "\x00"+strings.Repeat("\x08", 64)), jpegSegment(0xC2, string(frame)),
		// Two codes of one bit: 0 for "as before", 10 for a difference of 7 bits.
		jpegSegment(0xC4, "\x00\x01\x01"+strings.Repeat("\x00", 14)+"\x00\x07"), jpegSegment(0xDA, "\x01\x01\x00\x00\x00\x00"),
	}, nil)
	bits := ""
	for range rows {
		for x := range cols {
			switch {
			case x == 0 && len(bits) == 0: // 128 - 64
				bits += "10" + fmt.Sprintf("%07b", 127-64)
			case x == 0: // back to dark
				bits += "10" + fmt.Sprintf("%07b", 127-100)
			case x == cols/2: // to light
				bits += "10" + fmt.Sprintf("%07b", 100)
			default:
				bits += "0"
			}
		}
	}
	bits += strings.Repeat("1", (8-len(bits)%8)%8)
	for ; len(bits) > 0; bits = bits[8:] {
		var b byte
		_, _ = fmt.Sscanf(bits[:8], "%08b", &b)
		if file = append(file, b); b == 0xFF {
			file = append(file, 0)
		}
	}
	return append(file, 0xFF, 0xD9)
}
