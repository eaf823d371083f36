package gauge

import "slices"

// number is what can be measured.
type number interface{ ~int | ~int64 | ~float64 }

// Median of a list, which is left as it is; of an even number the mean of the
// middle two, of none 0.
func Median[T number](list []T) T {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// Percentile is the value that so many of a hundred don't exceed; of none 0.
func Percentile[T number](list []T, percent int) T {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[max((len(sorted)*percent+99)/100-1, 0)]
}

// Ratio is a÷b; 0 where b is.
func Ratio[T number](a, b T) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
