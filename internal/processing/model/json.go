package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what a JSON may hold, so that a small file can't become much in
// memory here, nor a deep stack in a viewer.
const (
	maxDepth  = 64
	maxItems  = 1 << 18 // of one array of things, such as the nodes
	maxLinks  = 1 << 20 // references in all of them together
	maxNumber = 1 << 53 // whole numbers that every reader holds exactly
)

// cursor reads a JSON text once, from front to back. It knows where it is, for
// the words of an error, and passes member names exactly as they are written:
// the package encoding/json would take "URI" for "uri", and the last of two
// equal names, where a viewer may do otherwise. The first error ends it: after
// that, every method does nothing.
type cursor struct {
	dec   *json.Decoder
	path  []string
	links int
	err   error
}

// newCursor takes a text that must be one JSON value in UTF-8.
func newCursor(text []byte) *cursor {
	c := &cursor{}
	switch {
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		c.err = broken("its JSON begins with a byte order mark, which glTF forbids")
	case !utf8.Valid(text):
		c.err = broken("its JSON is not UTF-8")
	case !json.Valid(text):
		c.err = broken("its JSON can't be read: %s", syntax(text))
	}
	c.dec = json.NewDecoder(bytes.NewReader(text))
	c.dec.UseNumber()
	return c
}

// syntax tells where a text stops being JSON.
func syntax(text []byte) string {
	var into json.RawMessage
	err := json.Unmarshal(text, &into)
	if s, ok := err.(*json.SyntaxError); ok {
		return fmt.Sprintf("%v at byte %d", s, s.Offset)
	}
	return "it is nested too deeply"
}

// fail keeps the first error.
func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// broken fails with what is wrong with the value at hand.
func (c *cursor) broken(format string, args ...any) {
	c.fail(broken("%s "+format, append([]any{c.where()}, args...)...))
}

// where names the value at hand, as in accessors[3].bufferView.
func (c *cursor) where() string {
	if len(c.path) == 0 {
		return "its JSON"
	}
	return strings.TrimPrefix(strings.Join(c.path, ""), ".")
}

// token reads on. Past an error it gives nil.
func (c *cursor) token() json.Token {
	if c.err != nil {
		return nil
	}
	t, err := c.dec.Token()
	if err != nil { // not after json.Valid, but nobody should depend on it
		c.broken("can't be read")
		return nil
	}
	return t
}

// in reads a value one step further in.
func (c *cursor) in(step string, read func()) {
	if len(c.path) >= maxDepth {
		c.fail(refused("The model's JSON is nested more than %d deep", maxDepth))
	}
	if c.err != nil {
		return
	}
	c.path = append(c.path, step)
	read()
	c.path = c.path[:len(c.path)-1]
}

// object reads an object. member is called at each value and must read it.
func (c *cursor) object(member func(name string)) {
	if t := c.token(); t == json.Delim('{') {
		c.members(member)
	} else {
		c.broken("is not an object")
	}
}

// members reads an object from behind its bracket.
func (c *cursor) members(member func(name string)) {
	seen := map[string]bool{}
	for c.err == nil && c.dec.More() {
		name, _ := c.token().(string)
		if seen[name] {
			c.broken("has two members %s", quoted(name))
			return
		}
		seen[name] = true
		c.in("."+shortened(name), func() { member(name) })
	}
	c.token()
}

// array reads an array of at most so many values. item is called at each and
// must read it.
func (c *cursor) array(most int, item func(i int)) {
	if t := c.token(); t == json.Delim('[') {
		c.items(most, item)
	} else {
		c.broken("is not an array")
	}
}

// items reads an array from behind its bracket.
func (c *cursor) items(most int, item func(i int)) {
	for i := 0; c.err == nil && c.dec.More(); i++ {
		if i == most {
			c.fail(refused("The model has more than %d values in %s, the most that is accepted", most, c.where()))
			return
		}
		c.in("["+strconv.Itoa(i)+"]", func() { item(i) })
	}
	c.token()
}

// skip reads a value of any form. inner, where it is given, is called at each
// named value inside, and reports whether it has read that itself.
func (c *cursor) skip(inner func(name string) bool) {
	switch c.token() {
	case json.Delim('{'):
		c.members(func(name string) {
			if inner == nil || !inner(name) {
				c.skip(inner)
			}
		})
	case json.Delim('['):
		c.items(math.MaxInt, func(int) { c.skip(inner) })
	}
}

// text reads a string.
func (c *cursor) text() string {
	s, ok := c.token().(string)
	if c.err == nil && !ok {
		c.broken("is not a string")
	}
	return s
}

// truth reads true or false.
func (c *cursor) truth() bool {
	b, ok := c.token().(bool)
	if c.err == nil && !ok {
		c.broken("is neither true nor false")
	}
	return b
}

// number reads a number that is finite.
func (c *cursor) number() float64 {
	n, ok := c.token().(json.Number)
	if c.err != nil {
		return 0
	}
	f, err := n.Float64()
	if !ok || err != nil {
		c.broken("is not a number that fits 64 bits")
	}
	return f
}

// whole reads a whole number of at least 0. 1.0 is one, as it is for every
// reader in JavaScript.
func (c *cursor) whole() int64 {
	f := c.number()
	if c.err == nil && (f < 0 || f > maxNumber || f != math.Trunc(f)) {
		c.broken("is not a whole number from 0 to %d", int64(maxNumber))
	}
	if c.err != nil {
		return 0
	}
	return int64(f)
}

// wholes reads an array of whole numbers, which are places in other arrays.
func (c *cursor) wholes() []int64 {
	var out []int64
	c.array(maxItems, func(int) {
		out = append(out, c.whole())
		c.count()
	})
	return out
}

// count bounds what all small arrays hold together.
func (c *cursor) count() {
	if c.links++; c.links > maxLinks {
		c.fail(refused("The model's JSON refers to more than %d things, the most that is accepted", maxLinks))
	}
}

// numbers reads an array of exactly as many numbers as into has.
func (c *cursor) numbers(into []float64) {
	got := 0
	c.array(len(into)+1, func(i int) {
		if n := c.number(); i < len(into) {
			into[i] = n
		}
		got++
	})
	if c.err == nil && got != len(into) {
		c.broken("does not have %d numbers", len(into))
	}
}
