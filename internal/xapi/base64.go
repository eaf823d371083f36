package xapi

import (
	"encoding/base64"
	"errors"
	"io"

	"magpie/internal/media"
)

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

// decodeMedia is decodeBase64 for a member of a request, by whose name it calls
// what is wrong.
func decodeMedia(name string, sink io.Writer, text io.Reader) error {
	err := decodeBase64(sink, text)
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeInvalid || e.Field != "media" || errors.Is(err, errStore) {
		return err
	}
	named := *e
	named.Field = name
	return &named
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
