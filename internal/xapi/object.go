package xapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"magpie/internal/media"
)

// maxObject bounds a JSON request body that carries no media.
const maxObject = 1 << 20

// object is a JSON request body whose members are read one by one, with X's
// messages for what is wrong.
type object map[string]json.RawMessage

// readObject reads the JSON object in a request's body.
func readObject(r *http.Request) (object, error) {
	return readObjectOf(r, "application/json")
}

// readObjectOf is readObject for bodies that come as one of kinds, where "" is
// no Content-Type at all.
func readObjectOf(r *http.Request, kinds ...string) (object, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Header.Get("Content-Type") == "" {
		kind, err = "", nil
	}
	if err != nil || !slices.Contains(kinds, kind) {
		return nil, media.Invalid("", "Requests with bodies must have content-type of application/json.")
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, maxObject+1))
	if err != nil {
		return nil, brokenBody(err)
	}
	if len(b) > maxObject {
		return nil, media.Errorf(media.CodeTooLarge, "The JSON body has more than %d bytes.", maxObject)
	}
	if err := wellFormed(b); err != nil {
		return nil, err
	}
	var o object
	if err := json.Unmarshal(b, &o); err != nil || o == nil {
		return nil, media.Invalid("", "Request body must be a JSON object.")
	}
	return o, nil
}

// only refuses members that are not among names.
func (o object) only(names ...string) error {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(names, name) {
			return wrong(name, o[name], "is not defined in the schema and the schema does not allow additional properties; it takes [%s]", strings.Join(names, ", "))
		}
	}
	return nil
}

// has reports whether a member is there and not null.
func (o object) has(name string) bool {
	v, ok := o[name]
	return ok && !bytes.Equal(v, []byte("null"))
}

// text reads a member that is a string; "" where it is absent.
func (o object) text(name string) (string, error) {
	if !o.has(name) {
		return "", nil
	}
	var s string
	if err := json.Unmarshal(o[name], &s); err != nil {
		return "", mismatch(name, o[name], "string")
	}
	return s, nil
}

// boolean reads a member that is true or false; false where it is absent.
func (o object) boolean(name string) (bool, error) {
	var b bool
	if o.has(name) && json.Unmarshal(o[name], &b) != nil {
		return false, mismatch(name, o[name], "boolean")
	}
	return b, nil
}

// integer reads a member that is a whole number; absent where it is not there.
func (o object) integer(name string, absent int64) (int64, error) {
	if !o.has(name) {
		return absent, nil
	}
	var n json.Number
	if o[name][0] == '"' || json.Unmarshal(o[name], &n) != nil {
		return 0, mismatch(name, o[name], "integer")
	}
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return i, nil
	}
	// 1e3 and 10.0 are whole numbers, too.
	switch f, err := strconv.ParseFloat(n.String(), 64); {
	case err == nil && f != math.Trunc(f):
		return 0, mismatch(name, o[name], "integer")
	case err != nil || math.Abs(f) > 1<<53:
		return 0, wrong(name, o[name], "is larger than any number that is taken here")
	default:
		return int64(f), nil
	}
}

// texts reads a member that is an array of strings.
func (o object) texts(name string) ([]string, error) {
	if !o.has(name) {
		return nil, nil
	}
	var raw []json.RawMessage
	if json.Unmarshal(o[name], &raw) != nil {
		return nil, mismatch(name, o[name], "array")
	}
	out := make([]string, len(raw))
	for i, v := range raw {
		if json.Unmarshal(v, &out[i]) != nil || bytes.Equal(v, []byte("null")) {
			return nil, mismatch(fmt.Sprintf("%s[%d]", name, i), v, "string")
		}
	}
	return out, nil
}

func mismatch(name string, v json.RawMessage, want string) error {
	return wrong(name, v, "%s found, %s expected", kindOf(v), want)
}

func wrong(name string, v json.RawMessage, format string, args ...any) error {
	path := "$." + name
	e := media.Invalid(path, "%s: %s", path, fmt.Sprintf(format, args...))
	e.Value = shorten(string(v))
	return e
}

// inBody puts an error's field the way X's messages name members of a body.
func inBody(err error) error {
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeInvalid || e.Field == "" || strings.HasPrefix(e.Field, "$.") {
		return err
	}
	named := *e
	named.Field = "$." + e.Field
	if e.Message() != e.Detail { // else it is a whole sentence
		named.Detail = named.Field + ": " + e.Detail
	}
	return &named
}

// kindOf names the JSON type of a value as X's messages do.
func kindOf(v json.RawMessage) string {
	switch v[0] {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	if bytes.ContainsAny(v, ".eE") {
		return "number"
	}
	return "integer"
}

// shorten keeps what is shown of a client's value readable.
func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// brokenBody explains a request body that could not be read to its end.
func brokenBody(err error) *media.Error {
	return &media.Error{
		Code: media.CodeInvalid, Field: "body", Cause: err,
		Detail: "The request body broke off before its end; send the request again.",
	}
}
