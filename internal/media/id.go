package media

import (
	"encoding/binary"
	"io"
	"strconv"
	"time"
)

// ID names one upload and the media it becomes. It is positive, at most 19
// decimal digits, and ordered by the time it was made: 41 bits of milliseconds
// since idEpoch above 22 random bits. Nothing coordinates ids; whoever inserts
// one retries with another on a conflict.
type ID int64

// idEpoch is the epoch of X's own ids, so that magpie's look alike to clients
// that read a time out of them: 2010-11-04T01:42:54.657Z.
const idEpoch = 1288834974657

const idRandomBits = 22

// String is the decimal form that X's API carries.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// Time is when the id was made, to the millisecond.
func (id ID) Time() time.Time {
	return time.UnixMilli(int64(id)>>idRandomBits + idEpoch).UTC()
}

// ParseID reads an id as X's API carries it: 1 to 19 decimal digits
// (^[0-9]{1,19}$), within 63 bits and above zero.
func ParseID(s string) (ID, error) {
	if !isDigits(s, 19) {
		return 0, Invalid("id", "A media id is a string of 1 to 19 digits.")
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, Invalid("id", "A media id is a positive number of at most 63 bits.")
	}
	return ID(n), nil
}

// NewID makes an id for the instant now from random. It fails only if random
// does: a clock that is set before idEpoch gives ids of the epoch's first
// millisecond, and one after 2080 ids of the last that 41 bits hold.
func NewID(now time.Time, random io.Reader) (ID, error) {
	var b [4]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return 0, err
	}
	low := binary.LittleEndian.Uint32(b[:]) & (1<<idRandomBits - 1)
	ms := min(max(now.UnixMilli()-idEpoch, 1), 1<<41-1)
	return ID(ms<<idRandomBits | int64(low)), nil
}

// isDigits reports whether s is 1 to limit decimal digits.
func isDigits(s string, limit int) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// ParseUserID checks a user id as X's API carries it: 1 to 19 decimal digits.
// It stays text, because that pattern exceeds 63 bits.
func ParseUserID(s string) (string, error) {
	if !isDigits(s, 19) {
		return "", Invalid("user", "A user id is a string of 1 to 19 digits, such as 2244994945.")
	}
	return s, nil
}
