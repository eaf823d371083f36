package upload

import (
	"encoding/binary"
	"slices"

	"magpie/internal/media"
)

// notVideo lists the brands of files in MP4's container that hold no video:
// stills (HEIF, AVIF, JPEG 2000, JPEG XL, Canon's raw) and sound.
var notVideo = []string{
	"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs",
	"mif1", "mif2", "msf1", "miaf", "avif", "avis", "avci", "avcs", "1pic",
	"jpeg", "jpgs", "jp2 ", "jpx ", "jpm ", "mj2s", "mjp2", "jxl ", "crx ",
	"M4A ", "M4B ", "M4P ", "F4A ", "F4B ",
}

// sniffBoxes tells MP4 from QuickTime by the main brand. Files without one are
// QuickTime's as they were before there were brands: boxes from the start,
// among which the movie or its data.
func sniffBoxes(head []byte, size int64) media.Type {
	const header = 8
	b := head
	for passed := int64(0); len(b) >= header; {
		length := int64(binary.BigEndian.Uint32(b))
		kind := string(b[4:8])
		if kind == "ftyp" {
			if length < 12 || length > 4096 || len(b) < 12 {
				return ""
			}
			return brandType(string(b[8:12]))
		}
		if length == 1 && len(b) >= 16 {
			length = int64(min(binary.BigEndian.Uint64(b[8:]), 1<<62))
		}
		if length < header && (length != 0 || kind != "mdat") { // 0: to the end
			return ""
		}
		// Binary, or a length that the file can hold: text is neither.
		if b[0] != 0 && length > size-passed {
			return ""
		}
		switch kind {
		case "moov", "mdat":
			return media.QuickTime
		case "free", "skip", "wide", "pnot":
		default:
			return ""
		}
		if length > int64(len(b)) {
			if int64(len(head)) < size {
				return media.QuickTime // space longer than what is at hand
			}
			return ""
		}
		b = b[length:]
		passed += length
	}
	return ""
}

func brandType(brand string) media.Type {
	for _, c := range []byte(brand) {
		if c < ' ' || c > '~' {
			return ""
		}
	}
	switch {
	case brand == "qt  ", brand == "mqt ":
		return media.QuickTime
	case slices.Contains(notVideo, brand):
		return ""
	}
	return media.MP4
}
