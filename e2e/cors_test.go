package e2e

import (
	"net/http"
	"testing"
)

// A browser asks before it sends a token: OPTIONS without Authorization, on
// every route of both APIs.
func TestPreflight(t *testing.T) {
	t.Parallel()
	const page, other = "https://app.example", "https://other.example"
	open, listed := start(t).client(), start(t, "--cors-origins", "https://app.example/,https://b.example").client()
	for _, path := range []string{"/2/media/upload/initialize", "/2/media/upload/5/append", "/2/media/upload", "/2/media/metadata", "/2/media", "/magpie/v1/media/5/original"} {
		ask := func(c client, origin string) answer {
			return c.as("").call("OPTIONS", path, nil, "Origin", origin,
				"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type")
		}
		a := ask(open, page)
		if h := a.header; a.status != http.StatusNoContent || len(a.body) > 0 || h.Get("Access-Control-Allow-Origin") != "*" ||
			h.Get("Access-Control-Allow-Headers") != "authorization,content-type" {
			t.Errorf("%s: %d, %v", path, a.status, h)
		}
		if a := ask(listed, page); a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Origin") != page || a.header.Get("Vary") != "Origin" {
			t.Errorf("%s from a listed page: %d, %v", path, a.status, a.header)
		}
		if a := ask(listed, other); a.status < 400 || a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s from another page: %d, %v", path, a.status, a.header)
		}
	}
	// Refusals can be read, too.
	a := open.as("nobody").call("GET", "/2/media/upload?media_id=5", nil, "Origin", page)
	if a.refused(401); a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("a refusal: %v", a.header)
	}
}
