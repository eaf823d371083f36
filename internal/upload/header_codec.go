package upload

import "encoding/binary"

// takeDescription reads the descriptions of a track's samples: format, sides,
// and the parameters of H.264 and HEVC where they are within the piece.
func (t *track) takeDescription(b []byte) bool {
	const fixed, visual = 8, 86 // before the first, and before its own boxes
	if len(b) < fixed+8 || t.codec != "" {
		return false
	}
	t.descriptions = binary.BigEndian.Uint32(b[4:])
	t.codec = string(b[12:16])
	b = b[fixed:]
	if n := binary.BigEndian.Uint32(b); n < 8 {
		return false
	} else if int64(n) < int64(len(b)) {
		b = b[:n]
	}
	if len(b) < visual || t.handler != "vide" {
		return true // the handler comes first, or nothing is said of pictures
	}
	t.width, t.height = int(binary.BigEndian.Uint16(b[32:])), int(binary.BigEndian.Uint16(b[34:]))
	for b = b[visual:]; len(b) >= 8; {
		n := int64(binary.BigEndian.Uint32(b))
		if n < 8 || n > int64(len(b)) {
			t.codedW, t.codedH = 0, 0 // what follows may say otherwise
			break
		}
		body := b[8:n]
		switch string(b[4:8]) {
		case "avcC":
			t.codedW, t.codedH, _ = avcSize(firstAVC(body))
		case "hvcC":
			t.codedW, t.codedH, _ = hevcSize(firstHEVC(body))
		case "pasp", "clap":
			if string(b[4:8]) == "clap" || len(body) < 8 || binary.BigEndian.Uint32(body) != binary.BigEndian.Uint32(body[4:]) {
				t.width, t.height = 0, 0 // shown otherwise than stored
			}
		}
		b = b[n:]
	}
	return true
}

// firstAVC gives the only sequence parameter set of an avcC (ISO/IEC 14496-15,
// 5.3.3.1), or nil.
func firstAVC(b []byte) []byte {
	if len(b) < 8 || b[0] != 1 || b[5]&0x1F != 1 {
		return nil
	}
	n := int(binary.BigEndian.Uint16(b[6:]))
	return b[8:min(8+n, len(b))]
}

// firstHEVC gives the only sequence parameter set of an hvcC (8.3.3.1), or nil.
func firstHEVC(b []byte) []byte {
	const fixed, parameters = 23, 33
	if len(b) < fixed || b[0] != 1 {
		return nil
	}
	var found []byte
	arrays := int(b[22])
	for b = b[fixed:]; arrays > 0 && len(b) >= 3; arrays-- {
		kind, units := b[0]&0x3F, int(binary.BigEndian.Uint16(b[1:]))
		b = b[3:]
		for ; units > 0; units-- {
			if len(b) < 2 {
				return nil
			}
			n := int(binary.BigEndian.Uint16(b))
			if 2+n > len(b) || kind == parameters && found != nil {
				return nil
			}
			if kind == parameters {
				found = b[2 : 2+n]
			}
			b = b[2+n:]
		}
	}
	return found
}
