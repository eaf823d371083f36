// Package trace reads and writes the W3C's trace context: which of many requests,
// through however many services, something was done for. It records no spans; it
// passes on what came, so that log lines of several services can be put together.
//
// https://www.w3.org/TR/trace-context/ is the recommendation that the sections
// below are of.
package trace

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// The headers' names (§3.2, §3.3).
const (
	ParentHeader = "Traceparent"
	StateHeader  = "Tracestate"
)

// Context says of which trace something is a part. The zero Context is of none.
type Context struct {
	trace [16]byte
	span  [8]byte
	flags byte
	state string
}

// Two flags are passed on: sampled (§3.2.2.5), and random of the next version of
// the recommendation, which asks everybody to keep it. Others must be 0.
const knownFlags = 0x03

// New begins a trace. It fails with random.
func New(random io.Reader) (Context, error) {
	var c Context
	if err := fill(random, c.trace[:]); err != nil {
		return Context{}, err
	}
	return c.Child(random)
}

// Child is the same trace, one step on: what is sent on names this step as its
// parent. It fails with random.
func (c Context) Child(random io.Reader) (Context, error) {
	if err := fill(random, c.span[:]); err != nil {
		return Context{}, err
	}
	return c, nil
}

// fill makes an id, which is never all zero.
func fill(random io.Reader, id []byte) error {
	if _, err := io.ReadFull(random, id); err != nil {
		return fmt.Errorf("make the id of a trace: %w", err)
	}
	if none(id) {
		id[len(id)-1] = 1
	}
	return nil
}

// IsZero reports whether it is of no trace.
func (c Context) IsZero() bool { return none(c.trace[:]) }

// Equal reports whether both are the same step of the same trace, with all that
// is passed on.
func (c Context) Equal(o Context) bool { return c == o }

// ID is the trace's id, 32 hexadecimal digits.
func (c Context) ID() string { return hex.EncodeToString(c.trace[:]) }

// Span is the step's id, 16 hexadecimal digits.
func (c Context) Span() string { return hex.EncodeToString(c.span[:]) }

// State is the value of the header tracestate, "" for none.
func (c Context) State() string { return c.state }

// Parent is the value of the header traceparent, of version 00.
func (c Context) Parent() string {
	b := make([]byte, 0, parentLength)
	b = append(b, "00-"...)
	b = hex.AppendEncode(b, c.trace[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, c.span[:])
	b = append(b, '-')
	return string(hex.AppendEncode(b, []byte{c.flags}))
}

// parentLength is how long a traceparent of version 00 is.
const parentLength = 55

// Read reads the two headers' values. It reports false where traceparent is not
// there exactly once or is malformed: a new trace is to begin then, and tracestate
// is nothing without it (§4.3). A tracestate that is malformed, alone, is dropped.
//
// A traceparent of a later version is read as far as this one goes, as §3.2.4 asks.
func Read(parents, states []string) (Context, bool) {
	if len(parents) != 1 {
		return Context{}, false
	}
	c, ok := parseParent(strings.Trim(parents[0], " \t"))
	if ok {
		c.state = readState(states)
	}
	return c, ok
}

func parseParent(s string) (c Context, ok bool) {
	if len(s) < parentLength || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return Context{}, false
	}
	var version, flags [1]byte
	for _, part := range []struct {
		into []byte
		text string
	}{{version[:], s[:2]}, {c.trace[:], s[3:35]}, {c.span[:], s[36:52]}, {flags[:], s[53:55]}} {
		if !lowerHex(part.text) {
			return Context{}, false
		}
		_, _ = hex.Decode(part.into, []byte(part.text)) // digits, and as many as there is room for
	}
	switch {
	case version[0] == 0xff, version[0] == 0 && len(s) != parentLength, len(s) > parentLength && s[parentLength] != '-':
		return Context{}, false
	case none(c.trace[:]), none(c.span[:]):
		return Context{}, false
	}
	c.flags = flags[0] & knownFlags
	return c, true
}

// lowerHex: capital letters are malformed (§3.2.2).
func lowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func none(id []byte) bool {
	for _, b := range id {
		if b != 0 {
			return false
		}
	}
	return true
}

// key is where a Context is in a context.Context.
type key struct{}

// With gives ctx with a trace. *c is not changed any more.
func With(ctx context.Context, c *Context) context.Context {
	return context.WithValue(ctx, key{}, c)
}

// From is the trace of a context, the zero Context for none.
func From(ctx context.Context) Context {
	if c, ok := ctx.Value(key{}).(*Context); ok {
		return *c
	}
	return Context{}
}
