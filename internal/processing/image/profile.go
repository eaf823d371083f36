package image

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
)

// maxProfile bounds the colour profile that is kept, because every size of the
// picture carries it. Profiles of cameras and screens have a few kilobytes.
const maxProfile = 1 << 20

// maxInkProfile bounds that of a picture of four inks, whose tables are long. Of
// its sizes only orig carries it.
const maxInkProfile = 4 << 20

const (
	profileHeaderSize = 128
	profileTagSize    = 12
)

// colourSpace is the pixels' colour space in the four letters of an ICC
// profile's header.
type colourSpace string

const (
	spaceRGB  colourSpace = "RGB "
	spaceGrey colourSpace = "GRAY"
	spaceCMYK colourSpace = "CMYK" // of JPEGs with four components, and TIFFs
)

// profileFor gives the profile to write beside pixels of the given space, or
// nil where raw is no sound profile for them: too long, not an ICC profile,
// shorter than it claims, of another colour space or not of a device, or with a
// tag that points outside it. Bytes after the length it claims are dropped.
func profileFor(raw []byte, space colourSpace) []byte {
	most := maxProfile
	if space == spaceCMYK {
		most = maxInkProfile
	}
	if len(raw) < profileHeaderSize+4 || len(raw) > most {
		return nil
	}
	size := binary.BigEndian.Uint32(raw)
	if size < profileHeaderSize+4 || uint64(size) > uint64(len(raw)) {
		return nil
	}
	p := raw[:size]
	if string(p[36:40]) != "acsp" || string(p[16:20]) != string(space) {
		return nil
	}
	switch string(p[12:16]) { // what the profile is of
	case "mntr", "scnr", "prtr", "spac":
	default:
		return nil
	}
	count := binary.BigEndian.Uint32(p[profileHeaderSize:])
	tags := p[profileHeaderSize+4:]
	if uint64(count)*profileTagSize > uint64(len(tags)) {
		return nil
	}
	for i := range count {
		tag := tags[i*profileTagSize:]
		at, n := binary.BigEndian.Uint32(tag[4:]), binary.BigEndian.Uint32(tag[8:])
		if uint64(at)+uint64(n) > uint64(size) {
			return nil
		}
	}
	return p
}

// jpegProfileMark begins every JPEG segment that carries a piece of a profile.
const jpegProfileMark = "ICC_PROFILE\x00"

// jpegProfilePiece is the most of a profile that one JPEG segment holds: 65,535
// less the length, the mark, the number and the count.
const jpegProfilePiece = 65535 - 2 - len(jpegProfileMark) - 2

// jpegProfile collects a profile from a JPEG's APP2 segments, which number
// themselves from 1 and may come in any order.
type jpegProfile struct {
	pieces [256][]byte
	count  byte
	got    int
	size   int
	broken bool
}

// add takes the payload of one APP2 segment. Segments of other use are ignored.
func (c *jpegProfile) add(payload []byte) {
	rest, ok := bytes.CutPrefix(payload, []byte(jpegProfileMark))
	if !ok || c.broken {
		return
	}
	if len(rest) < 3 || rest[0] == 0 || rest[0] > rest[1] ||
		c.count != 0 && c.count != rest[1] || c.pieces[rest[0]] != nil ||
		c.size+len(rest)-2 > maxInkProfile {
		c.broken = true
		c.pieces = [256][]byte{}
		return
	}
	c.count = rest[1]
	c.pieces[rest[0]] = bytes.Clone(rest[2:])
	c.size += len(rest) - 2
	c.got++
}

// bytes gives the profile, or nil while a piece is missing or does not fit.
func (c *jpegProfile) bytes() []byte {
	if c.broken || c.got == 0 || c.got != int(c.count) {
		return nil
	}
	return bytes.Join(c.pieces[1:int(c.count)+1], nil)
}

// jpegProfileSegments gives the APP2 segments that carry a profile.
func jpegProfileSegments(profile []byte) []byte {
	var out []byte
	total := (len(profile) + jpegProfilePiece - 1) / jpegProfilePiece
	for i := 1; len(profile) > 0; i++ {
		piece := profile[:min(len(profile), jpegProfilePiece)]
		profile = profile[len(piece):]
		out = append(out, 0xff, 0xe2)
		out = binary.BigEndian.AppendUint16(out, uint16(2+len(jpegProfileMark)+2+len(piece)))
		out = append(out, jpegProfileMark...)
		out = append(out, byte(i), byte(total))
		out = append(out, piece...)
	}
	return out
}

// pngProfile reads the profile out of a PNG's iCCP chunk: a name, a zero, the
// compression method 0, and the profile under zlib. It inflates no more than
// maxProfile, and gives nil for anything that does not fit.
func pngProfile(chunk []byte) []byte {
	name := bytes.IndexByte(chunk, 0)
	if name < 1 || name > 79 || len(chunk) < name+2 || chunk[name+1] != 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(chunk[name+2:]))
	if err != nil {
		return nil
	}
	profile, err := io.ReadAll(io.LimitReader(z, maxProfile+1))
	if err != nil || len(profile) > maxProfile {
		return nil
	}
	return profile
}

// pngProfileChunk gives the iCCP chunk that carries a profile.
func pngProfileChunk(profile []byte) []byte {
	var data bytes.Buffer
	data.WriteString("ICC profile\x00\x00")
	z := zlib.NewWriter(&data)
	z.Write(profile) // into memory: neither call can fail
	z.Close()
	return pngChunk("iCCP", data.Bytes())
}
