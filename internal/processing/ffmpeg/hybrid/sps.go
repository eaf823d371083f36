package hybrid

import (
	"fmt"
	"math/bits"
)

// pictureSet is what a sequence parameter set says of all pictures (ITU-T H.264,
// 7.3.2.1), of those that parsePictureSet takes: whole pictures of 8 bits, 4:2:0,
// square pixels, from black at 16 to white at 235, none of them high in contrast.
type pictureSet struct {
	profile       byte // 77 is Main, 100 High
	level         int  // ten times
	width, height int  // what is shown of it
	square        bool // it says that pixels are square, which is not the same as not saying anything
}

// parsePictureSet reads one, with the byte that says what unit it is. What is none of
// the usual kind gives ErrOdd, and so does one that ends too soon.
func parsePictureSet(unit []byte) (pictureSet, error) {
	if len(unit) < 5 || unit[0]&31 != unitSPS {
		return pictureSet{}, fmt.Errorf("%w: no sequence parameter set", ErrOdd)
	}
	s := pictureSet{profile: unit[1], level: int(unit[3])}
	b := &bitReader{data: unescaped(unit[4:])}
	usual := b.exp() < 32 // its number
	switch s.profile {
	case 77:
	case 100:
		usual = usual && b.exp() == 1 && b.exp() == 0 && b.exp() == 0 // 4:2:0, 8 bits, 8 bits
		usual = usual && b.take(1) == 0 && b.take(1) == 0             // not lossless, and scaled as usual
	default:
		usual = false
	}
	usual = usual && b.exp() <= 12 // frame numbers
	switch b.exp() {               // in which order pictures are shown
	case 0:
		usual = usual && b.exp() <= 12
	case 2:
	default:
		usual = false
	}
	usual = usual && b.exp() <= 16 // pictures that others need
	b.take(1)                      // gaps
	across, down := b.exp()+1, b.exp()+1
	usual = usual && b.take(1) == 1 // whole pictures, not lines in turns
	b.take(1)                       // 8×8
	var left, right, top, bottom uint32
	if b.take(1) == 1 {
		left, right, top, bottom = b.exp(), b.exp(), b.exp(), b.exp()
	}
	const side = 1 << 10 // in blocks of 16
	if !usual || b.short || max(across, down) > side || max(left, right, top, bottom) > 8*side {
		return pictureSet{}, fmt.Errorf("%w: pictures of an unusual kind", ErrOdd)
	}
	s.width, s.height = 16*int(across)-2*int(left+right), 16*int(down)-2*int(top+bottom)
	if left+top > 0 || s.width < 2 || s.height < 2 {
		return pictureSet{}, fmt.Errorf("%w: pictures that are cut unusually", ErrOdd)
	}
	if b.take(1) == 1 && !s.usage(b) || b.short {
		return pictureSet{}, fmt.Errorf("%w: pictures that are shown unusually", ErrOdd)
	}
	return s, nil
}

// usage reads how pictures are to be shown (annex E), as far as it matters. It reports
// whether that is as usual.
func (s *pictureSet) usage(b *bitReader) bool {
	if b.take(1) == 1 { // the pixels' shape
		switch shape := b.take(8); {
		case shape == 1:
			s.square = true
		case shape == 255:
			w, h := b.take(16), b.take(16)
			if w != h || w == 0 {
				return false
			}
			s.square = true
		case shape != 0:
			return false
		}
	}
	if b.take(1) == 1 { // overscan
		b.take(1)
	}
	if b.take(1) == 1 { // the signal
		b.take(3)
		if b.take(1) == 1 { // black is 0
			return false
		}
		if b.take(1) == 1 {
			b.take(8)
			transfer, matrix := b.take(8), b.take(8)
			if highContrast(byte(transfer)) || matrix == 0 {
				return false
			}
		}
	}
	if b.take(1) == 1 { // where colours are
		for range 2 { // of either field
			if b.exp() > 5 {
				return false
			}
		}
	}
	if b.take(1) == 1 { // the rate, which the movie's table tells
		b.take(32)
		b.take(32)
		b.take(1)
	}
	// No buffer's model, of either kind, and no word on lines in turns.
	return b.take(3) == 0
}

// highContrast reports whether a transfer function is PQ or HLG.
func highContrast(transfer byte) bool { return transfer == 16 || transfer == 18 }

// unescaped is a unit's content without the bytes that keep it from looking like the
// beginning of another (7.4.1.1).
func unescaped(data []byte) []byte {
	out := make([]byte, 0, len(data))
	zeros := 0
	for _, c := range data {
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		if zeros++; c != 0 {
			zeros = 0
		}
		out = append(out, c)
	}
	return out
}

// bitReader takes numbers of some bits off the front.
type bitReader struct {
	data  []byte
	at    int  // in bits
	short bool // something was asked for that was not there
}

// take gives the next n bits, at most 32.
func (b *bitReader) take(n int) uint32 {
	if b.at+n > 8*len(b.data) {
		b.short, b.at = true, 8*len(b.data)
		return 0
	}
	out := uint32(0)
	for range n {
		out = out<<1 | uint32(b.data[b.at/8]>>(7-b.at%8)&1)
		b.at++
	}
	return out
}

// exp gives a number in Exp-Golomb's code (9.1), as many bits as it has zeros before
// the first one. Those beyond 32 bits are none that anything here may be.
func (b *bitReader) exp() uint32 {
	zeros := 0
	for b.take(1) == 0 {
		if zeros++; zeros > 31 || b.short {
			b.short = true
			return 0
		}
	}
	return 1<<zeros - 1 + b.take(zeros)
}

// left is how many bits were not taken, up to the last that is 1.
func (b *bitReader) left() int {
	for at := len(b.data) - 1; at >= 0; at-- {
		if c := b.data[at]; c != 0 {
			return 8*at + 8 - bits.TrailingZeros8(c) - b.at
		}
	}
	return -b.at
}
