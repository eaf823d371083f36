package ffmpeg

import (
	"strconv"
	"strings"
)

// orientation is how coded pictures are turned for viewers. A phone stores
// what its sensor saw, and a matrix beside it; the eight orientations are all
// that a matrix can say in right angles. The zero value is upright.
type orientation struct {
	swap         bool // width and height change places first (a mirror along the diagonal)
	flipH, flipV bool // then mirrored left to right, top to bottom
}

// parseOrientation reads ffprobe's print of a display matrix: three lines of
// an offset and three numbers, of which the four in the corner turn
// (x, y) into (ax + cy, bx + dy). An angle in between is taken as the nearest
// right one, and what cannot be read as upright.
func parseOrientation(text string) orientation {
	var m [4]float64 // a, b, c, d
	row := 0
	for line := range strings.Lines(text) {
		_, cells, ok := strings.Cut(line, ":")
		if !ok || row == 2 {
			continue
		}
		f := strings.Fields(cells)
		if len(f) != 3 {
			return orientation{}
		}
		for i := range 2 {
			n, err := strconv.ParseInt(f[i], 10, 32)
			if err != nil {
				return orientation{}
			}
			m[2*row+i] = float64(n)
		}
		row++
	}
	a, b, c, d := m[0], m[1], m[2], m[3]
	if a*a+d*d >= b*b+c*c {
		return orientation{flipH: a < 0, flipV: d < 0}
	}
	// x' = cy, y' = bx: swapped, then mirrored where the sign is negative.
	return orientation{swap: true, flipH: c < 0, flipV: b < 0}
}

// filters are the filters that turn a picture upright.
func (o orientation) filters() []string {
	var f []string
	switch {
	case o.swap && o.flipH && o.flipV:
		return []string{"transpose=clock_flip"}
	case o.swap && o.flipH:
		return []string{"transpose=clock"}
	case o.swap && o.flipV:
		return []string{"transpose=cclock"}
	case o.swap:
		return []string{"transpose=cclock_flip"}
	}
	if o.flipH {
		f = append(f, "hflip")
	}
	if o.flipV {
		f = append(f, "vflip")
	}
	return f
}
