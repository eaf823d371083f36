package model

import (
	"encoding/binary"
	"math"
	"path"
	"strings"

	"magpie/internal/media"
)

// alignment is where the bytes of every member begin: at a multiple of it, so
// that a viewer can use them in place.
const alignment = 64

// Signatures and fixed lengths of a ZIP archive (PKWARE's APPNOTE, §4.3).
const (
	localSign, localSize     = "PK\x03\x04", 30
	centralSign, centralSize = "PK\x01\x02", 46
	endSign, endSize         = "PK\x05\x06", 22
)

// maxDirectory bounds the list of members, which is read whole.
const maxDirectory = 8 << 20

// member is one file in a USDZ.
type member struct {
	name   string
	crc    uint32
	size   int64
	header int64 // where its local header begins
	data   int64 // where its bytes begin
}

// examineUSDZ checks a USDZ. What is served is an archive of the same members
// in the same order, with headers of its own: times, comments and extra fields
// stay behind.
func examineUSDZ(src source) (found, error) {
	members, err := readUSDZ(src)
	if err != nil {
		return found{}, err
	}
	kinds := map[string]int{}
	for _, m := range members {
		if err := m.check(src); err != nil {
			return found{}, err
		}
		kinds[sortOf(m.name)]++
	}
	content, size := archive(src, members)
	if size > math.MaxUint32 {
		return found{}, refused("The model has %d bytes once its headers are in order; a USDZ has less than 4 GiB", size)
	}
	return found{
		rendition: media.Rendition{Role: media.RoleModel, Name: "model.usdz", ContentType: string(media.USDZ)},
		content:   content,
		size:      size,
		facts:     media.ModelFacts{Members: len(members), Layers: kinds["layer"], Images: kinds["picture"], Sounds: kinds["sound"]},
	}, nil
}

// readUSDZ reads the list of members at the end and holds it against what
// stands before each. Members must follow each other without a gap, in the
// order of the list, so that every byte of the file belongs to one reading of
// it alone.
func readUSDZ(src source) ([]member, error) {
	at, size, count, err := readEnd(src)
	if err != nil {
		return nil, err
	}
	list, err := src.bytes(at, size, "the list of members")
	if err != nil {
		return nil, err
	}
	members := make([]member, 0, min(count, len(list)/centralSize))
	names := map[string]bool{}
	next := int64(0)
	for range count {
		m, n, err := readCentral(list)
		if err != nil {
			return nil, err
		}
		list = list[n:]
		folded := strings.ToLower(m.name)
		switch {
		case names[folded]:
			return nil, broken("it has two members %s", quoted(m.name))
		case m.header != next:
			return nil, broken("the member %s begins at %d, and the one before it ends at %d", quoted(m.name), m.header, next)
		}
		names[folded] = true
		if err := m.readLocal(src); err != nil {
			return nil, err
		}
		next = m.data + m.size
		members = append(members, m)
	}
	if len(list) > 0 || next != at {
		return nil, broken("its members end at %d, and their list lies from %d to %d with %d bytes unused", next, at, at+size, len(list))
	}
	return members, nil
}

// readEnd reads the record that ends the archive and says where the list of
// members is.
func readEnd(src source) (at, size int64, count int, err error) {
	end, err := src.bytes(max(0, src.size-endSize), min(endSize, src.size), "the end of the archive")
	if err != nil {
		return 0, 0, 0, err
	}
	le := binary.LittleEndian
	if len(end) < endSize || string(end[:4]) != endSign || le.Uint16(end[20:]) != 0 {
		return 0, 0, 0, broken("it does not end as a ZIP archive without a comment does; it may be cut short, or go on after its end")
	}
	disk, listDisk, here, all := le.Uint16(end[4:]), le.Uint16(end[6:]), le.Uint16(end[8:]), le.Uint16(end[10:])
	size, at = int64(le.Uint32(end[12:])), int64(le.Uint32(end[16:]))
	switch {
	case all == 0xffff || size == 0xffffffff || at == 0xffffffff:
		return 0, 0, 0, refused("The model is a ZIP64 archive, which a USDZ can't be")
	case disk != 0 || listDisk != 0 || here != all:
		return 0, 0, 0, broken("it is one part of an archive of several")
	case all == 0:
		return 0, 0, 0, broken("the archive has no members")
	case size > maxDirectory:
		return 0, 0, 0, refused("The list of the archive's members has %d bytes; %d is the most that is accepted", size, maxDirectory)
	case at+size != src.size-endSize:
		return 0, 0, 0, broken("the list of members would lie from %d to %d, and the archive's end begins at %d", at, at+size, src.size-endSize)
	}
	return at, size, int(all), nil
}

// readCentral reads one entry of the list, and gives its length.
func readCentral(b []byte) (member, int, error) {
	le := binary.LittleEndian
	if len(b) < centralSize || string(b[:4]) != centralSign {
		return member{}, 0, broken("the list of members ends early")
	}
	nameLen, extraLen, commentLen := int(le.Uint16(b[28:])), int(le.Uint16(b[30:])), int(le.Uint16(b[32:]))
	whole := centralSize + nameLen + extraLen + commentLen
	if whole > len(b) {
		return member{}, 0, broken("the list of members ends early")
	}
	m := member{
		name: string(b[centralSize : centralSize+nameLen]),
		crc:  le.Uint32(b[16:]), size: int64(le.Uint32(b[24:])), header: int64(le.Uint32(b[42:])),
	}
	if err := checkName(m.name); err != nil {
		return m, 0, err
	}
	const unix, typeBits, link = 3, 0xf000, 0xa000
	mode := le.Uint32(b[38:]) >> 16
	switch {
	case b[5] == unix && mode&typeBits == link:
		return m, 0, broken("the member %s is a symbolic link", quoted(m.name))
	case m.size == 0xffffffff || m.header == 0xffffffff:
		return m, 0, refused("The member %s uses ZIP64, which a USDZ can't", quoted(m.name))
	case le.Uint16(b[34:]) != 0:
		return m, 0, broken("the member %s is in another part of an archive of several", quoted(m.name))
	}
	if err := checkStored(m.name, le.Uint16(b[8:]), le.Uint16(b[10:]), le.Uint32(b[20:]), le.Uint32(b[24:])); err != nil {
		return m, 0, err
	}
	return m, whole, checkExtra(m.name, b[centralSize+nameLen:centralSize+nameLen+extraLen])
}

// readLocal reads what stands before the member's bytes, which must say the
// same as the list.
func (m *member) readLocal(src source) error {
	b, err := src.bytes(m.header, localSize, "the header of "+quoted(m.name))
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	if string(b[:4]) != localSign {
		return broken("there is no member at %d, where the list has %s", m.header, quoted(m.name))
	}
	nameLen, extraLen := int64(le.Uint16(b[26:])), int64(le.Uint16(b[28:]))
	rest, err := src.bytes(m.header+localSize, nameLen+extraLen, "the header of "+quoted(m.name))
	if err != nil {
		return err
	}
	m.data = m.header + localSize + nameLen + extraLen
	switch {
	case string(rest[:nameLen]) != m.name:
		return broken("the list has a member %s at %d, where it is called %s", quoted(m.name), m.header, quoted(string(rest[:nameLen])))
	case le.Uint32(b[14:]) != m.crc || int64(le.Uint32(b[22:])) != m.size:
		return broken("the list and the header of the member %s differ", quoted(m.name))
	case m.data%alignment != 0:
		return broken("the bytes of the member %s begin at %d, which is no multiple of %d", quoted(m.name), m.data, alignment)
	case m.size > src.size-m.data:
		return broken("the member %s would have %d bytes at %d, and the file has %d", quoted(m.name), m.size, m.data, src.size)
	}
	if err := checkStored(m.name, le.Uint16(b[6:]), le.Uint16(b[8:]), le.Uint32(b[18:]), le.Uint32(b[22:])); err != nil {
		return err
	}
	return checkExtra(m.name, rest[nameLen:])
}

// checkStored wants a member's bytes as they are, where its header says.
func checkStored(name string, flags, method uint16, stored, size uint32) error {
	const encrypted, sizesFollow, strong, utf8Name = 1, 1 << 3, 1 << 6, 1 << 11
	switch {
	case flags&(encrypted|strong) != 0:
		return broken("the member %s is encrypted", quoted(name))
	case flags&sizesFollow != 0:
		return broken("the member %s has its sizes behind it, not before", quoted(name))
	case flags&^utf8Name != 0:
		return broken("the member %s has the flags %#x, and none may be set", quoted(name), flags)
	case method != 0:
		return broken("the member %s is compressed (method %d); a USDZ stores its members as they are", quoted(name), method)
	case stored != size:
		return broken("the member %s has %d bytes and is said to become %d", quoted(name), stored, size)
	}
	return nil
}

// checkExtra walks extra fields, which pad the headers, and refuses those that
// would make another member of this one.
func checkExtra(name string, b []byte) error {
	const zip64, unicodePath = 0x0001, 0x7075
	for len(b) >= 4 {
		id, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if n > len(b)-4 {
			break
		}
		switch id {
		case zip64:
			return refused("The member %s uses ZIP64, which a USDZ can't", quoted(name))
		case unicodePath:
			return broken("the member %s has a second name", quoted(name))
		}
		b = b[4+n:]
	}
	if len(b) > 0 {
		return broken("the extra fields of the member %s can't be followed", quoted(name))
	}
	return nil
}

func extension(name string) string { return strings.ToLower(path.Ext(name)) }
