package ffmpeg

import (
	"fmt"
	"strconv"
	"strings"
)

// ratio is an exact fraction, of frames to a second or of a pixel's width to
// its height. The zero value is "not known".
type ratio struct{ num, den int64 }

// parseRatio reads ffprobe's "30000/1001" or "16:11"; anything that is not a
// positive fraction is the zero value.
func parseRatio(s string) ratio {
	a, b, ok := strings.Cut(strings.Replace(s, ":", "/", 1), "/")
	if !ok {
		return ratio{}
	}
	num, err1 := strconv.ParseInt(a, 10, 32)
	den, err2 := strconv.ParseInt(b, 10, 32)
	if err1 != nil || err2 != nil || num <= 0 || den <= 0 {
		return ratio{}
	}
	return ratio{num, den}
}

func (r ratio) known() bool { return r.num > 0 && r.den > 0 }

// float is 0 where the ratio is not known.
func (r ratio) float() float64 {
	if !r.known() {
		return 0
	}
	return float64(r.num) / float64(r.den)
}

// String is how ffmpeg takes it.
func (r ratio) String() string { return fmt.Sprintf("%d/%d", r.num, r.den) }
