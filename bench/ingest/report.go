package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"magpie/bench/gauge"
)

// atLeast and atMost add a figure with its goal, and whether it is reached.
func atLeast(t *gauge.Table, what string, got, goal float64) {
	t.Add(what, short(got), "≥ "+short(goal), reached(got >= goal))
}

func atMost(t *gauge.Table, what string, got, goal float64) {
	t.Add(what, short(got), "≤ "+short(goal), reached(got <= goal))
}

func reached(yes bool) string {
	if yes {
		return "reached"
	}
	return "missed"
}

// short writes a figure with three digits that say something.
func short(v float64) string {
	switch {
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// spread is the least and the most of a list.
func spread(list []float64) string {
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f–%.0f", slices.Min(list), slices.Max(list))
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }

// orNone writes a short time, if there is any.
func orNone(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return milliseconds(d)
}

func connections(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", n)
}

// size writes a number of bytes as its flag takes it.
func size(n int64) string {
	for _, u := range units() {
		if n >= u.bytes && n%u.bytes == 0 {
			return fmt.Sprintf("%d %s", n/u.bytes, u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

type unit struct {
	name  string
	bytes int64
}

func units() []unit { return []unit{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} }

// parseSize reads a size such as 64KiB, 4MiB or 1GiB.
func parseSize(s string) (int64, error) {
	for _, u := range units() {
		if digits, ok := strings.CutSuffix(s, u.name); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 32)
			if err != nil || n < 1 || n > (64<<30)/u.bytes {
				break
			}
			return n * u.bytes, nil
		}
	}
	return 0, fmt.Errorf("%q is no size such as 64KiB, 4MiB or 1GiB", s)
}
