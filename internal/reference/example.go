package reference

import (
	"fmt"
	"slices"
)

// example gives a value that fits a schema: the one that it has, or else one put together from
// those of its parts. Names of schemas and members say in an error where
// one is missing: a text with a pattern can't be made up.
func (d document) example(schema any) (any, error) {
	s, name := d.resolve(schema)
	v, err := d.compose(s)
	if err != nil && name != "" {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return v, err
}

func (d document) compose(s object) (any, error) {
	if some := s.list("examples"); some != nil {
		return some[0], nil
	}
	if all := s.list("allOf"); all != nil {
		return d.composeAll(s, all)
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		if some := s.list(key); some != nil {
			v, err := d.example(some[0])
			if s.object("properties") == nil || err != nil {
				return v, err
			}
			rest, err := d.composeObject(s)
			return overlay(v, rest), err
		}
	}
	if values := s.list("enum"); values != nil {
		return values[0], nil
	}
	switch typeOf(s) {
	case "object", "":
		return d.composeObject(s)
	case "array":
		item, err := d.example(s.get("items"))
		return []any{item}, err
	case "string":
		return composeText(s)
	case "boolean":
		return true, nil
	}
	if v := s.get("minimum"); v != nil {
		return v, nil
	}
	return 1, nil
}

// typeOf is a schema's type without "null", of which there may be more than one.
func typeOf(s object) string {
	if t := s.text("type"); t != "" {
		return t
	}
	for _, t := range s.list("type") {
		if t != "null" {
			return fmt.Sprint(t)
		}
	}
	return ""
}

func (d document) composeObject(s object) (any, error) {
	out := object{}
	for _, item := range s.object("properties") {
		v, err := d.example(item.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", item.Key, err)
		}
		out = out.with(item.Key.(string), v)
	}
	return out, nil
}

// composeAll lays the examples of parts over each other, later ones over earlier.
func (d document) composeAll(s object, all []any) (any, error) {
	var out any
	for _, part := range append(slices.Clone(all), object{{Key: "properties", Value: s.get("properties")}}) {
		v, err := d.example(part)
		if err != nil {
			return nil, err
		}
		out = overlay(out, v)
	}
	return out, nil
}

// overlay is under with what over has in the place of its own.
func overlay(under, over any) any {
	u, ok := under.(object)
	o, both := over.(object)
	if !both || !ok {
		if both && len(o) == 0 && under != nil {
			return under
		}
		return over
	}
	u = slices.Clone(u)
	for _, item := range o {
		key := item.Key.(string)
		u = u.with(key, overlay(u.get(key), item.Value))
	}
	return u
}

// binary tells whether a schema is one of plain bytes.
func binary(s object) bool { return s.text("contentMediaType") != "" }

func composeText(s object) (any, error) {
	switch {
	case binary(s):
		return "(the bytes)", nil
	case s.text("contentEncoding") == "base64":
		return "R0lGODlhAQABAAAAACw=", nil
	}
	switch s.text("format") {
	case "date-time":
		return "2026-11-22T09:30:00Z", nil
	case "uri":
		return "https://media.example/media/q3Zt0aYbXk1_vW-9/640x360.mp4", nil
	}
	return nil, fmt.Errorf("no example of a text")
}

// mediaExample is an example of a body: of the content type, or of its schema.
func (d document) mediaExample(media object) (any, error) {
	if v := media.get("example"); v != nil {
		return v, nil
	}
	return d.example(media.get("schema"))
}

// parameterExample is an example of a parameter.
func (d document) parameterExample(p object) (any, error) {
	if v := p.get("example"); v != nil {
		return v, nil
	}
	return d.example(p.get("schema"))
}

// shows tells whether examples of a content type can be shown as text.
func shows(contentType string) bool {
	switch contentType {
	case "application/json", "multipart/form-data", "application/x-www-form-urlencoded":
		return true
	}
	return false
}
