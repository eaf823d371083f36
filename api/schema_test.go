package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"
)

// keywords is what schemas of the document are made of. kin-openapi's own validator,
// against which the tests hold answers, knows all of them; it would pass over others
// of JSON Schema 2020-12, and JSON Schema passes over those of OpenAPI 3.0, as nullable.
var keywords = strings.Fields(`$ref description type enum format contentMediaType contentEncoding default examples
	properties required additionalProperties minProperties maxProperties items minItems maxItems uniqueItems
	minLength maxLength pattern minimum maximum allOf oneOf anyOf not`)

// TestSchemasAreOf31 looks at every schema as it is written, which a reader of
// OpenAPI 3.1 takes for JSON Schema 2020-12.
func TestSchemasAreOf31(t *testing.T) {
	if version := load(t).OpenAPI; version != "3.1.0" {
		t.Errorf("openapi: %s", version)
	}
	var root any
	if err := yaml.Unmarshal(Document, &root); err != nil {
		t.Fatal(err)
	}
	n := 0
	var schema func(at string, v any)
	schema = func(at string, v any) {
		n++
		s, ok := v.(map[string]any)
		if !ok {
			t.Errorf("%s is no mapping", at)
			return
		}
		for key, v := range s {
			at := at + "." + key
			if !slices.Contains(keywords, key) {
				t.Errorf("%s: not one of the keywords (instead of nullable and example, 3.1 has type: [object, 'null'] and examples: [...])", at)
			}
			list, isList := v.([]any)
			switch key {
			case "type":
				if !isList {
					list = []any{v}
				}
				for _, kind := range list {
					if !slices.Contains([]any{"null", "boolean", "object", "array", "number", "string", "integer"}, kind) {
						t.Errorf("%s: %v", at, kind)
					}
				}
			case "format":
				if v == "binary" || v == "byte" {
					t.Errorf("%s: %v is of OpenAPI 3.0", at, v)
				}
			case "enum", "examples", "required":
				if len(list) == 0 {
					t.Errorf("%s: %v is no list", at, v)
				}
			case "properties":
				for name, member := range v.(map[string]any) {
					schema(at+"."+name, member)
				}
			case "items", "not":
				schema(at, v)
			case "additionalProperties":
				if v != false {
					schema(at, v)
				}
			case "allOf", "oneOf", "anyOf":
				for i, one := range list {
					schema(fmt.Sprintf("%s/%d", at, i), one)
				}
			}
		}
	}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case []any:
			for i, one := range v {
				walk(fmt.Sprintf("%s/%d", at, i), one)
			}
		case map[string]any:
			for key, value := range v {
				switch key {
				case "schema":
					schema(at, value)
				case "schemas":
					for name, s := range value.(map[string]any) {
						schema(name, s)
					}
				case "example", "examples":
				default:
					walk(at+"."+key, value)
				}
			}
		}
	}
	walk("", root)
	if n < 1000 {
		t.Errorf("%d schemas", n)
	}
}

// TestSchemasFitTheirExamples holds the examples of schemas against them.
func TestSchemasFitTheirExamples(t *testing.T) {
	n := 0
	for name, s := range load(t).Components.Schemas {
		err := s.WalkSubtree(func(at string, ref *openapi3.SchemaRef) error {
			for _, example := range ref.Value.Examples {
				n++
				if err := ref.Value.VisitJSON(example); err != nil {
					t.Errorf("%s%s: the example %v: %v", name, at, example, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if n < 100 {
		t.Errorf("%d examples", n)
	}
}
