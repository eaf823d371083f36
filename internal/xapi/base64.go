package xapi

import (
	"encoding/binary"
	"errors"
	"io"

	"magpie/internal/media"
)

// base64Decoder decodes a text that comes in pieces (RFC 4648 §4 and §5): the standard
// and the URL alphabet, also mixed, with or without padding, and white space
// anywhere. encoding/base64 decodes less than 1 GB/s, wants its text whole or in its
// own small buffers, and one alphabet.
type base64Decoder struct {
	bits   uint32 // of the last digits
	digits int    // how many there are since the last four
	padded bool
}

// bodyText is base64 within a body, where a digit stands for itself.
type bodyText interface {
	io.Reader
	// body has next what Read gives next.
	body() *ahead
	// odd gives what the beginning of text, no digit, stands for, and how long it is
	// written; 0 where only Read can tell.
	odd(text []byte) (c byte, length int)
}

// decodeBase64 decodes all of text into sink, in the body's own buffer: nothing is
// copied, and what a client sends slowly costs no more than that.
func decodeBase64(sink io.Writer, text bodyText) error {
	var d base64Decoder
	body := text.body()
	one := make([]byte, 1) // of what only Read can tell
	for {
		window, err := body.peek(1)
		if err == nil {
			room := body.aligned()
			used, made, err := d.decode(room, window, text.odd)
			if err != nil {
				return err
			}
			body.skip(used)
			if err := writeSome(sink, room[:made]); err != nil {
				return err
			}
			body.at += made
			if used == len(window) {
				continue
			}
		}
		n, err := text.Read(one)
		_, made, wrong := d.decode(one, one[:n], asWritten)
		if wrong == nil {
			wrong = writeSome(sink, one[:made])
		}
		body.at += made
		switch {
		case wrong != nil:
			return wrong
		case errors.Is(err, io.EOF):
			return d.end()
		case err != nil:
			return err
		}
	}
}

func writeSome(sink io.Writer, p []byte) error {
	if len(p) == 0 {
		return nil
	}
	_, err := sink.Write(p)
	return err
}

// inBase64 calls what is wrong with a base64 text by the name of the request's member
// that has it.
func inBase64(name string, err error) error {
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeInvalid || e.Field != "media" || errors.Is(err, errStore) {
		return err
	}
	named := *e
	named.Field = name
	return &named
}

// asWritten is odd for text that has no escapes.
func asWritten(text []byte) (byte, int) { return text[0], 1 }

// decode decodes text into dst, up to where odd gives no length. dst may be text's room,
// or begin before it: there are never more bytes than digits.
func (d *base64Decoder) decode(dst, text []byte, odd func([]byte) (c byte, length int)) (used, made int, err error) {
	for used < len(text) {
		if d.digits == 0 && !d.padded {
			n, bytes := decodeClean(dst[made:], text[used:])
			used, made = used+n, made+bytes
			if used == len(text) {
				break
			}
		}
		if v := digits[text[used]]; v >= 0 && !d.padded {
			used, made = used+1, made+d.digit(dst[made:], v)
			continue
		}
		c, length := odd(text[used:])
		if length == 0 {
			break
		}
		n, err := d.add(dst[made:], c)
		if err != nil {
			return used, made, err
		}
		used, made = used+length, made+n
	}
	return used, made, nil
}

// add decodes one character, which may complete a byte.
func (d *base64Decoder) add(dst []byte, c byte) (int, error) {
	switch c {
	case '\r', '\n', ' ', '\t':
		return 0, nil
	case '=':
		d.padded = true
		return 0, nil
	}
	if d.padded {
		return 0, media.Invalid("media", "is not valid base64: data follows the padding")
	}
	v := digits[c]
	if v < 0 {
		return 0, media.Invalid("media", "is not valid base64")
	}
	return d.digit(dst, v), nil
}

// digit adds the six bits of one. All but the first of four complete a byte.
func (d *base64Decoder) digit(dst []byte, v int8) int {
	d.bits = d.bits<<6 | uint32(v)
	if d.digits = (d.digits + 1) % 4; d.digits == 1 {
		return 0
	}
	dst[0] = byte(d.bits >> ((8 - 2*d.digits) % 8)) // 4, 2 and then 0 bits belong to the next
	return 1
}

// end is for the text's end. Bits beyond the last byte are passed over.
func (d *base64Decoder) end() error {
	if d.digits == 1 {
		return media.Invalid("media", "is not valid base64")
	}
	return nil
}

// digitPairs has the twelve bits of two digits, by their two characters as a
// little-endian number, or notDigits. The pairs that occur fit the processor's
// first cache.
var digitPairs = makeDigitPairs()

const notDigits = 1 << 15

func makeDigitPairs() *[1 << 16]uint16 {
	var t [1 << 16]uint16
	for i := range t {
		t[i] = notDigits
		if a, b := digits[byte(i)], digits[i>>8]; a >= 0 && b >= 0 {
			t[i] = uint16(a)<<6 | uint16(b)
		}
	}
	return &t
}

// digits are the values of the digits of both alphabets, -1 of all else.
var digits = makeDigits()

func makeDigits() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for v, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = int8(v)
	}
	t['-'], t['_'] = t['+'], t['/']
	return t
}

// decodeClean decodes text by fours of digits, up to the first four that has
// something else among it. dst may be the room of text: as there are more digits than
// bytes, none is written over before it is read.
func decodeClean(dst, text []byte) (used, made int) {
	t := digitPairs
	for len(text)-used >= 8 && len(dst)-made >= 8 {
		x := binary.LittleEndian.Uint64(text[used:])
		a, b, c, d := t[uint16(x)], t[uint16(x>>16)], t[uint16(x>>32)], t[uint16(x>>48)]
		if (a|b|c|d)&notDigits != 0 {
			break
		}
		binary.BigEndian.PutUint64(dst[made:], uint64(a)<<52|uint64(b)<<40|uint64(c)<<28|uint64(d)<<16)
		used += 8
		made += 6
	}
	for len(text)-used >= 4 && len(dst)-made >= 3 {
		x := binary.LittleEndian.Uint32(text[used:])
		a, b := t[uint16(x)], t[uint16(x>>16)]
		if (a|b)&notDigits != 0 {
			break
		}
		v := uint32(a)<<12 | uint32(b)
		dst[made], dst[made+1], dst[made+2] = byte(v>>16), byte(v>>8), byte(v)
		used += 4
		made += 3
	}
	return used, made
}
