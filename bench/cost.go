package main

import (
	"time"

	"magpie/bench/gauge"
)

// cost is what one run of something took.
type cost struct {
	wall time.Duration
	cpu  time.Duration // of all its processes
	rss  int64         // the most memory of any of them, in bytes; 0 where not looked at
	rest int64         // what a server had of it before
}

// costs are those of several rounds.
type costs []cost

func (c costs) wall() time.Duration { return middle(c, func(c cost) time.Duration { return c.wall }) }

func (c costs) cpu() time.Duration { return middle(c, func(c cost) time.Duration { return c.cpu }) }
func (c costs) rss() int64         { return middle(c, func(c cost) int64 { return c.rss }) }

// middle is the median; of an even number the mean of the middle two.
func middle[T ~int64](list costs, of func(cost) T) T {
	var all []T
	for _, c := range list {
		all = append(all, of(c))
	}
	return gauge.Median(all)
}
