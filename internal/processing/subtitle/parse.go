package subtitle

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"magpie/internal/media"
)

const (
	maxBytes = 10 << 20
	maxCues  = 100_000
	maxLine  = 64 << 10
)

// blanks are what may stand around words on a line.
const blanks = " \t\f"

// SyntaxError says in words why a file is no subtitle file that magpie takes,
// and in which line; Line is 0 where it is about the whole file.
type SyntaxError struct {
	Line  int
	Words string
}

// Error gives the line and the words.
func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return e.Words
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Words)
}

// Parse reads a whole SRT or WebVTT file, t saying which. It reads no more
// than a little above 10 MiB. A file at fault is a *SyntaxError; errors of r
// are wrapped. The track has at least one cue; cues that begin at the same
// time stay in the order of the file.
func Parse(r io.Reader, t media.Type) (*Track, error) {
	if t != media.SRT && t != media.VTT {
		return nil, fmt.Errorf("parse subtitles: %q is no type of subtitles", t)
	}
	text, err := readText(r)
	if err != nil {
		return nil, err
	}
	p := parser{lines: lines{rest: text}}
	if t == media.SRT {
		err = p.srt()
	} else {
		err = p.vtt()
	}
	if err != nil {
		return nil, err
	}
	if len(p.cues) == 0 {
		return nil, &SyntaxError{Words: "the file has no cues"}
	}
	slices.SortStableFunc(p.cues, func(a, b Cue) int { return cmp.Compare(a.Start, b.Start) })
	return &Track{Cues: p.cues}, nil
}

// readText gives the file without its byte order mark, once its size, its
// encoding and the length of its lines are known to be right.
func readText(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return "", fmt.Errorf("read subtitles: %w", err)
	}
	if len(b) > maxBytes {
		return "", &SyntaxError{Words: fmt.Sprintf("the file is larger than %d MiB", maxBytes>>20)}
	}
	text := string(b)
	if strings.HasPrefix(text, "\xFF\xFE") || strings.HasPrefix(text, "\xFE\xFF") {
		return "", &SyntaxError{Words: "the file is in UTF-16; save it as UTF-8"}
	}
	text = strings.TrimPrefix(text, "\uFEFF")
	l := lines{rest: text}
	for line, ok := l.next(); ok; line, ok = l.next() {
		if !utf8.ValidString(line) {
			return "", &SyntaxError{l.number, "the bytes are not UTF-8; save the file as UTF-8"}
		}
		if len(line) > maxLine {
			return "", &SyntaxError{l.number, fmt.Sprintf("the line is longer than %d KiB", maxLine>>10)}
		}
	}
	return text, nil
}

// lines hands out a text line by line. Lines end with LF, CRLF or CR.
type lines struct {
	rest   string
	number int // of the line handed out last, from 1
}

// next gives the next line without its end, and false after the last.
func (l *lines) next() (string, bool) {
	if l.rest == "" {
		return "", false
	}
	l.number++
	i := strings.IndexAny(l.rest, "\r\n")
	if i < 0 {
		line := l.rest
		l.rest = ""
		return line, true
	}
	line := l.rest[:i]
	if strings.HasPrefix(l.rest[i:], "\r\n") {
		i++
	}
	l.rest = l.rest[i+1:]
	return line, true
}

// peek gives the line that next will.
func (l *lines) peek() (string, bool) {
	ahead := *l
	return ahead.next()
}

// parser is a file half read.
type parser struct {
	lines
	cues []Cue
}

func (p *parser) fail(line int, format string, args ...any) error {
	return &SyntaxError{Line: line, Words: fmt.Sprintf(format, args...)}
}

// nextFilled gives the next line that is not blank, trimmed.
func (p *parser) nextFilled() (string, bool) {
	for {
		line, ok := p.next()
		if line = strings.Trim(line, blanks); line != "" || !ok {
			return line, ok
		}
	}
}

// text takes the lines of a cue, up to a blank one. A timing ends it as well,
// where the blank line is missing.
func (p *parser) text() []string {
	var out []string
	for {
		line, ok := p.peek()
		if !ok || strings.Trim(line, blanks) == "" || isTiming(line) {
			return out
		}
		out = append(out, line)
		p.next()
	}
}

// add keeps a cue whose timing was in the line at.
func (p *parser) add(at int, c Cue) error {
	if len(p.cues) == maxCues {
		return p.fail(at, "the file has more than %d cues", maxCues)
	}
	p.cues = append(p.cues, c)
	return nil
}
