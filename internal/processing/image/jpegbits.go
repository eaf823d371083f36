package image

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

const (
	// jpegScan is how much of the scan is put together before it goes to the file.
	jpegScan = 4 << 10
	// jpegUnit is more than a unit becomes: six blocks of 64 numbers of 27 bits each.
	jpegUnit = 2 << 10
)

// jpegBits is what comes next in the scan.
type jpegBits struct {
	word  uint64 // the highest count bits are not in raw yet, fewer than 8; the others are 0
	count uint
	at    int // how much of raw there is
	raw   [jpegScan + 8]byte
}

// put takes n bits, at most 56.
func (b *jpegBits) put(bits uint64, n uint) {
	b.word, b.count, b.at = add(&b.raw, b.word, b.count, b.at, bits, n)
}

// add is put for whoever has the fields in hand, where they cost no memory.
func add(raw *[jpegScan + 8]byte, word uint64, count uint, at int, bits uint64, n uint) (uint64, uint, int) {
	count += n
	word |= bits << ((64 - count) & 63)
	binary.BigEndian.PutUint64(raw[at:], word)
	return word << (count & 56), count & 7, at + int(count>>3)
}

// stuffed appends to a file what was put, with a zero behind each 0xff as the format
// demands.
func (b *jpegBits) stuffed(file []byte) []byte {
	for rest := b.raw[:b.at]; len(rest) > 0; {
		n := bytes.IndexByte(rest, 0xff) + 1
		if n == 0 {
			file = append(file, rest...)
			break
		}
		file = append(append(file, rest[:n]...), 0)
		rest = rest[n:]
	}
	b.at = 0
	return file
}

// code writes a block's numbers by two codes, those at the places of some. It gives
// the first of them.
func (e *jpegWriter) code(dc, ac *[256]uint32, some uint64, before int32) int32 {
	t, b := e.tables, &e.bits
	word, count, at := b.word, b.count, b.at
	first := e.number(0)
	n, length := coded(dc, 0, t.numbers[(first-before)&4095])
	word, count, at = add(&b.raw, word, count, at, n, length)
	last := 0
	for some &^= 1; some != 0; some &= some - 1 {
		k := bits.TrailingZeros64(some)
		zeros := k - last - 1
		for ; zeros > 15; zeros -= 16 {
			n, length := coded(ac, 15, 0)
			word, count, at = add(&b.raw, word, count, at, n, length)
		}
		n, length := coded(ac, zeros, t.numbers[e.number(k)&4095])
		word, count, at = add(&b.raw, word, count, at, n, length)
		last = k
	}
	if last < 63 {
		n, length := coded(ac, 0, 0)
		word, count, at = add(&b.raw, word, count, at, n, length)
	}
	b.word, b.count, b.at = word, count, at
	return first
}

// number is what stands at a place of the file, and stepZero.
func (e *jpegWriter) number(k int) int32 {
	place := int(e.tables.columns[k&63] & 126)
	return int32(binary.LittleEndian.Uint16(e.steps[place:]))
}

// coded gives the bits of zeros and then of a number, which is one of numbers.
func coded(code *[256]uint32, zeros int, number uint16) (word uint64, n uint) {
	c := code[uint8(zeros<<4)|uint8(number>>jpegNumberBits)]
	return uint64(c&jpegWord | uint32(number&jpegNumber)), uint(c >> jpegWordBits)
}
