package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// object is a YAML mapping in the order in which it is written.
type object yaml.MapSlice

// get is the value under a key, nil where there is none.
func (o object) get(key string) any {
	for _, item := range o {
		if item.Key == key {
			return item.Value
		}
	}
	return nil
}

// with is o with another value under a key, behind the others if the key is new.
func (o object) with(key string, value any) object {
	for i, item := range o {
		if item.Key == key {
			o[i].Value = value
			return o
		}
	}
	return append(o, yaml.MapItem{Key: key, Value: value})
}

func (o object) object(key string) object { m, _ := o.get(key).(object); return m }
func (o object) list(key string) []any    { l, _ := o.get(key).([]any); return l }
func (o object) text(key string) string   { s, _ := o.get(key).(string); return s }
func (o object) is(key string) bool       { b, _ := o.get(key).(bool); return b }

// MarshalJSON keeps the order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, item := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		for n, v := range []any{fmt.Sprint(item.Key), item.Value} {
			text, err := encode(v, "")
			if err != nil {
				return nil, err
			}
			if n > 0 {
				b.WriteByte(':')
			}
			b.Write(text)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode writes JSON without the escapes that are for JSON within HTML.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// document is an OpenAPI document.
type document struct{ root object }

// parse reads a document.
func parse(text []byte) (document, error) {
	var v any
	if err := yaml.UnmarshalWithOptions(text, &v, yaml.UseOrderedMap()); err != nil {
		return document{}, fmt.Errorf("read the API's description: %w", err)
	}
	root, ok := ordered(v).(object)
	if !ok {
		return document{}, fmt.Errorf("read the API's description: it is no mapping")
	}
	return document{root}, nil
}

// ordered turns mappings into objects.
func ordered(v any) any {
	switch v := v.(type) {
	case yaml.MapSlice:
		o := make(object, len(v))
		for i, item := range v {
			o[i] = yaml.MapItem{Key: fmt.Sprint(item.Key), Value: ordered(item.Value)}
		}
		return o
	case []any:
		l := make([]any, len(v))
		for i := range v {
			l[i] = ordered(v[i])
		}
		return l
	}
	return v
}

// resolve gives what a value is or refers to, and the name of what it refers to,
// "" where it does not. References to references are followed to their end.
func (d document) resolve(v any) (o object, name string) {
	o, _ = v.(object)
	for o.text("$ref") != "" {
		at := d.root
		path := strings.Split(strings.TrimPrefix(o.text("$ref"), "#/"), "/")
		for _, key := range path {
			at = at.object(key)
		}
		if name == "" {
			name = path[len(path)-1]
		}
		o = at
	}
	return o, name
}
