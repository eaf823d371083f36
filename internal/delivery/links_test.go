package delivery

import (
	"crypto/tls"
	"net/http/httptest"
	"testing"

	"magpie/internal/media"
)

func TestLinks(t *testing.T) {
	m := media.Media{ID: 1, Slug: "AbCd_-0123456789"}
	for _, c := range []struct {
		links  Links
		secure bool
		want   string
	}{
		{Links{}, false, "http://here.example:8080"},
		{Links{}, true, "https://here.example:8080"},
		{Links{Public: "https://api.example"}, false, "https://api.example"},
		{Links{Media: "https://media.example"}, false, "https://media.example"},
		{Links{Public: "https://api.example", Media: "https://media.example"}, true, "https://media.example"},
	} {
		r := httptest.NewRequest("GET", "http://here.example:8080/2/media/3_1", nil)
		if c.secure {
			r.TLS = &tls.ConnectionState{}
		}
		r.Header.Set("X-Forwarded-Host", "evil.example")
		if got := c.links.Rendition(r, m, "large.jpg"); got != c.want+"/media/AbCd_-0123456789/large.jpg" {
			t.Errorf("%+v: %s", c.links, got)
		}
		if got := c.links.Signed(r, m, "large.jpg", "v1.k.A_-.B&"); got != c.want+"/media/AbCd_-0123456789/large.jpg?ticket=v1.k.A_-.B%26" {
			t.Errorf("%+v: %s", c.links, got)
		}
	}
}

func TestOnMediaOrigin(t *testing.T) {
	both := Links{Public: "https://api.example", Media: "https://media.example:8443"}
	for _, c := range []struct {
		links Links
		host  string
		want  bool
	}{
		{Links{}, "media.example", false},
		{Links{Public: "https://api.example"}, "api.example", false},
		{Links{Public: "https://one.example", Media: "https://one.example"}, "one.example", false},
		{Links{Media: "https://media.example"}, "media.example", true},
		{both, "media.example:8443", true},
		{both, "MEDIA.Example:8443", true},
		{both, "media.example", false},
		{both, "api.example", false},
		{both, "", false},
		{both, "media.example:8443.evil.example", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = c.host
		if got := c.links.OnMediaOrigin(r); got != c.want {
			t.Errorf("%+v at %q: %v", c.links, c.host, got)
		}
	}
}
