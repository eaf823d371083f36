package xapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"magpie/internal/media"
)

// wellFormed checks that b is JSON as RFC 8259 has it for exchange: one value,
// in UTF-8, no object of which names a member twice. encoding/json would take
// the last of those and put a mark in the place of what is not UTF-8, so that
// something else would be kept than what some other reader sees.
func wellFormed(b []byte) error {
	if !json.Valid(b) {
		return media.Invalid("", "Request body is not valid JSON.")
	}
	if !utf8.Valid(b) {
		return media.Invalid("", "Request body is not valid JSON. It is not in UTF-8.")
	}
	if path := repeated(b); path != "" {
		return media.Invalid(path, "%s: is there twice", path)
	}
	return nil
}

// level is one object or array that repeated is in.
type level struct {
	path    string
	members map[string]bool // nil in an array
	name    string          // of the member whose value comes next, "" before a name
	named   bool
	index   int
}

// next is the path of the value that comes next.
func (l *level) next() string {
	if l.members == nil {
		return fmt.Sprintf("%s[%d]", l.path, l.index)
	}
	return l.path + "." + shorten(l.name)
}

// repeated gives the path of the first member that is the second of its name in
// its object, "" where there is none. b is valid JSON.
func repeated(b []byte) string {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var in []*level
	for {
		token, err := d.Token()
		if err != nil {
			return "" // the end
		}
		var at *level
		if len(in) > 0 {
			at = in[len(in)-1]
		}
		if token == json.Delim('}') || token == json.Delim(']') {
			in = in[:len(in)-1]
			continue
		}
		path := "$"
		if at != nil {
			if at.members != nil && !at.named {
				at.name, at.named = token.(string), true
				if at.members[at.name] {
					return at.next()
				}
				at.members[at.name] = true
				continue
			}
			path = at.next()
			at.named = false
			at.index++
		}
		switch token {
		case json.Delim('{'):
			in = append(in, &level{path: path, members: map[string]bool{}})
		case json.Delim('['):
			in = append(in, &level{path: path})
		}
	}
}
