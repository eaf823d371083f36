package model

import (
	"bytes"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"
	"strings"
)

// archive puts an archive of members together and gives its length. It reads
// them when it is read itself, and fails where one isn't what its sum says.
func archive(src source, members []member) (io.Reader, int64) {
	var parts []io.Reader
	var list []byte
	at := int64(0)
	for _, m := range members {
		header := m.localHeader(at)
		list = append(list, m.centralHeader(at)...)
		parts = append(parts, bytes.NewReader(header), &summed{r: src.section(m.data, m.size), left: m.size, m: m, sum: crc32.NewIEEE()})
		at += int64(len(header)) + m.size
	}
	le := binary.LittleEndian
	end := append([]byte(endSign), 0, 0, 0, 0)
	end = le.AppendUint16(le.AppendUint16(end, uint16(len(members))), uint16(len(members)))
	end = le.AppendUint32(le.AppendUint32(end, uint32(len(list))), uint32(at))
	end = append(end, 0, 0)
	return io.MultiReader(append(parts, bytes.NewReader(list), bytes.NewReader(end))...), at + int64(len(list)+len(end))
}

// common is what both headers of a member hold: version 1.0, its flags, stored,
// the first day that the format knows, sum, sizes, and the length of its name.
func (m member) common() []byte {
	le := binary.LittleEndian
	b := []byte{10, 0, 0, 0, 0, 0, 0, 0, 1<<5 | 1, 0}
	if strings.ContainsFunc(m.name, func(r rune) bool { return r > 126 }) {
		b[3] = 1 << 3 // the name is UTF-8
	}
	b = le.AppendUint32(b, m.crc)
	b = le.AppendUint32(le.AppendUint32(b, uint32(m.size)), uint32(m.size))
	return le.AppendUint16(b, uint16(len(m.name)))
}

// localHeader is padded so that the member's bytes are aligned, when it stands
// at that place.
func (m member) localHeader(at int64) []byte {
	const field, padding = 4, 0x1986 // Pixar's number for the padding field
	bare := at + int64(localSize+len(m.name))
	pad := int((alignment - bare%alignment) % alignment)
	if pad > 0 && pad < field {
		pad += alignment
	}
	le := binary.LittleEndian
	b := le.AppendUint16(append([]byte(localSign), m.common()...), uint16(pad))
	b = append(b, m.name...)
	if pad > 0 {
		b = le.AppendUint16(le.AppendUint16(b, padding), uint16(pad-field))
		b = append(b, make([]byte, pad-field)...)
	}
	return b
}

func (m member) centralHeader(at int64) []byte {
	b := append([]byte(centralSign), 10, 0)
	b = append(b, m.common()...)
	b = append(b, make([]byte, 12)...) // no extra fields, comment, part or attributes
	b = binary.LittleEndian.AppendUint32(b, uint32(at))
	return append(b, m.name...)
}

// summed reads a member, and fails at its end if its sum is not the one it was
// listed with.
type summed struct {
	r    io.Reader
	left int64
	m    member
	sum  hash.Hash32
}

func (s *summed) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	_, _ = s.sum.Write(p[:n])
	s.left -= int64(n)
	switch {
	case err == io.EOF && s.left > 0:
		return n, io.ErrUnexpectedEOF // the store holds less than it says
	case s.left == 0 && s.sum.Sum32() != s.m.crc:
		return 0, broken("the bytes of the member %s do not have the sum that it is listed with", quoted(s.m.name))
	}
	return n, err
}
