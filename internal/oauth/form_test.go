package oauth

import (
	"errors"
	"io"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"magpie/internal/media"
)

func TestReadForm(t *testing.T) {
	for _, row := range []struct {
		kind, body string
		want       map[string]string
		words      string
	}{
		{"application/x-www-form-urlencoded", "a=1&b=x+y%26", map[string]string{"a": "1", "b": "x y&"}, ""},
		{"application/x-www-form-urlencoded;charset=UTF-8", "a=1&b=", map[string]string{"a": "1"}, ""},
		{"", "a=1", map[string]string{"a": "1"}, ""},
		{"", "", map[string]string{}, ""},
		{"application/json", `{"a":"1","b":"x y&","c":"","d":null}`, map[string]string{"a": "1", "b": "x y&"}, ""},
		{"application/json; charset=utf-8", ` `, map[string]string{}, ""},
		{"application/x-www-form-urlencoded", "a=1&a=1", nil, "a is there more than once"},
		{"application/x-www-form-urlencoded", "a=%", nil, "form"},
		{"application/x-www-form-urlencoded", "a;b", nil, "form"},
		{"application/json", `{"grant":1}`, nil, "grant must be a string"},
		{"application/json", `{"grant":{"b":"c"}}`, nil, "grant must be a string"},
		{"application/json", `{"a":"1","a":"2"}`, nil, "a is there more than once"},
		{"application/json", `{"a":"1"`, nil, "JSON object"},
		{"application/json", `["a"]`, nil, "JSON object"},
		{"application/json", `null`, nil, "JSON object"},
		{"application/json", `{} {}`, nil, "JSON object"},
		{"multipart/form-data; boundary=x", "", nil, "Content-Type"},
		{"text/plain", "a=1", nil, "Content-Type"},
		{"; ;", "a=1", nil, "Content-Type"},
		{"", strings.Repeat("x", 101), nil, "100 bytes"},
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(row.body))
		r.Header.Set("Content-Type", row.kind)
		got, err := readForm(httptest.NewRecorder(), r, 100)
		var e *media.Error
		if row.words == "" && err != nil || row.words != "" && (!errors.As(err, &e) || e.Code != media.CodeInvalid || !strings.Contains(e.Message(), row.words)) || !maps.Equal(got, row.want) {
			t.Errorf("%s %.40q: %v, %v", row.kind, row.body, got, err)
		}
	}
	r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("a=1"), iotest.ErrReader(io.ErrUnexpectedEOF)))
	if _, err := readForm(httptest.NewRecorder(), r, 100); media.CodeOf(err) != media.CodeInvalid {
		t.Errorf("a body that broke off: %v", err)
	}
}

func FuzzReadJSONForm(f *testing.F) {
	for _, s := range []string{`{"a":"b"}`, `{"a":null,"a":"b"}`, `{"a":"\ud800"}`, `{`, `{"":""}`, "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := readJSONForm([]byte(body))
		if err != nil && media.CodeOf(err) != media.CodeInvalid {
			t.Errorf("%q: %v", body, err)
		}
		for k, v := range got {
			if v == "" {
				t.Errorf("%q gives an empty %q", body, k)
			}
		}
	})
}
