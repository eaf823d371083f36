package diskblob

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"strings"
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
//	48          the key
const (
	recordAlign  = 4 << 10
	recordHead   = 48
	recordMost   = recordHead + blob.MaxKeyLength
	recordLive   = 0x316b706d // "mpk1"
	recordDead   = 0x306b706d // "mpk0"
	recordsLimit = math.MaxInt64 / 4
)

// record is the header of one.
type record struct {
	key      string
	at       int64 // where it begins
	size     int64 // of the blob
	crc      uint32
	settled  int64
	modified time.Time
	dead     bool
}

// data is where the blob's bytes begin.
func (r record) data() int64 { return r.at + recordHead + int64(len(r.key)) }

// next is where the record after it begins.
func (r record) next() int64 {
	return (r.data() + r.size + recordAlign - 1) &^ (recordAlign - 1)
}

// appendTo appends the header and the key.
func (r record) appendTo(b []byte) []byte {
	from := len(b)
	b = binary.LittleEndian.AppendUint32(b, recordLive)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(recordHead+len(r.key)))
	b = binary.LittleEndian.AppendUint32(b, r.crc)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.size))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.settled))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.modified.UnixNano()))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.at))
	b = append(b, r.key...)
	binary.LittleEndian.PutUint32(b[from+4:], crc32.Checksum(b[from+8:], castagnoli))
	return b
}

// readRecord reads the header that begins b, which was read at a place in a pack of
// a folder whose keys begin with prefix. It is false where no whole header of that
// place is; a whole one of another place still tells its key. The blob's bytes may
// lie beyond the pack's end.
func readRecord(b []byte, at int64, prefix string) (record, bool) {
	if len(b) < recordHead {
		return record{}, false
	}
	magic, n := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[8:])
	if magic != recordLive && magic != recordDead || n < recordHead || n > recordMost || int(n) > len(b) {
		return record{}, false
	}
	if crc32.Checksum(b[8:n], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return record{}, false
	}
	r := record{
		key:      string(b[recordHead:n]),
		at:       int64(binary.LittleEndian.Uint64(b[40:])),
		size:     int64(binary.LittleEndian.Uint64(b[16:])),
		crc:      binary.LittleEndian.Uint32(b[12:]),
		settled:  int64(binary.LittleEndian.Uint64(b[24:])),
		modified: time.Unix(0, int64(binary.LittleEndian.Uint64(b[32:]))),
		dead:     magic == recordDead,
	}
	ok := strings.HasPrefix(r.key, prefix) && blob.CheckKey(r.key) == nil && r.at == at && at >= 0 &&
		0 <= r.settled && r.settled <= at && 0 <= r.size && r.size < recordsLimit && at < recordsLimit
	return r, ok
}
