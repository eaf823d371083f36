package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
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
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// percentile is the value that so many of a hundred don't exceed.
func percentile(list []time.Duration, percent int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[max((len(sorted)*percent+99)/100-1, 0)]
}

// table is rows of cells, the first of which is the head.
type table [][]string

func (t *table) add(cells ...any) {
	var row []string
	for _, c := range cells {
		row = append(row, cell(c))
	}
	*t = append(*t, row)
}

func cell(c any) string {
	switch v := c.(type) {
	case time.Duration:
		if v < time.Second {
			return fmt.Sprintf("%d ms", v.Milliseconds())
		}
		return fmt.Sprintf("%.2f s", v.Seconds())
	case int64:
		return fmt.Sprintf("%.1f MB", float64(v)/1e6)
	case float64:
		return fmt.Sprintf("%.3f", v)
	}
	return fmt.Sprint(c)
}

// print writes the table as Markdown, with columns that line up.
func (t table) print(w io.Writer) {
	out := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.Debug)
	for i, row := range t {
		fmt.Fprintln(out, "| "+strings.Join(row, "\t ")+"\t")
		if i == 0 {
			fmt.Fprintln(out, "|"+strings.Repeat("---\t", len(row)))
		}
	}
	_ = out.Flush()
}

// ratio is a÷b; 0 where b is.
func ratio[T ~int64](a, b T) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
