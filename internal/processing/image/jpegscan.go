package image

import "encoding/binary"

// jpegPeek is how many bits are looked up at once: most codes are shorter.
const jpegPeek = 10

// jpegTable is a Huffman code to read with.
type jpegTable struct {
	// short gives, for the next bits, the length of the code above its value in
	// the low byte; 0 where the code is longer.
	short [1 << jpegPeek]uint16

	// whole gives, where a code and the number after it are all within the next
	// bits, that number above how many zeros precede it above the length of both;
	// else 0. It is of use for AC.
	whole [1 << jpegPeek]int32

	past   [17]uint32 // for each length, the first of 16 bits that is no such code or shorter
	offset [17]int32  // what makes a place in values of a code of that length
	values [256]uint8
}

// newJPEGTable gives nil for lengths that no code can have.
func newJPEGTable(counts [16]uint8, values []byte) *jpegTable {
	t := new(jpegTable)
	copy(t.values[:], values)
	code, at := uint32(0), 0
	for i, n := range counts {
		length := i + 1
		t.offset[length] = int32(at) - int32(code)
		for range n {
			if code>>length != 0 {
				return nil
			}
			if length <= jpegPeek {
				for low := range 1 << (jpegPeek - length) {
					t.short[int(code)<<(jpegPeek-length)|low] = uint16(length)<<8 | uint16(values[at])
				}
			}
			code++
			at++
		}
		if code > 1<<length {
			return nil
		}
		t.past[length] = code << (16 - length)
		code <<= 1
	}
	for next, e := range t.short {
		length, zeros, size := int(e>>8), int(e>>4&15), int(e&15)
		if e == 0 || size == 0 || length+size > jpegPeek {
			continue
		}
		number := next >> (jpegPeek - length - size) & (1<<size - 1)
		t.whole[next] = extended(uint32(number), size)<<16 | int32(zeros<<8|length+size)
	}
	return t
}

// extended is the number that size bits stand for: those that begin with 0 are
// below zero (T.81, figure F.12).
func extended(v uint32, size int) int32 {
	if v>>(size-1) == 0 {
		return int32(v) - 1<<size + 1
	}
	return int32(v)
}

// fill makes sure that there are at least 32 bits, unless a marker comes first.
func (d *jpegReader) fill() error {
	for d.count < 32 && !d.marker {
		if d.end-d.at < 8 {
			// At the end of the file there may be fewer; the two of a marker there
			// must be.
			if err := d.more(8); err != nil && d.end-d.at < 2 {
				return err
			}
		}
		if d.end-d.at >= 4 {
			v := binary.BigEndian.Uint32(d.buf[d.at:])
			if v&0x80808080&^(v+0x01010101) == 0 { // no byte of it is 0xff
				d.bits |= uint64(v) << (32 - d.count)
				d.count += 32
				d.at += 4
				return nil
			}
		}
		b := d.buf[d.at]
		if b == 0xff {
			if d.buf[d.at+1] != 0 {
				d.marker = true
				return nil
			}
			d.at++
		}
		d.at++
		d.bits |= uint64(b) << (56 - d.count)
		d.count += 8
	}
	return nil
}

// drop takes n bits away.
func (d *jpegReader) drop(n int) {
	d.bits <<= n & 63
	d.count -= n
}

// symbol reads a code's value; false where there is no such code.
func (d *jpegReader) symbol(t *jpegTable) (uint8, bool) {
	if e := t.short[d.bits>>(64-jpegPeek)]; e != 0 {
		d.drop(int(e >> 8))
		return uint8(e), true
	}
	next := uint32(d.bits >> 48)
	for length := jpegPeek + 1; length <= 16; length++ {
		if next < t.past[length] {
			v := t.values[uint8(int32(next>>(16-length))+t.offset[length])]
			d.drop(length)
			return v, true
		}
	}
	return 0, false
}

// number reads size bits, 1 to 15.
func (d *jpegReader) number(size int) int32 {
	v := extended(uint32(d.bits>>(64-size)), size)
	d.drop(size)
	return v
}

// sample reads one block and writes its 8×8 samples to dst.
func (d *jpegReader) sample(p *jpegPlane, dst []byte) error {
	if err := d.fill(); err != nil {
		return err
	}
	size, ok := d.symbol(p.dc)
	if !ok || size > 15 {
		return errOtherJPEG
	}
	if size > 0 {
		p.before += d.number(int(size))
	}
	if p.before != int32(int16(p.before)) { // 11 bits is what there may be
		return errOtherJPEG
	}
	b := &d.block
	columns := uint8(0) // that have more than their first
	any := false
	b[0] = float32(p.before) * p.steps[0]
	for k := 1; k < 64; k++ {
		if d.count < 32 {
			if err := d.fill(); err != nil {
				return err
			}
		}
		var v int32
		if e := p.ac.whole[d.bits>>(64-jpegPeek)]; e != 0 {
			d.drop(int(e & 255))
			k += int(e >> 8 & 15)
			v = e >> 16
		} else {
			s, ok := d.symbol(p.ac)
			if !ok {
				return errOtherJPEG
			}
			if s&15 == 0 {
				if s == 0 {
					break
				}
				if s != 0xf0 {
					return errOtherJPEG
				}
				k += 15
				continue
			}
			k += int(s >> 4)
			v = d.number(int(s & 15))
		}
		if k > 63 {
			return errOtherJPEG
		}
		place := zigzag[k&63] & 63
		b[place] = float32(v) * p.steps[k&63]
		any = true
		if place >= 8 {
			columns |= 1 << (place & 7)
		}
	}
	if d.count < 0 {
		return errOtherJPEG
	}
	if !any {
		evenBlock(dst, p.stride, byteOf(b[0]+middle))
		return nil
	}
	backward(b, columns)
	for i := 0; i < 64; i += 8 {
		writeEight((*[8]float32)(b[i:]), (*[8]byte)(dst[i>>3*p.stride:]))
	}
	*b = [64]float32{}
	return nil
}

// middle is what samples are counted from, and a half to round by.
const middle = 128.5

func byteOf(v float32) byte {
	n := int32(v)
	if uint32(n) <= 255 {
		return byte(n)
	}
	if v < 0 {
		return 0
	}
	return 255
}

func evenBlock(dst []byte, stride int, v byte) {
	all := uint64(v) * 0x0101010101010101
	for i := range 8 {
		binary.NativeEndian.PutUint64(dst[i*stride:], all)
	}
}

// backward undoes forwardDCT in the columns; of a column that is not in columns all
// but the first coefficient are 0. The coefficients come multiplied by dctScale, an
// eighth of it all in all. Rows are left to writeEight.
func backward(b *[64]float32, columns uint8) {
	for i := range 8 {
		if columns>>i&1 != 0 {
			b[i], b[8+i], b[16+i], b[24+i], b[32+i], b[40+i], b[48+i], b[56+i] = eightBack(
				b[i], b[8+i], b[16+i], b[24+i], b[32+i], b[40+i], b[48+i], b[56+i])
		} else if v := b[i]; v != 0 {
			b[8+i], b[16+i], b[24+i], b[32+i], b[40+i], b[48+i], b[56+i] = v, v, v, v, v, v, v
		}
	}
}

// writeEight does so in a row, and writes what comes of it.
func writeEight(b *[8]float32, dst *[8]byte) {
	v0, v1, v2, v3, v4, v5, v6, v7 := eightBack(b[0]+middle, b[1], b[2], b[3], b[4], b[5], b[6], b[7])
	dst[0], dst[1], dst[2], dst[3] = byteOf(v0), byteOf(v1), byteOf(v2), byteOf(v3)
	dst[4], dst[5], dst[6], dst[7] = byteOf(v4), byteOf(v5), byteOf(v6), byteOf(v7)
}

// eightBack is eight backwards: its steps from the last to the first.
func eightBack(f0, f1, f2, f3, f4, f5, f6, f7 float32) (float32, float32, float32, float32, float32, float32, float32, float32) {
	const (
		root  = 1.414213562 // 2 cos 4π/16
		c2    = 1.847759065 // 2 cos 2π/16
		minus = 1.082392200 // 2 (cos 2π/16 − cos 6π/16)
		plus  = 2.613125930 // 2 (cos 2π/16 + cos 6π/16)
	)
	a, b := f0+f4, f0-f4
	c := f2 + f6
	d := (f2-f6)*root - c
	e0, e3 := a+c, a-c
	e1, e2 := b+d, b-d

	z10, z11 := f5-f3, f1+f7
	z12, z13 := f1-f7, f5+f3
	o7 := z11 + z13
	z5 := (z10 + z12) * c2
	o6 := z5 - z10*plus - o7
	o5 := (z11-z13)*root - o6
	o4 := z5 - z12*minus - o5
	return e0 + o7, e1 + o6, e2 + o5, e3 + o4, e3 - o4, e2 - o5, e1 - o6, e0 - o7
}
