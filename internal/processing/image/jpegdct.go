package image

import "encoding/binary"

// The transform is that of Arai, Agui and Nakajima: five multiplications for eight
// samples, and the rest is left to dctScale. Products are made float32 on their own,
// since a machine that adds to them without rounding would write other files.

// dctScale is by how much its rows and columns come out larger than those of the
// transform as it is written down.
var dctScale = [8]float32{1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.541196100, 0.275899379}

const cos4 = 0.707106781 // cos 4π/16

// evens gives the terms 0, 2, 4 and 6 of eight samples by the sums of the first and
// last, second and seventh, and so on.
func evens(s0, s1, s2, s3 float32) (t0, t2, t4, t6 float32) {
	e0, e3 := s0+s3, s0-s3
	e1, e2 := s1+s2, s1-s2
	z1 := float32((e2 + e3) * cos4)
	return e0 + e1, e3 + z1, e0 - e1, e3 - z1
}

// odds gives the terms 1, 3, 5 and 7 by the differences: of the fourth and fifth
// first, of the first and last in the end.
func odds(s4, s5, s6, s7 float32) (t1, t3, t5, t7 float32) {
	const (
		cos6  = 0.382683433 // cos 6π/16
		minus = 0.541196100 // cos 2π/16 − cos 6π/16
		plus  = 1.306562965 // cos 2π/16 + cos 6π/16
	)
	o0, o2 := s4+s5, s6+s7
	z5 := float32((o0 - o2) * cos6)
	z2 := float32(minus*o0) + z5
	z4 := float32(plus*o2) + z5
	z3 := float32((s5 + s6) * cos4)
	z11, z13 := s7+z3, s7-z3
	return z11 + z4, z13 - z2, z13 + z2, z11 - z4
}

// rows transforms the rows of a block of samples, less 128.
func rows(half *[64]float32, pix []byte, stride int) {
	for i := 0; i < 64; i += 8 {
		p, t := pix[:8], half[i:][:8]
		p0, p1, p2, p3 := int32(p[0]), int32(p[1]), int32(p[2]), int32(p[3])
		p4, p5, p6, p7 := int32(p[4]), int32(p[5]), int32(p[6]), int32(p[7])
		t[0], t[2], t[4], t[6] = evens(float32(p0+p7-256), float32(p1+p6-256), float32(p2+p5-256), float32(p3+p4-256))
		t[1], t[3], t[5], t[7] = odds(float32(p3-p4), float32(p2-p5), float32(p1-p6), float32(p0-p7))
		if i < 56 {
			pix = pix[stride:]
		}
	}
}

// columns transforms the columns and quantizes. The numbers stand in steps column
// by column, each stepZero more than it is and in 16 bits, the lowest first. It
// gives the places in the file of those that are not 0.
func columns(steps *[128]byte, half, scale *[64]float32, places *[16][16]uint64) (some uint64) {
	for i := range 8 {
		t0, t2, t4, t6 := evens(half[i]+half[56+i], half[8+i]+half[48+i], half[16+i]+half[40+i], half[24+i]+half[32+i])
		t1, t3, t5, t7 := odds(half[24+i]-half[32+i], half[16+i]-half[40+i], half[8+i]-half[48+i], half[i]-half[56+i])
		upper := step(t0*scale[i]) | step(t1*scale[8+i])<<16 | step(t2*scale[16+i])<<32 | step(t3*scale[24+i])<<48
		lower := step(t4*scale[32+i]) | step(t5*scale[40+i])<<16 | step(t6*scale[48+i])<<32 | step(t7*scale[56+i])<<48
		out := steps[16*i:][:16]
		binary.LittleEndian.PutUint64(out, upper)
		binary.LittleEndian.PutUint64(out[8:], lower)
		some |= places[2*i][nonzero(upper)] | places[2*i+1][nonzero(lower)]
	}
	return some
}

// stepZero is more than a step is below zero, so that cutting off rounds.
const stepZero = 1 << 14

func step(v float32) uint64 { return uint64(uint32(int32(float32(v) + (stepZero + 0.5)))) }

// nonzero gives a bit for each of four numbers, set where it is not stepZero. Only
// numbers of 15 bits carry into their highest.
func nonzero(four uint64) uint64 {
	const each = 1 | 1<<16 | 1<<32 | 1<<48
	carried := (four ^ stepZero*each) + (1<<15-1)*each
	// The product brings the four bits side by side.
	return (carried >> 15 & each) * (1<<48 | 1<<33 | 1<<18 | 1<<3) >> 48 & 15
}
