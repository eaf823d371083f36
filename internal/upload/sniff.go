package upload

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"magpie/internal/media"
)

// sniffLen is how much of a file's start sniff looks at, and is best given.
const sniffLen = 64 << 10

// sniff says what a file of size bytes is by its first bytes: one of the
// fifteen types, or "" for anything else. It looks for a whole signature with
// the structure behind it, so that text which begins like a signature is not
// taken for the format. That a file is whole or can be decoded it does not say.
//
// A progressive JPEG is image/jpeg: image/pjpeg is a way to declare one, not a
// kind of bytes. HEIC, AVIF and audio share MP4's container and are not MP4.
func sniff(head []byte, size int64) media.Type {
	head = head[:min(len(head), sniffLen)]
	switch {
	case isGLB(head):
		return media.GLB
	case isUSDZ(head):
		return media.USDZ
	case isBMP(head):
		return media.BMP
	case isGIF(head):
		return media.GIF
	case isWebM(head):
		return media.WebM
	case isWebP(head, size):
		return media.WebP
	}
	if t := sniffBoxes(head, size); t != "" {
		return t
	}
	switch guess := mimetype.Detect(head); {
	case guess.Is("image/png"), guess.Is("image/apng"):
		return media.PNG
	case guess.Is("image/jpeg"):
		return media.JPEG
	case guess.Is("image/tiff"):
		return media.TIFF
	}
	if isMPEGTS(head) {
		return media.MPEGTS
	}
	return sniffText(head)
}

// isGLB wants binary glTF of version 2 whose first chunk is its JSON.
func isGLB(b []byte) bool {
	return len(b) >= 20 && string(b[:4]) == "glTF" &&
		binary.LittleEndian.Uint32(b[4:]) == 2 && string(b[16:20]) == "JSON"
}

// isUSDZ wants a ZIP archive whose first entry is stored as it is and is a USD
// layer by its bytes as well as by its name.
func isUSDZ(b []byte) bool {
	const fixed = 30 // of a local file header
	if len(b) < fixed || string(b[:4]) != "PK\x03\x04" {
		return false
	}
	encrypted := b[6]&1 != 0
	stored := binary.LittleEndian.Uint16(b[8:]) == 0
	name := int(binary.LittleEndian.Uint16(b[26:]))
	data := fixed + name + int(binary.LittleEndian.Uint16(b[28:]))
	if encrypted || !stored || data > len(b) {
		return false
	}
	layer := b[data:]
	switch s := strings.ToLower(string(b[fixed : fixed+name])); {
	case strings.HasSuffix(s, ".usdc"):
		return bytes.HasPrefix(layer, []byte("PXR-USDC"))
	case strings.HasSuffix(s, ".usda"):
		return bytes.HasPrefix(layer, []byte("#usda"))
	case strings.HasSuffix(s, ".usd"):
		return bytes.HasPrefix(layer, []byte("PXR-USDC")) || bytes.HasPrefix(layer, []byte("#usda"))
	}
	return false
}

// isBMP wants a known header with dimensions, one plane and a bit depth that
// exists.
func isBMP(b []byte) bool {
	if len(b) < 30 || b[0] != 'B' || b[1] != 'M' {
		return false
	}
	header := binary.LittleEndian.Uint32(b[14:])
	var width, height int64
	var planes, depth uint16
	switch header {
	case 12: // of OS/2 1.x
		width, height = int64(binary.LittleEndian.Uint16(b[18:])), int64(binary.LittleEndian.Uint16(b[20:]))
		planes, depth = binary.LittleEndian.Uint16(b[22:]), binary.LittleEndian.Uint16(b[24:])
	case 16, 40, 52, 56, 64, 108, 124:
		width, height = int64(int32(binary.LittleEndian.Uint32(b[18:]))), int64(int32(binary.LittleEndian.Uint32(b[22:])))
		planes, depth = binary.LittleEndian.Uint16(b[26:]), binary.LittleEndian.Uint16(b[28:])
	default:
		return false
	}
	return width > 0 && height != 0 && planes == 1 && // top-down images have a negative height
		slices.Contains([]uint16{0, 1, 2, 4, 8, 16, 24, 32}, depth) &&
		binary.LittleEndian.Uint32(b[10:]) >= 14+header
}

// isGIF wants the first block to be an extension or an image, behind the
// screen's descriptor and colours: six letters alone may begin a text.
func isGIF(b []byte) bool {
	if len(b) < 13 || string(b[:6]) != "GIF87a" && string(b[:6]) != "GIF89a" {
		return false
	}
	colours := func(flags byte) int {
		if flags&0x80 == 0 {
			return 0
		}
		return 3 << (flags&7 + 1)
	}
	b = b[13:][min(colours(b[10]), len(b)-13):]
	if len(b) >= 2 && b[0] == '!' {
		return b[1] == 0x01 || b[1] >= 0xF9
	}
	if len(b) < 10 || b[0] != ',' {
		return false
	}
	codeSize := 10 + colours(b[9])
	return codeSize < len(b) && b[codeSize] >= 1 && b[codeSize] <= 12
}

// isWebP wants a length that the file can hold, or one that is no text.
func isWebP(b []byte, size int64) bool {
	return len(b) >= 16 && string(b[:4]) == "RIFF" && string(b[8:15]) == "WEBPVP8" &&
		(b[7] == 0 || 8+int64(binary.LittleEndian.Uint32(b[4:])) <= size)
}

// isWebM wants an EBML header whose document type is webm; other Matroska
// files hold what browsers do not play.
func isWebM(b []byte) bool {
	const ebml, docType = 0x1A45DFA3, 0x4282
	id, b := vint(b, 4, true)
	if id != ebml {
		return false
	}
	n, b := vint(b, 8, false)
	b = b[:min(n, uint64(len(b)))]
	for len(b) > 0 {
		id, b = vint(b, 4, true)
		n, b = vint(b, 8, false)
		n = min(n, uint64(len(b)))
		if id == docType {
			return string(bytes.TrimRight(b[:n], "\x00")) == "webm"
		}
		b = b[n:]
	}
	return false
}

// vint reads one of EBML's numbers of 1 to limit bytes, whose leading zero
// bits tell its length. An id keeps its marker bit. Where there is none it
// gives 0 and no rest.
func vint(b []byte, limit int, id bool) (uint64, []byte) {
	for n := 1; n <= limit && n <= len(b); n++ {
		marker := byte(0x80) >> (n - 1)
		if b[0]&marker == 0 {
			continue
		}
		v := uint64(b[0])
		if !id {
			v &^= uint64(marker)
		}
		for _, c := range b[1:n] {
			v = v<<8 | uint64(c)
		}
		return v, b[n:]
	}
	return 0, nil
}

// isMPEGTS wants packets of 188 bytes, bare, with the four bytes before each
// that Blu-ray and AVCHD put there (192), or with error correction behind
// (204). The first may be cut. One of them must begin a program table or an
// elementary stream.
func isMPEGTS(b []byte) bool {
	for _, stride := range []int{188, 192, 204} {
		for off := range min(stride, len(b)) {
			if isPackets(b[off:], stride) {
				return true
			}
		}
	}
	return false
}

func isPackets(b []byte, stride int) bool {
	const packet, enough = 188, 8
	whole := 0
	begins := false
	for ; len(b) >= packet; b = b[min(stride, len(b)):] {
		p := b[:packet]
		control := p[3] >> 4 & 3 // 1 payload, 2 adaptation field, 3 both
		if p[0] != 0x47 || control == 0 {
			break
		}
		whole++
		if p[1]&0x40 == 0 || control == 2 { // no payload begins here
			continue
		}
		payload := p[4:]
		if control == 3 {
			payload = payload[min(1+int(payload[0]), len(payload)):]
		}
		pid := binary.BigEndian.Uint16(p[1:]) & 0x1FFF
		begins = begins || bytes.HasPrefix(payload, []byte{0, 0, 1}) ||
			pid == 0 && bytes.HasPrefix(payload, []byte{0, 0})
	}
	return begins && (whole >= enough || whole >= 3 && len(b) < packet)
}
