package oauth

import (
	"net/http/httptest"
	"testing"
)

func TestBasicAuth(t *testing.T) {
	for header, want := range map[string][3]string{
		"Basic YTpi": {"a", "b", "yes"}, "basic  YTpi ": {"a", "b", "yes"}, "Basic YSUyNTpiJTIw": {"a%", "b ", "yes"},
		"Basic YSU6Yg==": {"a%", "b", "yes"}, // not encoded as it should be
		"Basic YQ==":     {"a", "", "yes"}, "Basic ???": {"", "", "yes"}, "Basic": {"", "", "yes"}, "Bearer YTpi": {"", "", ""}, "": {"", "", ""},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Authorization", header)
		id, secret, ok := basicAuth(r)
		if id != want[0] || secret != want[1] || ok != (want[2] != "") {
			t.Errorf("%q: %q %q %v", header, id, secret, ok)
		}
	}
}
