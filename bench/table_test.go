package main

import (
	"strings"
	"testing"
	"time"
)

func TestMedians(t *testing.T) {
	list := costs{{wall: 5, rss: 1}, {wall: 1, rss: 9}, {wall: 3, rss: 4}}
	if got := list.wall(); got != 3 {
		t.Errorf("the median of 5, 1, 3 is %d", got)
	}
	if got := list.rss(); got != 4 {
		t.Errorf("the median of 1, 9, 4 is %d", got)
	}
	if got := list[:2].wall(); got != 3 {
		t.Errorf("the median of 5, 1 is %d", got)
	}
	if got := (costs{}).cpu(); got != 0 {
		t.Errorf("the median of nothing is %d", got)
	}
	if list[0].wall != 5 {
		t.Error("the costs were sorted in place")
	}
}

func TestPercentiles(t *testing.T) {
	var list []time.Duration
	for i := range 20 {
		list = append(list, time.Duration(20-i)) // 20 … 1
	}
	for percent, want := range map[int]time.Duration{0: 1, 50: 10, 95: 19, 96: 20, 100: 20} {
		if got := percentile(list, percent); got != want {
			t.Errorf("percentile %d of 1 … 20 is %d, want %d", percent, got, want)
		}
	}
	if got := percentile(nil, 50); got != 0 {
		t.Errorf("a percentile of nothing is %d", got)
	}
}

func TestTable(t *testing.T) {
	var list table
	list.add("what", "wall", "ratio", "memory")
	list.add("one", 1500*time.Millisecond, 1.0, int64(2_500_000))
	list.add("another", 12*time.Millisecond, ratio(int64(1), 3), int64(0))
	var out strings.Builder
	list.print(&out)
	want := `| what    | wall   | ratio | memory |
|---      |---     |---    |---     |
| one     | 1.50 s | 1.000 | 2.5 MB |
| another | 12 ms  | 0.333 | 0.0 MB |
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
