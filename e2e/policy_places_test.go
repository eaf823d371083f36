package e2e

import (
	"strings"
	"testing"
)

// TestPolicyGeo tells countries apart by a trusted proxy's header.
func TestPolicyGeo(t *testing.T) {
	t.Parallel()
	g := newGallery(t, "--trusted-proxies", "127.0.0.1", "--country-header", "X-Country")
	from := func(country string) viewer { return says("X-Country", country) }
	g.set(`{"geo_restrictions":{"blacklisted_country_codes":["us"],"whitelisted_country_codes":["us","jp"]}}`)
	g.mayNot(from("US"), 451, "your country")
	g.mayNot(from("DE"), 451, "your country")
	g.mayNot(viewer{}, 451, "not known")
	g.may(from("JP"))
	g.mayNot(viewer{"?ticket=" + g.grant("creator", "x"), []string{"X-Country", "US"}}, 451, "your country")
	g.may(viewer{"?ticket=" + g.grant(), []string{"X-Country", "jp"}})
	g.may(viewer{headers: append(g.as("2").headers, "X-Country", "US")})
	if cache := g.owner.as("").call("GET", g.at[1]+"large.jpg", nil, "X-Country", "JP").header; cache.Get("Cache-Control") != "private, no-cache" || cache.Get("Vary") == "" {
		t.Errorf("for caches: %v", cache)
	}
	a := g.owner.as("").call("GET", g.owner.masterOf(g.video), nil, "X-Country", "US")
	if cache := a.header; a.status != 200 || cache.Get("Cache-Control") != "private, max-age=60" || cache.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("by the owner's ticket: %d %v", a.status, cache)
	}
	g.set(`{"geo_restrictions":null}`)
	g.may(from("US"))
	g.may(viewer{})
}

// TestPolicyDomain opens from pages of listed and of other sites.
func TestPolicyDomain(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	on := func(header, url string) viewer { return says(header, url) }
	g.set(`{"domain_restrictions":{"whitelist":["example.com"]}}`)
	g.may(on("Referer", "https://example.com/page?q=1"))
	g.may(on("Referer", "https://www.example.com:8443/"))
	g.may(on("Origin", "https://example.com"))
	g.mayNot(viewer{}, 403, "pages of some sites")
	g.mayNot(on("Origin", "null"), 403, "pages of some sites")
	g.mayNot(on("Referer", "https://evil.example/?https://example.com"), 403, "not shown on the pages of evil.example")
	g.mayNot(on("Referer", "https://notexample.com/"), 403, "notexample.com")
	g.mayNot(on("Referer", "https://example.com.evil.example/"), 403, "evil.example")
	g.mayNot(on("Referer", "https://example.com@evil.example/"), 403, "evil.example")
	g.mayNot(says("Origin", "https://evil.example", "Referer", "https://example.com/"), 403, "evil.example")
	g.may(holds(g.grant()))
	g.mayNot(viewer{"?ticket=" + g.grant("creator"), []string{"Referer", "https://evil.example/"}}, 403, "evil.example")
	g.may(g.as("1"))

	theirs := g.owner.as(g.server.token("3")).lookup("3_" + g.image)["url"].(string)
	if strings.Contains(theirs, "ticket") {
		t.Errorf("a viewer gets past the sites by %s", theirs)
	}
	g.set(`{"domain_restrictions":{"whitelist":[]}}`)
	g.may(viewer{})
}
