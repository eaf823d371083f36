package upload

import (
	"encoding/binary"

	"magpie/internal/media"
)

// pictureSize reads width and height from the header of an image, as it is
// stored, if head has it whole. A TIFF keeps them anywhere, and of videos several
// parts speak: those a header finds.
func pictureSize(head []byte, t media.Type) (width, height int, ok bool) {
	switch t {
	case media.PNG:
		if len(head) < 24 || string(head[12:16]) != "IHDR" {
			return 0, 0, false
		}
		return int(binary.BigEndian.Uint32(head[16:])), int(binary.BigEndian.Uint32(head[20:])), true
	case media.GIF:
		if len(head) < 10 {
			return 0, 0, false
		}
		return int(binary.LittleEndian.Uint16(head[6:])), int(binary.LittleEndian.Uint16(head[8:])), true
	case media.BMP:
		return bmpSize(head)
	case media.WebP:
		return webpSize(head)
	case media.JPEG, media.PJPEG:
		return jpegSize(head)
	}
	return 0, 0, false
}

// bmpSize reads what isBMP has looked at.
func bmpSize(b []byte) (width, height int, ok bool) {
	if !isBMP(b) {
		return 0, 0, false
	}
	if binary.LittleEndian.Uint32(b[14:]) == 12 {
		return int(binary.LittleEndian.Uint16(b[18:])), int(binary.LittleEndian.Uint16(b[20:])), true
	}
	height = int(int32(binary.LittleEndian.Uint32(b[22:])))
	return int(int32(binary.LittleEndian.Uint32(b[18:]))), max(height, -height), true
}

// webpSize reads the first chunk: the canvas, or the only picture.
func webpSize(b []byte) (width, height int, ok bool) {
	if len(b) < 30 {
		return 0, 0, false
	}
	switch string(b[12:16]) {
	case "VP8X":
		return 1 + int(uint24(b[24:])), 1 + int(uint24(b[27:])), true
	case "VP8L":
		bits := binary.LittleEndian.Uint32(b[21:])
		return 1 + int(bits&0x3FFF), 1 + int(bits>>14&0x3FFF), b[20] == 0x2F
	case "VP8 ":
		const mask = 0x3FFF // above it is how to scale, which nobody does
		return int(binary.LittleEndian.Uint16(b[26:]) & mask), int(binary.LittleEndian.Uint16(b[28:]) & mask),
			uint24(b[23:]) == 0x2A019D
	}
	return 0, 0, false
}

func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

// jpegSize walks over the segments to the first frame's header.
func jpegSize(b []byte) (width, height int, ok bool) {
	for b = b[min(2, len(b)):]; len(b) >= 9; {
		marker := b[1]
		switch {
		case b[0] != 0xFF:
			return 0, 0, false
		case marker == 0xFF: // fill
			b = b[1:]
			continue
		case marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC:
			height, width = int(binary.BigEndian.Uint16(b[5:])), int(binary.BigEndian.Uint16(b[7:]))
			return width, height, height > 0 // 0: said behind the first scan
		case marker < 0xC0, marker >= 0xD0 && marker <= 0xDA: // a scan, or nothing that belongs here
			return 0, 0, false
		}
		b = b[min(2+int(binary.BigEndian.Uint16(b[2:])), len(b)):]
	}
	return 0, 0, false
}
