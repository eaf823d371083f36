package auth

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"magpie/internal/media"
)

// What the parameters of one signed request may come to. A value longer than
// longValue is not held in memory: it stays in the body.
const (
	maxPairs     = 1000
	maxPairBytes = 64 << 10
	longValue    = 8 << 10
)

// pair is one parameter, decoded. Of a long value, which is not held, from and
// to say where in the body it stands, still encoded.
type pair struct {
	name, value string
	long        bool
	from, to    int64
}

// pairs collects the parameters of one request within the bounds above.
type pairs struct {
	list []pair
	left int // bytes that names and held values may still come to
}

func newPairs() *pairs { return &pairs{left: maxPairBytes} }

// add takes one more parameter.
func (p *pairs) add(v pair) error {
	if p.left -= len(v.name) + len(v.value); p.left < 0 || len(p.list) == maxPairs {
		return tooManyPairs()
	}
	p.list = append(p.list, v)
	return nil
}

func tooManyPairs() error {
	return media.Errorf(media.CodeTooLarge, "A signed request may have %d parameters and %d bytes in them, beside its media.", maxPairs, maxPairBytes)
}

// get gives the value of a parameter that may be there once. Twice is an error,
// as RFC 5849 §3.1 wants it of the protocol's own parameters.
func (p *pairs) get(name string) (value string, found bool, err error) {
	for _, v := range p.list {
		if v.name != name {
			continue
		}
		if found || v.long {
			return "", false, media.Errorf(media.CodeNoCredentials, "The parameter %s is there twice, or is too long.", name)
		}
		value, found = v.value, true
	}
	return value, found, nil
}

// read adds the parameters of application/x-www-form-urlencoded text. A + is a
// blank there, and an empty piece between two & is nothing.
func (p *pairs) read(r *bufio.Reader) error {
	t := &formText{r: r}
	for {
		v, ended, err := p.one(t)
		if err != nil {
			return err
		}
		if v != nil {
			if err := p.add(*v); err != nil {
				return err
			}
		}
		if ended {
			return nil
		}
	}
}

// readQuery adds the parameters of a URL's query.
func (p *pairs) readQuery(query string) error {
	if query == "" {
		return nil
	}
	return p.read(bufio.NewReaderSize(strings.NewReader(query), min(len(query), longValue)))
}

// one reads one parameter, nil for an empty piece.
func (p *pairs) one(t *formText) (v *pair, ended bool, err error) {
	var name, value strings.Builder
	from := int64(-1) // where the value begins
	for {
		c, plain, err := t.next()
		if errors.Is(err, io.EOF) || err == nil && plain && c == '&' {
			if name.Len() == 0 && from < 0 {
				return nil, err != nil, nil
			}
			return &pair{name: name.String(), value: value.String()}, err != nil, nil
		}
		if err != nil {
			return nil, false, err
		}
		switch {
		case plain && c == '=' && from < 0:
			from = t.taken
		case from < 0:
			if name.Len() > p.left {
				return nil, false, tooManyPairs()
			}
			name.WriteByte(c)
		case value.Len() < longValue:
			value.WriteByte(c)
		default:
			return t.long(name.String(), from)
		}
	}
}

// long passes over the rest of a value that is too long to keep.
func (t *formText) long(name string, from int64) (v *pair, ended bool, err error) {
	if ended, err = t.skip(); err != nil {
		return nil, false, err
	}
	to := t.taken
	if !ended {
		to-- // the &
	}
	return &pair{name: name, long: true, from: from, to: to}, ended, nil
}
