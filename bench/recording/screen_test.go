package main

import (
	"strings"
	"testing"
)

func TestScreen(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"lines":             {"one\r\ntwo", "one|two||"},
		"a line over again": {"12%\r100%", "100%|||"},
		"a shorter one":     {"100%\r12%\x1b[K", "12%|||"},
		"two lines up":      {"a\r\nb\r\n\x1b[2Ax\r\ny", "x|y||"},
		"erased below":      {"a\r\nb\r\nc\x1b[2A\r\x1b[J", "|||"},
		"scrolled":          {"1\r\n2\r\n3\r\n4\r\n5", "2|3|4|5"},
		"wrapped":           {"0123456789ab", "0123456789|ab||"},
		"colours":           {"\x1b[1;31mred\x1b[0m \x1b]", "red|||"},
		"backspace":         {"ax\bb", "ab|||"},
		"runes":             {"é…", "é…|||"},
		"hidden cursor":     {"\x1b[?25lx", "x|||"},
	} {
		for split := range len(c.in) { // it may come in any pieces
			s := newScreen(10, 4)
			_, _ = s.Write([]byte(c.in[:split]))
			_, _ = s.Write([]byte(c.in[split:]))
			if got := strings.Join(s.shown(), "|"); got != c.want {
				t.Errorf("%s, cut at %d: %q, want %q", name, split, got, c.want)
			}
		}
	}
}
