package xapi

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"magpie/internal/media"
)

func TestWellFormed(t *testing.T) {
	for _, fine := range []string{
		`{}`, ` {"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]} `, `[]`, `"x"`, `null`, `{"a":"ü","A":1}`, `{"":{"":1}}`,
		`{"a":"\ud800"}`, `{"a":["b","b","a"],"b":"a"}`, strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
	} {
		if err := wellFormed([]byte(fine)); err != nil {
			t.Errorf("%.80s: %v", fine, err)
		}
	}
	for body, want := range map[string]string{
		``:                                     "Request body is not valid JSON.",
		`{"a":1} {}`:                           "Request body is not valid JSON.",
		`{"a":NaN}`:                            "Request body is not valid JSON.",
		"\xEF\xBB\xBF{}":                       "Request body is not valid JSON.",
		"{\"a\":\"\xff\"}":                     "Request body is not valid JSON. It is not in UTF-8.",
		"{\"\xc3\":1}":                         "Request body is not valid JSON. It is not in UTF-8.",
		`{"a":1,"a":1}`:                        "$.a: is there twice",
		`{"id":1,"\u0069d":2}`:                 "$.id: is there twice",
		`{"a":{"b":[0,{"c":1,"d":{},"c":2}]}}`: "$.a.b[1].c: is there twice",
		`[[],[{"x":null,"x":[]}]]`:             "$[1][0].x: is there twice",
		`{"a":{"a":1},"b":2,"a":{}}`:           "$.a: is there twice",
		`{"":1,"":2}`:                          "$.: is there twice",
		strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000): "Request body is not valid JSON.",
	} {
		err := wellFormed([]byte(body))
		if media.CodeOf(err) != media.CodeInvalid || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%.80q: %v, want %s", body, err, want)
		}
	}
}

// FuzzWellFormed holds the walk against encoding/json: what passes keeps all of
// its members when it is read and written again.
func FuzzWellFormed(f *testing.F) {
	for _, seed := range []string{`{"a":1,"a":2}`, `{"a":[{"b":{}},{}],"c":"\u0061"}`, `[1,[2,{"x":{"x":[]}}]]`, `"s"`, `{"":0}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if wellFormed(b) != nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber() // a float may not hold it
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if tokens(b) != tokens(again) {
			t.Errorf("%q became %q", b, again)
		}
	})
}

// tokens counts the tokens of a JSON text.
func tokens(b []byte) int {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	n := 0
	for {
		if _, err := d.Token(); err != nil {
			return n
		}
		n++
	}
}
