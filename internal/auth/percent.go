package auth

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"magpie/internal/media"
)

const upperHex = "0123456789ABCDEF"

// unreserved reports whether a byte stands for itself (RFC 3986 §2.3).
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// percentEncode encodes as RFC 5849 §3.6 does: every byte but the unreserved
// ones, in upper case.
func percentEncode(s string) string {
	reserved := 0
	for i := range len(s) {
		if !unreserved(s[i]) {
			reserved++
		}
	}
	if reserved == 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 2*reserved)
	for i := range len(s) {
		if c := s[i]; unreserved(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return b.String()
}

var errEscape = errors.New("a % is not followed by two hexadecimal digits")

// percentDecode decodes %XX and nothing else.
func percentDecode(s string) (string, error) {
	if strings.IndexByte(s, '%') < 0 {
		return s, nil
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if i+2 >= len(s) {
				return "", errEscape
			}
			high, low := hexValue(s[i+1]), hexValue(s[i+2])
			if high < 0 || low < 0 {
				return "", errEscape
			}
			c = byte(high<<4 | low)
			i += 2
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

func hexValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// formText reads the bytes of application/x-www-form-urlencoded text and counts
// how many it took.
type formText struct {
	r     *bufio.Reader
	taken int64
}

// skip passes over the rest of a value and the & behind it. ended says that the
// text ended instead. What is escaped wrongly is not noticed.
func (t *formText) skip() (ended bool, err error) {
	for {
		rest, err := t.r.ReadSlice('&')
		t.taken += int64(len(rest))
		switch {
		case err == nil:
			return false, nil
		case errors.Is(err, io.EOF):
			return true, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return false, err
		}
	}
}

// next gives the next byte; plain says that it stood there as it is, so that an
// & or = separates. The text's end is io.EOF.
func (t *formText) next() (c byte, plain bool, err error) {
	c, err = t.r.ReadByte()
	if err != nil {
		return 0, false, err
	}
	t.taken++
	switch c {
	case '+':
		return ' ', false, nil
	case '%':
		value := 0
		for range 2 {
			digit, err := t.r.ReadByte()
			if err != nil && !errors.Is(err, io.EOF) {
				return 0, false, err
			}
			half := hexValue(digit)
			if err != nil || half < 0 {
				return 0, false, media.Invalid("", "The parameters can't be read: %s.", errEscape)
			}
			t.taken++
			value = value<<4 | half
		}
		return byte(value), false, nil
	}
	return c, true, nil
}
