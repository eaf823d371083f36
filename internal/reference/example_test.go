package reference

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"magpie/api"
)

// TestExamples: each operation has words for everything, and for each body of its
// request and its answers in JSON or a form an example that fits its schema.
func TestExamples(t *testing.T) {
	d, err := parse(api.Document)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(api.Document)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, path := range d.root.object("paths") {
		for _, method := range path.Value.(object) {
			op, ok := method.Value.(object)
			if !ok || op.text("operationId") == "" {
				continue
			}
			at := strings.ToUpper(method.Key.(string)) + " " + path.Key.(string)
			same := doc.Paths.Value(path.Key.(string)).GetOperation(strings.ToUpper(method.Key.(string)))
			if len(op.text("summary")) < 5 {
				t.Errorf("%s: no summary", at)
			}
			all := append(slices.Clone(path.Value.(object).list("parameters")), op.list("parameters")...)
			allSame := append(slices.Clone(doc.Paths.Value(path.Key.(string)).Parameters), same.Parameters...)
			for i, v := range all {
				p, _ := d.resolve(v)
				if s, _ := d.resolve(p.get("schema")); p.text("description") == "" && s.text("description") == "" {
					t.Errorf("%s: parameter %s: no description", at, p.text("name"))
				}
				value, err := d.parameterExample(p)
				if err != nil {
					t.Errorf("%s: parameter %s: %v", at, p.text("name"), err)
					continue
				}
				fits(t, at+" "+p.text("name"), allSame[i].Value.Schema.Value, value)
			}
			body, _ := d.resolve(op.get("requestBody"))
			if body != nil {
				count += d.exampleFits(t, at, body.object("content"), same.RequestBody.Value.Content)
			}
			for _, item := range op.object("responses") {
				r, _ := d.resolve(item.Value)
				status := item.Key.(string)
				if r.text("description") == "" {
					t.Errorf("%s %s: no description", at, status)
				}
				count += d.exampleFits(t, at+" "+status, r.object("content"), same.Responses.Value(status).Value.Content)
			}
		}
	}
	if count < 400 {
		t.Errorf("%d examples", count)
	}
}

func (d document) exampleFits(t *testing.T, at string, content object, same openapi3.Content) (n int) {
	t.Helper()
	for _, item := range content {
		kind := item.Key.(string)
		if !shows(kind) {
			continue
		}
		media := item.Value.(object)
		v, err := d.mediaExample(media)
		if err != nil {
			t.Errorf("%s %s: %v", at, kind, err)
			continue
		}
		fits(t, at+" "+kind, same[kind].Schema.Value, v)
		n++
	}
	return n
}

func fits(t *testing.T, at string, schema *openapi3.Schema, v any) {
	t.Helper()
	text, err := encode(v, "")
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	if err := schema.VisitJSON(plain); err != nil {
		if len(err.Error()) > 300 {
			err = errShort(err.Error()[:300])
		}
		t.Errorf("%s: the example %s: %v", at, text, err)
	}
}

type errShort string

func (e errShort) Error() string { return string(e) }
