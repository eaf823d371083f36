package xapi

import (
	"encoding/binary"
	"errors"
	"io"

	"magpie/internal/media"
)

// Sizes of the buffers that base64 is decoded through: the first, and what they
// grow to while a client keeps filling them.
const (
	firstText = 2 << 10
	mostText  = 64 << 10
	fastAfter = 4 // reads in a row that fill one
)

// decodeBase64 decodes all of text into sink (RFC 4648 §4 and §5): the standard
// and the URL alphabet, also mixed, with or without padding, and white space
// anywhere. What a client sends slowly costs a few KiB; larger buffers are asked of
// fast.
func decodeBase64(sink io.Writer, text io.Reader, fast func() *texts) error {
	var (
		d   base64Decoder
		in  = make([]byte, firstText)
		out = make([]byte, decodedMost(firstText))

		full int // how many reads in a row filled in
	)
	for {
		n, err := text.Read(in)
		if n > 0 {
			k, wrong := d.decode(out, in[:n])
			if wrong != nil {
				return wrong
			}
			if _, e := sink.Write(out[:k]); e != nil {
				return e
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			k, wrong := d.end(out)
			if wrong == nil && k > 0 {
				_, wrong = sink.Write(out[:k])
			}
			return wrong
		case err != nil:
			return err
		case n < len(in):
			full = 0
		default:
			if full++; full >= fastAfter && n < mostText {
				t := fast()
				in, out = t.in[:], t.out[:]
			}
		}
	}
}

// decodeMedia is decodeBase64 for a member of a request, by whose name it calls
// what is wrong.
func decodeMedia(name string, sink io.Writer, text io.Reader, fast func() *texts) error {
	err := decodeBase64(sink, text, fast)
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeInvalid || e.Field != "media" || errors.Is(err, errStore) {
		return err
	}
	named := *e
	named.Field = name
	return &named
}

// base64Decoder decodes a text that comes in pieces. encoding/base64 decodes
// less than 1 GB/s, wants its text whole or in its own small buffers, and one
// alphabet.
type base64Decoder struct {
	bits   uint32 // of the digits that are not yet four
	digits int
	padded bool
}

// decodedMost is how large a buffer decode needs for n bytes of text: the digits
// left from before, and that it stores eight bytes where six are due.
func decodedMost(n int) int { return (n+3)/4*3 + 8 }

// decode decodes text into dst and gives how many bytes came out of it.
func (d *base64Decoder) decode(dst, text []byte) (int, error) {
	n := 0
	for len(text) > 0 {
		if d.digits == 0 && !d.padded {
			used, made := decodeClean(dst[n:], text)
			text, n = text[used:], n+made
			if len(text) == 0 {
				break
			}
		}
		c := text[0]
		text = text[1:]
		switch c {
		case '\r', '\n', ' ', '\t':
			continue
		case '=':
			d.padded = true
			continue
		}
		if d.padded {
			return n, media.Invalid("media", "is not valid base64: data follows the padding")
		}
		v := digitOf(c)
		if v < 0 {
			return n, media.Invalid("media", "is not valid base64")
		}
		d.bits = d.bits<<6 | uint32(v)
		if d.digits++; d.digits == 4 {
			dst[n], dst[n+1], dst[n+2] = byte(d.bits>>16), byte(d.bits>>8), byte(d.bits)
			d.bits, d.digits = 0, 0
			n += 3
		}
	}
	return n, nil
}

// end decodes the digits that are left, into dst. Bits of them beyond the last
// byte are passed over.
func (d *base64Decoder) end(dst []byte) (int, error) {
	switch d.digits {
	case 1:
		return 0, media.Invalid("media", "is not valid base64")
	case 2:
		dst[0] = byte(d.bits >> 4)
		return 1, nil
	case 3:
		dst[0], dst[1] = byte(d.bits>>10), byte(d.bits>>2)
		return 2, nil
	}
	return 0, nil
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
		if a, b := digitOf(byte(i)), digitOf(byte(i>>8)); a >= 0 && b >= 0 {
			t[i] = uint16(a<<6 | b)
		}
	}
	return &t
}

// digitOf is the value of a digit of either alphabet, -1 of anything else.
func digitOf(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case '0' <= c && c <= '9':
		return int(c-'0') + 52
	case c == '+', c == '-':
		return 62
	case c == '/', c == '_':
		return 63
	}
	return -1
}

// decodeClean decodes text by fours of digits, up to the first four that has
// something else among it. dst must have decodedMost bytes for it.
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
