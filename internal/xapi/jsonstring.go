package xapi

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonString reads the inside of a JSON string, unescaped, up to its closing
// quote, which it consumes.
type jsonString struct {
	r    *bufio.Reader
	rest []byte // of an escape that did not fit
	done bool
}

func (s *jsonString) Read(p []byte) (int, error) {
	if len(s.rest) > 0 {
		n := copy(p, s.rest)
		s.rest = s.rest[n:]
		return n, nil
	}
	if s.done || len(p) == 0 {
		if s.done {
			return 0, io.EOF
		}
		return 0, nil
	}
	if _, err := s.r.Peek(1); err != nil {
		if errors.Is(err, io.EOF) {
			err = notJSON()
		}
		return 0, err
	}
	window, _ := s.r.Peek(min(s.r.Buffered(), len(p)))
	plain := bytes.IndexFunc(window, func(c rune) bool { return c == '"' || c == '\\' || c < ' ' })
	if plain < 0 {
		plain = len(window)
	}
	if plain > 0 {
		n := copy(p, window[:plain])
		_, err := s.r.Discard(n)
		return n, err
	}
	switch c, _ := s.r.ReadByte(); {
	case c == '"':
		s.done = true
		return 0, io.EOF
	case c == '\\':
		if err := s.escape(); err != nil {
			return 0, err
		}
		return s.Read(p)
	default:
		return 0, notJSON() // a bare control character
	}
}

// escape reads what follows a backslash into rest.
func (s *jsonString) escape() error {
	c, err := s.r.ReadByte()
	if err != nil {
		return notJSON()
	}
	switch c {
	case '"', '\\', '/':
		s.rest = []byte{c}
	case 'b':
		s.rest = []byte{'\b'}
	case 'f':
		s.rest = []byte{'\f'}
	case 'n':
		s.rest = []byte{'\n'}
	case 'r':
		s.rest = []byte{'\r'}
	case 't':
		s.rest = []byte{'\t'}
	case 'u':
		return s.unicode()
	default:
		return notJSON()
	}
	return nil
}

func (s *jsonString) unicode() error {
	r, err := s.hex()
	if err != nil {
		return err
	}
	if utf16.IsSurrogate(r) {
		r = s.pair(r)
	}
	s.rest = fmt.Appendf(nil, "%c", r)
	return nil
}

// pair completes a surrogate with the code that follows; without its other half
// it is U+FFFD, as in encoding/json.
func (s *jsonString) pair(high rune) rune {
	const code = 6 // such as \ude00
	next, _ := s.r.Peek(code)
	if len(next) < code || string(next[:2]) != `\u` {
		return utf8.RuneError
	}
	low, err := strconv.ParseUint(string(next[2:]), 16, 16)
	r := utf16.DecodeRune(high, rune(low))
	if err == nil && r != utf8.RuneError {
		_, _ = s.r.Discard(code)
	}
	return r
}

func (s *jsonString) hex() (rune, error) {
	var b [4]byte
	if _, err := io.ReadFull(s.r, b[:]); err != nil {
		return 0, notJSON()
	}
	n, err := strconv.ParseUint(string(b[:]), 16, 16)
	if err != nil {
		return 0, notJSON()
	}
	return rune(n), nil
}
