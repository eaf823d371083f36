package xapi

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"

	"magpie/internal/media"
)

// readJSONUpload reads one JSON object as it streams in. The string "media" is
// base64 and is decoded into sink, and found tells whether it was there; every
// other member is given back raw. So a segment costs a fixed buffer and not its size. Standard and URL alphabets,
// with or without padding, and line breaks are taken.
func readJSONUpload(body io.Reader, buf int, sink io.Writer) (members map[string]json.RawMessage, found bool, err error) {
	j := &jsonStream{r: bufio.NewReaderSize(body, buf), left: maxFields}
	members = map[string]json.RawMessage{}
	if err := j.expect('{'); err != nil {
		return nil, false, err
	}
	for first := true; ; first = false {
		name, more, err := j.member(first)
		switch {
		case err != nil:
			return nil, false, err
		case !more:
			return members, found, j.end()
		case name == "media" && found, members[name] != nil:
			return nil, false, media.Invalid(shorten(name), "is there twice")
		case name == "media":
			found = true
			err = j.media(sink)
		default:
			members[name], err = j.value()
		}
		if err != nil {
			return nil, false, err
		}
	}
}

type jsonStream struct {
	r    *bufio.Reader
	left int // bytes that names and values may still have, the media aside
}

func notJSON() error { return media.Invalid("body", "Request body is not valid JSON.") }

// member reads up to the next member's value. more is false at the end of the
// object.
func (j *jsonStream) member(first bool) (name string, more bool, err error) {
	c, err := j.token()
	switch {
	case err != nil:
		return "", false, err
	case c == '}':
		return "", false, nil
	case first && c == '"':
	case !first && c == ',':
		err = j.expect('"')
	default:
		err = notJSON()
	}
	if err == nil {
		name, err = j.name()
	}
	if err == nil {
		err = j.expect(':')
	}
	return name, true, err
}

// token gives the next byte that is not white space.
func (j *jsonStream) token() (byte, error) {
	for {
		c, err := j.r.ReadByte()
		if errors.Is(err, io.EOF) {
			return 0, notJSON()
		}
		if err != nil || (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
			return c, err
		}
	}
}

func (j *jsonStream) expect(want byte) error {
	c, err := j.token()
	if err == nil && c != want {
		err = notJSON()
	}
	return err
}

// end checks that nothing but white space follows.
func (j *jsonStream) end() error {
	for {
		c, err := j.r.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return notJSON()
		}
	}
}

// name reads a member's name, after its opening quote.
func (j *jsonStream) name() (string, error) {
	b, err := io.ReadAll(io.LimitReader(&jsonString{r: j.r}, int64(j.left)+1))
	if j.left -= len(b); err == nil && j.left < 0 {
		err = tooLong()
	}
	return string(b), err
}

// value reads any one value, bounded, and leaves the check of its inside to
// encoding/json.
func (j *jsonStream) value() (json.RawMessage, error) {
	var raw bytes.Buffer
	depth, quoted, escaped := 0, false, false
	for {
		c, err := j.r.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil, notJSON()
		}
		if err != nil {
			return nil, err
		}
		if !quoted && depth == 0 && (c == ',' || c == '}') {
			if err := j.r.UnreadByte(); err != nil {
				return nil, err
			}
			if !json.Valid(raw.Bytes()) {
				return nil, notJSON()
			}
			return bytes.TrimSpace(raw.Bytes()), nil
		}
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '{' || c == '['):
			depth++
		case !quoted && (c == '}' || c == ']'):
			depth--
		}
		raw.WriteByte(c)
		if j.left--; j.left < 0 {
			return nil, tooLong()
		}
	}
}

func tooLong() error {
	return media.Invalid("body", "The request body is too long: what comes with the media may have %d bytes in all.", maxFields)
}

// media decodes the base64 string that comes next into sink.
func (j *jsonStream) media(sink io.Writer) error {
	c, err := j.token()
	if err != nil {
		return err
	}
	if c != '"' {
		return media.Invalid("media", "must be a string of base64")
	}
	return decodeBase64(sink, &jsonString{r: j.r})
}

// decodeBase64 decodes all of text into sink.
func decodeBase64(sink io.Writer, text io.Reader) error {
	clean := &base64Text{r: text}
	buf := make([]byte, 32<<10)
	d := base64.NewDecoder(base64.RawStdEncoding, clean)
	for {
		n, err := d.Read(buf)
		if n > 0 {
			if _, e := sink.Write(buf[:n]); e != nil {
				return e
			}
		}
		var corrupt base64.CorruptInputError
		switch {
		case err == nil:
		case clean.err != nil:
			return clean.err
		case errors.As(err, &corrupt), errors.Is(err, io.ErrUnexpectedEOF):
			return media.Invalid("media", "is not valid base64")
		case errors.Is(err, io.EOF):
			return nil
		default:
			return err
		}
	}
}

// base64Text drops white space and padding, and turns the URL alphabet into the
// standard one.
type base64Text struct {
	r      io.Reader
	padded bool
	err    error // other than io.EOF
}

func (b *base64Text) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	kept := p[:0]
	for _, c := range p[:n] {
		switch c {
		case '\r', '\n', ' ', '\t':
			continue
		case '=':
			b.padded = true
			continue
		case '-':
			c = '+'
		case '_':
			c = '/'
		}
		if b.padded {
			b.err = media.Invalid("media", "is not valid base64: data follows the padding")
			return 0, b.err
		}
		kept = append(kept, c)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return len(kept), err
}

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
		if next, err := s.r.Peek(2); err == nil && string(next) == `\u` {
			_, _ = s.r.Discard(2)
			low, err := s.hex()
			if err != nil {
				return err
			}
			r = utf16.DecodeRune(r, low)
		}
	}
	s.rest = fmt.Appendf(nil, "%c", r)
	return nil
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
