package client

import "testing"

func TestReadMetadata(t *testing.T) {
	for in, group := range map[string]string{
		`{"alt_text":{"text":"a"}}`:                            "alt_text",
		`{"metadata":{"alt_text":{"text":"a"}}}`:               "alt_text",
		`{"id":"7","metadata":{"sensitive_media_warning":{}}}`: "sensitive_media_warning",
		`{"geo_restrictions":null}`:                            "geo_restrictions",
	} {
		got, err := ReadMetadata([]byte(in))
		if err != nil || len(got) != 1 || got[group] == nil {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "[]", "null", "{}", `{"metadata":[]}`, `{"metadata":null}`, `{"a":`, `"a"`} {
		if got, err := ReadMetadata([]byte(in)); err == nil {
			t.Errorf("%s: %s", in, got)
		}
	}
}
