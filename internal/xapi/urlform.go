package xapi

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math/bits"

	"magpie/internal/media"
)

// readURLForm reads an application/x-www-form-urlencoded body as it streams in
// through r (WHATWG URL §5.1). A media in it is base64 and is decoded into sink;
// every other field is bounded with all of them.
func readURLForm(r *ahead, sink io.Writer) (uploadFields, error) {
	f := uploadFields{values: map[string]string{}}
	left := maxFields
	for {
		if _, err := r.peek(1); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return f, err
		}
		name := &bounded{name: "the form", left: left}
		stop, err := copyURLText(name, r, "=&", ' ')
		if err != nil {
			return f, err
		}
		left = name.left
		key := name.text.String()
		if f.repeats(key) {
			return f, media.Invalid(shorten(key), "is there twice")
		}
		switch {
		case key == "" && stop != '=': // && or a & at the end
		case isMedia(key) && stop == '=':
			f.media = true
			err = inBase64(key, decodeBase64(sink, &urlText{r: r, plus: '+'}))
		default:
			value := &bounded{name: key, left: left}
			if stop == '=' {
				_, err = copyURLText(value, r, "&", ' ')
			}
			left = value.left
			f.keep(key, value.text.String())
		}
		if err != nil {
			return f, err
		}
	}
}

// copyURLText decodes up to one of the stops, which it consumes and gives; 0
// at the end of the body.
func copyURLText(w io.Writer, r *ahead, stops string, plus byte) (byte, error) {
	t := &urlText{r: r, stops: stops, plus: plus}
	if _, err := io.CopyBuffer(w, t, make([]byte, 512)); err != nil {
		return 0, err
	}
	return t.stopped, nil
}

// urlText reads percent-encoded text up to a stop. plus is what "+" stands for:
// a blank, but in base64, where no blank is meant, itself.
type urlText struct {
	r       *ahead
	stops   string // at most two; "" is "&"
	plus    byte
	ended   bool
	stopped byte
}

var _ bodyText = (*urlText)(nil)

// body implements bodyText.
func (t *urlText) body() *ahead { return t.r }

// odd implements bodyText.
func (t *urlText) odd(text []byte) (byte, int) {
	switch c := text[0]; {
	case c == '&':
	case c != '%':
		return c, 1
	case len(text) >= escapeLength:
		return unescape(text)
	}
	return 0, 0
}

// Read gives all that has arrived, as far as it fits, and waits only where that
// is nothing, or ends within an escape.
func (t *urlText) Read(p []byte) (int, error) {
	special := t.special()
	n := 0
	for n < len(p) && !t.ended {
		window := t.r.buf[t.r.start:t.r.end]
		if len(window) == 0 {
			if n > 0 {
				return n, nil
			}
			var err error
			if window, err = t.r.peek(1); err != nil {
				t.ended = errors.Is(err, io.EOF)
				return 0, err
			}
		}
		k := copy(p[n:], window[:special.before(window[:min(len(window), len(p)-n)])])
		t.r.skip(k)
		n += k
		if n == len(p) || k == len(window) {
			continue
		}
		switch c := window[k]; c {
		case '%':
			v, err := t.escaped()
			if err != nil {
				return n, err
			}
			p[n] = v
			n++
		case '+':
			t.r.skip(1)
			p[n] = t.plus
			n++
		default:
			t.r.skip(1)
			t.ended, t.stopped = true, c
		}
	}
	if t.ended {
		return n, io.EOF
	}
	return n, nil
}

// special is what does not stand for itself.
func (t *urlText) special() specials {
	s := specials{'%', '%', '&', '&'}
	if t.plus != '+' {
		s[1] = '+'
	}
	if t.stops != "" {
		s[2], s[3] = t.stops[0], t.stops[len(t.stops)-1]
	}
	return s
}

// escaped consumes a percent sign and its two digits.
func (t *urlText) escaped() (byte, error) {
	b, err := t.r.peek(escapeLength)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if len(b) >= escapeLength {
		if c, n := unescape(b); n > 0 {
			t.r.skip(n)
			return c, nil
		}
	}
	return 0, media.Invalid("body", "The form can't be read: a %% is not followed by two hexadecimal digits.")
}

const escapeLength = len("%2B")

// unescape gives what a percent sign and two digits stand for; of length 0 where they
// are no digits.
func unescape(text []byte) (c byte, length int) {
	var b [1]byte
	if _, err := hex.Decode(b[:], text[1:escapeLength]); err != nil {
		return 0, 0
	}
	return b[0], escapeLength
}

// specials are four characters to look for.
type specials [4]byte

// before is how many bytes of text come before the first of them: all of them
// where there is none. It looks at eight at a time, as plainJSON does.
func (s specials) before(text []byte) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x80 * ones
	)
	a, b, c, d := uint64(s[0])*ones, uint64(s[1])*ones, uint64(s[2])*ones, uint64(s[3])*ones
	i := 0
	for ; len(text)-i >= 8; i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		p, q, r, t := x^a, x^b, x^c, x^d
		if m := ((p-ones)&^p | (q-ones)&^q | (r-ones)&^r | (t-ones)&^t) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(text); i++ {
		if bytes.IndexByte(s[:], text[i]) >= 0 {
			break
		}
	}
	return i
}
