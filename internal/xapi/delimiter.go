package xapi

import (
	"bytes"
	"encoding/binary"
)

// delimiter is what stands between the parts of a form: CRLF, two dashes and
// the boundary. It is looked for in every byte that is uploaded, so looking is
// done at a few places only: of any two neighbours whose distance is less than
// the delimiter's length, one pair lies within it. Pairs that are none of its
// own, as nearly all are, are passed by.
type delimiter struct {
	text  []byte
	pairs [1 << pairBits / 64]uint64 // hashes of the pairs of neighbours in text
}

const (
	pairBits = 12
	// Of a shorter one there is a pair in too many places.
	minSampled = 16
	maxNear    = 64
)

func newDelimiter(boundary string) *delimiter {
	d := &delimiter{text: []byte("\r\n--" + boundary)}
	for i := range len(d.text) - 1 {
		h := pairHash(binary.LittleEndian.Uint16(d.text[i:]))
		d.pairs[h/64] |= 1 << (h % 64)
	}
	return d
}

func pairHash(pair uint16) uint32 { return uint32(pair) * 0x9E3779B1 >> (32 - pairBits) }

// index is where the delimiter is first in window, or -1.
func (d *delimiter) index(window []byte) int {
	step := len(d.text) - 1
	if len(d.text) < minSampled {
		return bytes.Index(window, d.text)
	}
	for at, near := step-1, 0; at+1 < len(window); at += step {
		h := pairHash(binary.LittleEndian.Uint16(window[at:]))
		if d.pairs[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		from := at - (step - 1)
		if found := d.around(window, from, at); found >= 0 {
			return found
		}
		if near++; near > maxNear && near > at/step/8 {
			// Much of it looks like the delimiter: this is slower then.
			if found := bytes.Index(window[from:], d.text); found >= 0 {
				return from + found
			}
			return -1
		}
	}
	return -1
}

// around is where the delimiter begins, from first to last, or -1.
func (d *delimiter) around(window []byte, first, last int) int {
	for first <= last {
		cr := bytes.IndexByte(window[first:last+1], '\r') // there is one in it
		if cr < 0 {
			return -1
		}
		if first += cr; bytes.HasPrefix(window[first:], d.text) {
			return first
		}
		first++
	}
	return -1
}

// begun is how many of the last bytes of window are the beginning of a
// delimiter.
func (d *delimiter) begun(window []byte) int {
	tail := window[max(0, len(window)-len(d.text)+1):]
	for {
		cr := bytes.IndexByte(tail, '\r')
		if cr < 0 {
			return 0
		}
		if tail = tail[cr:]; bytes.HasPrefix(d.text, tail) {
			return len(tail)
		}
		tail = tail[1:]
	}
}
