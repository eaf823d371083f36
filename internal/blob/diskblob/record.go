package diskblob

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"

	"magpie/internal/blob"
)

// A pack is records one behind the other, each from a multiple of recordAlign on,
// so that no page that holds bytes which were acknowledged is written again. A
// record is a header, the key, and the blob's bytes; integers are little-endian:
//
//	 0  magic, or that of a record that was deleted
//	 4  uint32  CRC-32C of the rest of the header and the key
//	 8  uint32  bytes of header and key
//	12  uint32  CRC-32C of the blob's bytes
//	16  int64   how many these are
//	24  int64   up to where the pack was on stable storage when this was written
//	32  int64   when it was committed, in nanoseconds since 1970
//	40  int64   where in the pack the record begins
//	48  uint64  the pack's number, which is drawn at random
//	56          the key
//
// The number is in the pack's name too, and whoever sends bytes never learns it: nothing
// that they send can be taken for a header, so that behind a damaged one the next can be
// looked for. Packs of the old kind have none, and the key is where it would be.
const (
	recordAlign  = 4 << 10
	oldHead      = 48
	recordHead   = 56
	recordMost   = recordHead + blob.MaxKeyLength
	recordLive   = 0x326b706d // "mpk2"
	recordDead   = 0x656e6f67 // "gone"; no flipped bit makes the one of the other
	oldLive      = 0x316b706d // "mpk1"
	oldDead      = 0x306b706d // "mpk0"
	recordsLimit = math.MaxInt64 / 4
)

// format is what the headers of one pack have in common.
type format struct {
	number uint64
	old    bool
}

func (f format) head() int {
	if f.old {
		return oldHead
	}
	return recordHead
}

// live and dead are the two magics.
func (f format) live() uint32 {
	if f.old {
		return oldLive
	}
	return recordLive
}

func (f format) dead() uint32 {
	if f.old {
		return oldDead
	}
	return recordDead
}

// resembles reports whether what begins b could have been a header.
func (f format) resembles(b []byte) bool {
	return len(b) >= recordHead && (binary.LittleEndian.Uint32(b) == f.live() || binary.LittleEndian.Uint64(b[oldHead:]) == f.number)
}

// record is the header of one.
type record struct {
	key      string
	at       int64 // where it begins
	head     int64 // bytes of header and key
	size     int64 // of the blob
	crc      uint32
	settled  int64
	modified time.Time
	dead     bool
}

// data is where the blob's bytes begin.
func (r record) data() int64 { return r.at + r.head }

// next is where the record after it begins.
func (r record) next() int64 {
	return (r.data() + r.size + recordAlign - 1) &^ (recordAlign - 1)
}

// append appends a record's header and key.
func (f format) append(b []byte, r record) []byte {
	from := len(b)
	b = binary.LittleEndian.AppendUint32(b, f.live())
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(f.head()+len(r.key)))
	b = binary.LittleEndian.AppendUint32(b, r.crc)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.size))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.settled))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.modified.UnixNano()))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.at))
	if !f.old {
		b = binary.LittleEndian.AppendUint64(b, f.number)
	}
	b = append(b, r.key...)
	binary.LittleEndian.PutUint32(b[from+4:], crc32.Checksum(b[from+8:], castagnoli))
	return b
}

// read reads the header that begins b, which was read at a place in a pack. It is
// false where no whole header of that place is. The blob's bytes may lie beyond the
// pack's end.
func (f format) read(b []byte, at int64) (record, bool) {
	head := uint32(f.head())
	if len(b) < int(head) {
		return record{}, false
	}
	magic, n := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[8:])
	if magic != f.live() && magic != f.dead() || n < head || n > head+blob.MaxKeyLength || int(n) > len(b) {
		return record{}, false
	}
	if crc32.Checksum(b[8:n], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return record{}, false
	}
	if !f.old && binary.LittleEndian.Uint64(b[oldHead:]) != f.number {
		return record{}, false
	}
	r := record{
		key:      string(b[head:n]),
		at:       int64(binary.LittleEndian.Uint64(b[40:])),
		head:     int64(n),
		size:     int64(binary.LittleEndian.Uint64(b[16:])),
		crc:      binary.LittleEndian.Uint32(b[12:]),
		settled:  int64(binary.LittleEndian.Uint64(b[24:])),
		modified: time.Unix(0, int64(binary.LittleEndian.Uint64(b[32:]))),
		dead:     magic == f.dead(),
	}
	ok := blob.CheckKey(r.key) == nil && r.at == at && at >= 0 &&
		0 <= r.settled && r.settled <= at && 0 <= r.size && r.size < recordsLimit && at < recordsLimit
	return r, ok
}
