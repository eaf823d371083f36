package xapi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonString reads the inside of a JSON string, unescaped, up to its closing
// quote, which it consumes.
type jsonString struct {
	r    *ahead
	rest []byte // of an escape that did not fit
	done bool
}

var _ bodyText = (*jsonString)(nil)

// body implements bodyText.
func (s *jsonString) body() *ahead { return s.r }

// odd implements bodyText.
func (s *jsonString) odd(text []byte) (byte, int) {
	switch c := text[0]; {
	case c == '"' || c < ' ':
	case c != '\\':
		return c, 1
	case len(text) > 1 && escapes[text[1]] != 0: // PHP escapes every slash, one in 64 digits
		return escapes[text[1]], 2
	}
	return 0, 0
}

// Read gives all that has arrived, as far as it fits, and waits only where that
// is nothing, or ends within an escape.
func (s *jsonString) Read(p []byte) (int, error) {
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	if s.done {
		return n, io.EOF
	}
	for n < len(p) {
		window := s.r.buf[s.r.start:s.r.end]
		if len(window) == 0 {
			if n > 0 {
				break
			}
			var err error
			if window, err = s.r.peek(1); err != nil {
				return n, cutString(err)
			}
		}
		k := copy(p[n:], window[:plainJSON(window[:min(len(window), len(p)-n)])])
		s.r.skip(k)
		n += k
		if n == len(p) || k == len(window) {
			continue
		}
		switch c, length := s.odd(window[k:]); {
		case length > 0:
			p[n] = c
			s.r.skip(length)
			n++
		case window[k] == '"':
			s.r.skip(1)
			s.done = true
			return n, io.EOF
		case window[k] != '\\':
			return n, notJSON() // a bare control character
		default:
			s.r.skip(1)
			if err := s.escape(); err != nil {
				return n, err
			}
			used := copy(p[n:], s.rest)
			s.rest = s.rest[used:]
			n += used
		}
	}
	return n, nil
}

// cutString says of a body that ends within a string that it is not JSON.
func cutString(err error) error {
	if errors.Is(err, io.EOF) {
		return notJSON()
	}
	return err
}

// plainJSON is how many of the first bytes of text stand for themselves in a
// string: up to a quote, a backslash or a control character. It looks at eight
// at a time. Such a mask has a high bit for each byte that is zero (or, less
// than a blank); those above the lowest may be wrong, and the lowest is what is
// asked for.
func plainJSON(text []byte) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x80 * ones
	)
	i := 0
	for ; len(text)-i >= 8; i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		quote, slash := x^'"'*ones, x^'\\'*ones
		if m := ((x-' '*ones)&^x | (quote-ones)&^quote | (slash-ones)&^slash) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c == '"' || c == '\\' || c < ' ' {
			break
		}
	}
	return i
}

// escape reads what follows a backslash into rest.
func (s *jsonString) escape() error {
	c, err := s.r.ReadByte()
	if err != nil {
		return cutString(err)
	}
	switch {
	case c == 'u':
		return s.unicode()
	case escapes[c] == 0:
		return notJSON()
	}
	s.rest = []byte{escapes[c]}
	return nil
}

// escapes is what a character behind a backslash stands for (RFC 8259 §7); u,
// and what may not be there, have none.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

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
	next, _ := s.r.peek(code)
	if len(next) < code || string(next[:2]) != `\u` {
		return utf8.RuneError
	}
	low, err := strconv.ParseUint(string(next[2:code]), 16, 16)
	r := utf16.DecodeRune(high, rune(low))
	if err == nil && r != utf8.RuneError {
		s.r.skip(code)
	}
	return r
}

func (s *jsonString) hex() (rune, error) {
	const digits = 4
	b, err := s.r.peek(digits)
	if err != nil {
		return 0, cutString(err)
	}
	n, err := strconv.ParseUint(string(b[:digits]), 16, 16)
	if err != nil {
		return 0, notJSON()
	}
	s.r.skip(digits)
	return rune(n), nil
}
