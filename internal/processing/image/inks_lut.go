package image

import (
	"encoding/binary"
	"math"
)

// inksToLab reads a tag that leads from four inks, 0–1 each, to Lab (ICC.1:2022,
// 10.10 to 10.12), or gives nil for one that it can't read. What the tag says of
// its own length is not believed.
func inksToLab(tag []byte) func([4]float64) [3]float64 {
	if len(tag) < 32 || tag[8] != 4 || tag[9] != 3 {
		return nil
	}
	switch string(tag[:4]) {
	case "mft1":
		return lutOfTables(tag, 48, 256, 256, 1)
	case "mft2":
		if len(tag) < 52 {
			return nil
		}
		return lutOfTables(tag, 52, int(binary.BigEndian.Uint16(tag[48:])), int(binary.BigEndian.Uint16(tag[50:])), 2)
	case "mAB ":
		return lutOfCurves(tag)
	}
	return nil
}

// numbers were read from one or two bytes each, as 0–1.
type numbers []float64

// readNumbers takes n numbers of size bytes off b; nil where there are fewer.
func readNumbers(b []byte, n, size int) (numbers, []byte) {
	if n < 0 || n > len(b)/size {
		return nil, nil
	}
	out := make(numbers, n)
	for i := range out {
		if size == 1 {
			out[i] = float64(b[i]) / 255
		} else {
			out[i] = float64(binary.BigEndian.Uint16(b[2*i:])) / 65535
		}
	}
	return out, b[n*size:]
}

// at interpolates in a curve over 0–1.
func (s numbers) at(v float64) float64 {
	v = min(1, max(0, v)) * float64(len(s)-1)
	i := min(int(v), len(s)-2)
	return s[i] + (s[i+1]-s[i])*(v-float64(i))
}

// grid is a table over four inks, with points[i] steps of each, the last
// changing fastest, and three numbers for each.
type grid struct {
	points [4]int
	values numbers
}

// cells is how many numbers a grid of so many points has, or -1 for one that is
// none. Points are bytes, so that it doesn't overflow.
func cells(points [4]int) int {
	n := 3
	for _, p := range points {
		if p < 2 {
			return -1
		}
		n *= p
	}
	return n
}

// at interpolates between the sixteen points around.
func (g grid) at(v [4]float64) [3]float64 {
	var low [4]int
	var part [4]float64
	for i, p := range g.points {
		x := min(1, max(0, v[i])) * float64(p-1)
		low[i] = min(int(x), p-2)
		part[i] = x - float64(low[i])
	}
	var out [3]float64
	for corner := range 16 {
		weight, at := 1.0, 0
		for i, p := range g.points {
			up := corner >> i & 1
			at = at*p + low[i] + up
			if up == 1 {
				weight *= part[i]
			} else {
				weight *= 1 - part[i]
			}
		}
		for k := range out {
			out[k] += weight * g.values[3*at+k]
		}
	}
	return out
}

// lutOfTables reads the two older types: tables in, a grid, tables out.
func lutOfTables(tag []byte, at, in, out, size int) func([4]float64) [3]float64 {
	if in < 2 || out < 2 {
		return nil
	}
	p := int(tag[10])
	g := grid{points: [4]int{p, p, p, p}}
	before, rest := readNumbers(tag[min(at, len(tag)):], 4*in, size)
	g.values, rest = readNumbers(rest, cells(g.points), size)
	after, _ := readNumbers(rest, 3*out, size)
	if before == nil || g.values == nil || after == nil {
		return nil
	}
	return func(v [4]float64) [3]float64 {
		for i := range v {
			v[i] = before[i*in : (i+1)*in].at(v[i])
		}
		lab := g.at(v)
		for i := range lab {
			lab[i] = after[i*out : (i+1)*out].at(lab[i])
		}
		if size == 2 { // whose Lab ends at 0xff00
			for i := range lab {
				lab[i] *= 65535.0 / 65280
			}
		}
		return [3]float64{100 * lab[0], 255*lab[1] - 128, 255*lab[2] - 128}
	}
}

// curve is a function of a number of 0–1.
type curve func(float64) float64

// lutOfCurves reads the newer type: curves, a grid, curves, a matrix, curves, of
// which the last are always there and the middle ones come as a pair.
func lutOfCurves(tag []byte) func([4]float64) [3]float64 {
	section := func(field int) []byte {
		at := binary.BigEndian.Uint32(tag[field:])
		if at < 32 || uint64(at) > uint64(len(tag)) {
			return nil
		}
		return tag[at:]
	}
	last, matrix, middle, table, first := readCurves(section(12), 3), section(16), readCurves(section(20), 3), section(24), readCurves(section(28), 4)
	if last == nil || first == nil || len(table) < 20 || table[16] != 1 && table[16] != 2 {
		return nil
	}
	var g grid
	for i := range g.points {
		g.points[i] = int(table[i])
	}
	if g.values, _ = readNumbers(table[20:], cells(g.points), int(table[16])); g.values == nil {
		return nil
	}
	var m []float64
	for i := 0; middle != nil && len(matrix) >= 48 && i < 12; i++ {
		m = append(m, fixed(matrix[4*i:]))
	}
	return func(v [4]float64) [3]float64 {
		for i, c := range first {
			v[i] = c(v[i])
		}
		lab := g.at(v)
		if m != nil {
			for i, c := range middle {
				lab[i] = c(lab[i])
			}
			lab = [3]float64{
				m[0]*lab[0] + m[1]*lab[1] + m[2]*lab[2] + m[9],
				m[3]*lab[0] + m[4]*lab[1] + m[5]*lab[2] + m[10],
				m[6]*lab[0] + m[7]*lab[1] + m[8]*lab[2] + m[11],
			}
		}
		for i, c := range last {
			lab[i] = min(1, max(0, c(lab[i])))
		}
		return [3]float64{100 * lab[0], 255*lab[1] - 128, 255*lab[2] - 128}
	}
}

// fixed reads a number of 16 bits before the point and 16 behind it.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// readCurves reads n curves, each at a multiple of four bytes, or gives nil.
func readCurves(b []byte, n int) []curve {
	var out []curve
	for range n {
		c, size := readCurve(b)
		if c == nil {
			return nil
		}
		out = append(out, c)
		b = b[min(len(b), (size+3)&^3):]
	}
	return out
}

func readCurve(b []byte) (c curve, size int) {
	if len(b) < 12 {
		return nil, 0
	}
	switch string(b[:4]) {
	case "curv":
		n := int(min(binary.BigEndian.Uint32(b[8:]), 1<<20))
		table, _ := readNumbers(b[12:], n, 2)
		switch {
		case table == nil:
			return nil, 0
		case n == 0:
			return func(v float64) float64 { return v }, 12
		case n == 1:
			gamma := table[0] * 65535 / 256
			return func(v float64) float64 { return math.Pow(max(0, v), gamma) }, 14
		}
		return table.at, 12 + 2*n
	case "para":
		return readParametric(b)
	}
	return nil, 0
}

// readParametric reads (ax+b)^g + e from d on and cx+f before, of which the
// simpler kinds leave some out.
func readParametric(b []byte) (c curve, size int) {
	kind := int(binary.BigEndian.Uint16(b[8:]))
	given := []int{1, 3, 4, 5, 7}
	if kind >= len(given) || len(b) < 12+4*given[kind] {
		return nil, 0
	}
	p := make([]float64, 7)
	for i := range given[kind] {
		p[i] = fixed(b[12+4*i:])
	}
	g, a, shift, slope, from, above, below := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	switch {
	case kind == 0:
		a = 1
	case kind < 3: // flat before the power begins
		slope, above, below = 0, p[3], p[3]
		if a == 0 {
			return nil, 0
		}
		from = -shift / a
	}
	return func(v float64) float64 {
		out := slope*v + below
		if v >= from {
			out = math.Pow(max(0, a*v+shift), g) + above
		}
		if math.IsNaN(out) {
			return 0
		}
		return min(math.MaxFloat32, max(-math.MaxFloat32, out))
	}, 12 + 4*given[kind]
}
