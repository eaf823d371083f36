package main

import (
	"strings"
	"testing"

	"magpie/bench/gauge"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{"64KiB": 64 << 10, "4 MiB": 4 << 20, "1GiB": 1 << 30, "64GiB": 64 << 30} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%s is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "1", "GiB", "0MiB", "-1MiB", "1.5GiB", "65GiB", "9999999999GiB", "1GB"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
	if got := size(1 << 30); got != "1 GiB" {
		t.Errorf("1 GiB is written %s", got)
	}
	if got := size(16778); got != "16778 bytes" {
		t.Errorf("16778 bytes are written %s", got)
	}
}

func TestGoals(t *testing.T) {
	var list gauge.Table
	atLeast(&list, "speed", 0.9, 0.9)
	atLeast(&list, "speed", 0.8, 0.9)
	atMost(&list, "time", 4.94, 5)
	atMost(&list, "time", 123.4, 5)
	var out strings.Builder
	for _, row := range list {
		out.WriteString(strings.Join(row, " ") + "\n")
	}
	const want = "speed 0.90 ≥ 0.90 reached\nspeed 0.80 ≥ 0.90 missed\ntime 4.94 ≤ 5.00 reached\ntime 123 ≤ 5.00 missed\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	if got := spread([]float64{3, 1.4, 2}); got != "1–3" {
		t.Errorf("3, 1.4 and 2 spread over %s", got)
	}
}
