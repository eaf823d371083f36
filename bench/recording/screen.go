package main

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// screen is as much of a terminal as the session needs: text, carriage returns, moves
// of the cursor and erasing. Colours and all else are passed over.
type screen struct {
	columns, rows int
	lines         [][]rune
	x, y          int
	rest          []byte // of a sequence or a rune that has not come whole
}

func newScreen(columns, rows int) *screen {
	return &screen{columns: columns, rows: rows, lines: make([][]rune, rows)}
}

// Write shows what a program wrote.
func (s *screen) Write(p []byte) (int, error) {
	b := append(s.rest, p...)
	s.rest = nil
	for len(b) > 0 {
		n := s.take(b)
		if n == 0 {
			s.rest = append([]byte{}, b...)
			break
		}
		b = b[n:]
	}
	return len(p), nil
}

// take shows what b begins with, and says how many bytes that is; 0 where more are needed.
func (s *screen) take(b []byte) int {
	switch b[0] {
	case '\r':
		s.x = 0
		return 1
	case '\n':
		s.newline()
		return 1
	case '\b':
		s.x = max(0, s.x-1)
		return 1
	case '\t':
		s.x = min(s.columns-1, (s.x/8+1)*8)
		return 1
	case 0x1b:
		return s.escape(b)
	}
	if b[0] < ' ' {
		return 1
	}
	if !utf8.FullRune(b) {
		return 0
	}
	r, n := utf8.DecodeRune(b)
	s.put(r)
	return n
}

func (s *screen) newline() {
	if s.y++; s.y == s.rows {
		s.lines = append(s.lines[1:], nil)
		s.y--
	}
}

func (s *screen) put(r rune) {
	if s.x == s.columns {
		s.x = 0
		s.newline()
	}
	for len(s.lines[s.y]) <= s.x {
		s.lines[s.y] = append(s.lines[s.y], ' ')
	}
	s.lines[s.y][s.x] = r
	s.x++
}

// escape obeys a sequence that begins with ESC [, and passes over others.
func (s *screen) escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	if b[1] != '[' {
		return 2
	}
	for i := 2; i < len(b); i++ {
		if b[i] < 0x40 {
			continue
		}
		first, _, _ := strings.Cut(string(b[2:i]), ";")
		n, err := strconv.Atoi(first)
		s.obey(b[i], n, err == nil)
		return i + 1
	}
	return 0
}

func (s *screen) obey(command byte, n int, given bool) {
	times := max(n, 1)
	switch command {
	case 'A':
		s.y = max(0, s.y-times)
	case 'B':
		s.y = min(s.rows-1, s.y+times)
	case 'C':
		s.x = min(s.columns-1, s.x+times)
	case 'D':
		s.x = max(0, s.x-times)
	case 'G':
		s.x = min(s.columns, times) - 1
	case 'K':
		if !given || n == 0 {
			s.lines[s.y] = s.lines[s.y][:min(s.x, len(s.lines[s.y]))]
		} else {
			s.lines[s.y] = nil
		}
	case 'J':
		s.lines[s.y] = s.lines[s.y][:min(s.x, len(s.lines[s.y]))]
		for y := s.y + 1; y < s.rows; y++ {
			s.lines[y] = nil
		}
	}
}

// shown is the screen's text, a line for each row, without blanks at the end.
func (s *screen) shown() []string {
	out := make([]string, s.rows)
	for y, line := range s.lines {
		out[y] = strings.TrimRight(string(line), " ")
	}
	return out
}
