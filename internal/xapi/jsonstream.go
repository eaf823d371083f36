package xapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"magpie/internal/media"
)

// readJSONUpload reads one JSON object as it streams in through r. The string "media" (or "media_data") is base64 and
// is decoded into sink, and found tells whether it was there; every other member
// is given back raw. So a segment costs a fixed buffer and not its size.
func readJSONUpload(r *ahead, sink io.Writer) (members map[string]json.RawMessage, found bool, err error) {
	j := &jsonStream{r: r, left: maxFields}
	members = map[string]json.RawMessage{}
	if _, err := j.r.peek(1); errors.Is(err, io.EOF) {
		return members, false, nil // X's own sample sends this type with no body
	}
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
		case isMedia(name) && found, members[name] != nil:
			return nil, false, media.Invalid(shorten(name), "is there twice")
		case isMedia(name):
			found = true
			err = j.media(name, sink)
		default:
			members[name], err = j.value()
		}
		if err != nil {
			return nil, false, err
		}
	}
}

type jsonStream struct {
	r    *ahead
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
			j.r.unread()
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

// media decodes the base64 string that comes next, the value of name, into sink.
func (j *jsonStream) media(name string, sink io.Writer) error {
	c, err := j.token()
	if err != nil {
		return err
	}
	if c != '"' {
		return media.Invalid(name, "must be a string of base64")
	}
	return inBase64(name, decodeBase64(sink, &jsonString{r: j.r}))
}
