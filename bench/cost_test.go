package main

import "testing"

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
