package ffmpeg

import "math"

// maxRate is the most pictures a second that a rendition has.
const maxRate = 60

// standardRates are for videos whose own rhythm cannot be used.
var standardRates = []int64{24, 25, 30, 48, 50, 60}

// chooseRate picks the constant rate of pictures for the renditions. grid is
// the rate on which all of the original's timestamps fit, avg how many pictures
// it has on average; either may be unknown.
//
// A steady original keeps its rate, or a whole fraction of it where it is above
// 60. An unsteady one gets the slowest fraction of its grid that shows its
// average and at least film speed. Sound and picture stay together because the
// filter that does this goes by timestamps.
func chooseRate(grid, avg ratio) ratio {
	a, g := avg.float(), grid.float()
	if a == 0 {
		a = g
	}
	switch {
	case a == 0:
		return ratio{30, 1}
	case g == 0 || g > 240 || g < 0.9*a:
		for _, r := range standardRates {
			if float64(r) >= 0.995*a {
				return ratio{r, 1}
			}
		}
		return ratio{maxRate, 1}
	case g <= 1:
		return ratio{1, 1}
	}
	want := min(max(0.98*a, 23.9), maxRate)
	k := max(int64(g/want), 1)
	if g/float64(k) > maxRate+0.01 {
		k = int64(math.Ceil(g / maxRate))
	}
	return reduce(ratio{grid.num, grid.den * k})
}

// reduce gives r in lowest terms, or to a thousandth where ffmpeg could not
// calculate with them.
func reduce(r ratio) ratio {
	r = lowest(r)
	if r.num > 1_000_000 || r.den > 1_000_000 {
		return reduce(ratio{int64(math.Round(r.float() * 1000)), 1000})
	}
	return r
}

// lowest gives r in lowest terms.
func lowest(r ratio) ratio {
	a, b := r.num, r.den
	for b != 0 {
		a, b = b, a%b
	}
	return ratio{r.num / a, r.den / a}
}
