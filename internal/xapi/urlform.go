package xapi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"

	"magpie/internal/media"
)

// readURLForm reads an application/x-www-form-urlencoded body as it streams in
// (WHATWG URL §5.1). A media in it is base64 and is decoded into sink; every
// other field is bounded with all of them.
func readURLForm(body io.Reader, buf int, sink io.Writer) (uploadFields, error) {
	f := uploadFields{values: map[string]string{}}
	r := bufio.NewReaderSize(body, buf)
	left := maxFields
	for {
		if _, err := r.Peek(1); err != nil {
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
			err = decodeMedia(key, sink, &urlText{r: r, plus: '+'})
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
func copyURLText(w io.Writer, r *bufio.Reader, stops string, plus byte) (byte, error) {
	t := &urlText{r: r, stops: stops, plus: plus}
	if _, err := io.Copy(w, t); err != nil {
		return 0, err
	}
	return t.stopped, nil
}

// urlText reads percent-encoded text up to a stop. plus is what "+" stands for:
// a blank, but in base64, where no blank is meant, itself.
type urlText struct {
	r       *bufio.Reader
	stops   string // "" is "&"
	plus    byte
	ended   bool
	stopped byte
}

func (t *urlText) Read(p []byte) (int, error) {
	stops := t.stops
	if stops == "" {
		stops = "&"
	}
	for n := range p {
		if t.ended {
			return n, io.EOF
		}
		c, err := t.r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			t.ended = true
			return n, io.EOF
		case err != nil:
			return n, err
		case bytes.IndexByte([]byte(stops), c) >= 0:
			t.ended, t.stopped = true, c
			return n, io.EOF
		case c == '+':
			c = t.plus
		case c == '%':
			if c, err = t.escaped(); err != nil {
				return n, err
			}
		}
		p[n] = c
	}
	return len(p), nil
}

func (t *urlText) escaped() (byte, error) {
	var b [2]byte
	_, err := io.ReadFull(t.r, b[:])
	if err == nil {
		var v uint64
		if v, err = strconv.ParseUint(string(b[:]), 16, 8); err == nil {
			return byte(v), nil
		}
	}
	return 0, media.Invalid("body", "The form can't be read: a %% is not followed by two hexadecimal digits.")
}
