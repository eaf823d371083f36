package gauge

import (
	"testing"
	"time"
)

func TestMedianAndRatio(t *testing.T) {
	list := []int64{5, 1, 9, 4}
	if got := Median(list); got != 4 {
		t.Errorf("the median of 5, 1, 9, 4 is %d, want 4 for 4.5", got)
	}
	if got := Median(list[1:]); got != 4 {
		t.Errorf("the median of 1, 9, 4 is %d", got)
	}
	if got := Median([]float64{5, 1, 9, 4}); got != 4.5 {
		t.Errorf("the median of 5, 1, 9, 4 is %v", got)
	}
	if got := Median[time.Duration](nil); got != 0 {
		t.Errorf("the median of nothing is %v", got)
	}
	if list[0] != 5 {
		t.Error("the list was sorted in place")
	}
	if got := Ratio(3, 2); got != 1.5 {
		t.Errorf("3÷2 is %v", got)
	}
	if got := Ratio(3.0, 0); got != 0 {
		t.Errorf("3÷0 is %v", got)
	}
}

func TestPercentile(t *testing.T) {
	var list []time.Duration
	for i := range 20 {
		list = append(list, time.Duration(20-i)) // 20 … 1
	}
	for percent, want := range map[int]time.Duration{0: 1, 50: 10, 95: 19, 96: 20, 100: 20} {
		if got := Percentile(list, percent); got != want {
			t.Errorf("percentile %d of 1 … 20 is %d, want %d", percent, got, want)
		}
	}
	if got := Percentile[time.Duration](nil, 50); got != 0 {
		t.Errorf("a percentile of nothing is %d", got)
	}
}
