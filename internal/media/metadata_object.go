package media

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// object reads the members of one JSON object by name and type. It keeps the
// first fault, after which what it reads has no meaning.
type object struct {
	path    string // of the object, such as metadata.alt_text
	members map[string]json.RawMessage
	asked   []string // the names that the schema knows
	first   *Error
}

// readObject takes valid JSON without blanks around it.
func readObject(path string, raw json.RawMessage) *object {
	o := &object{path: path}
	if err := json.Unmarshal(raw, &o.members); err != nil || o.members == nil {
		o.first = fault(path, raw, "%s found, object expected", jsonKind(raw))
	}
	return o
}

// done gives the first fault. Members that nothing has asked about are one.
func (o *object) done() *Error {
	if o.first != nil {
		return o.first
	}
	var unknown []string
	for name := range o.members {
		if !slices.Contains(o.asked, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		name := slices.Min(unknown)
		o.fail(name, "is not defined in the schema and the schema does not allow additional properties; the members are %s", joinNames(o.asked))
	}
	return o.first
}

func (o *object) fail(name, format string, args ...any) {
	if o.first == nil {
		o.first = fault(o.path+"."+name, o.members[name], format, args...)
	}
}

// has reports whether a member was sent, be it null.
func (o *object) has(name string) bool {
	if !slices.Contains(o.asked, name) {
		o.asked = append(o.asked, name)
	}
	_, sent := o.members[name]
	return sent
}

// require makes it a fault that a member was not sent.
func (o *object) require(name string) {
	if !o.has(name) {
		o.fail(name, "is missing but it is required")
	}
}

// is reports whether a member was sent as the kind; another kind is a fault.
func (o *object) is(name, kind string) bool {
	if !o.has(name) {
		return false
	}
	found := jsonKind(o.members[name])
	if found == kind || kind == "number" && found == "integer" {
		return true
	}
	o.fail(name, "%s found, %s expected", found, kind)
	return false
}

// bool gives false for a member that was not sent.
func (o *object) bool(name string) bool {
	return o.is(name, "boolean") && string(o.members[name]) == "true"
}

// textualBool takes "true" and "false" as well, as the contract of February
// 2025 had it, and gives nil for a member that was not sent.
func (o *object) textualBool(name string) *bool {
	if !o.has(name) {
		return nil
	}
	var b bool
	switch string(o.members[name]) {
	case `"true"`:
		b = true
	case `"false"`:
	default:
		b = o.bool(name)
	}
	return &b
}

// text reads a required string of at most limit characters.
func (o *object) text(name string, limit int) string {
	o.require(name)
	if !o.is(name, "string") {
		return ""
	}
	s := unquote(o.members[name])
	if utf8.RuneCountInString(s) > limit {
		o.fail(name, "must be at most %d characters long", limit)
	}
	return s
}

// texts reads an optional array of strings; the result is never nil. check
// gives an item as it is to be stored, or words about what is wrong with it.
func (o *object) texts(name string, limit int, check func(string) (item, wrong string)) []string {
	out := []string{}
	for i, raw := range o.items(name, limit) {
		at := fmt.Sprintf("%s.%s[%d]", o.path, name, i)
		if kind := jsonKind(raw); kind != "string" {
			o.first = fault(at, raw, "%s found, string expected", kind)
			break
		}
		item, wrong := check(unquote(raw))
		if wrong != "" {
			o.first = fault(at, raw, "%s", wrong)
			break
		}
		out = append(out, item)
	}
	return out
}

// items gives nothing once there is a fault.
func (o *object) items(name string, limit int) []json.RawMessage {
	var items []json.RawMessage
	if !o.is(name, "array") || json.Unmarshal(o.members[name], &items) != nil {
		return nil
	}
	if len(items) > limit {
		o.fail(name, "must have at most %d items", limit)
	}
	if o.first != nil {
		return nil
	}
	return items
}

// children has read called on each object of an optional array.
func (o *object) children(name string, limit int, read func(*object)) {
	for i, raw := range o.items(name, limit) {
		if !o.nested(fmt.Sprintf("%s[%d]", name, i), raw, read) {
			return
		}
	}
}

// child has read called on a member that is an object, if it was sent.
func (o *object) child(name string, read func(*object)) {
	if o.has(name) {
		o.nested(name, o.members[name], read)
	}
}

func (o *object) nested(name string, raw json.RawMessage, read func(*object)) bool {
	c := readObject(o.path+"."+name, raw)
	read(c)
	if wrong := c.done(); wrong != nil && o.first == nil {
		o.first = wrong
	}
	return o.first == nil
}

func fault(path string, raw json.RawMessage, format string, args ...any) *Error {
	e := Invalid(path, format, args...)
	e.Value = clip(string(raw))
	return e
}

// clip keeps an error from repeating all of a long value.
func clip(s string) string {
	const limit = 200
	if len(s) <= limit {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

func unquote(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// jsonKind names the kind of a JSON value in the words of X's validator.
func jsonKind(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	if strings.ContainsAny(string(raw), ".eE") {
		return "number"
	}
	return "integer"
}
