package delivery

import (
	"net/http"
	"net/netip"
	"testing"
)

// from is a request over a connection from peer, with headers as names and
// values in turn.
func from(peer string, headers ...string) *http.Request {
	r := &http.Request{RemoteAddr: peer, Host: "magpie.test:8080", Header: http.Header{}}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func trusting(header string) Proxies {
	return Proxies{Header: header, Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
}

func TestClient(t *testing.T) {
	const xff, fwd = XForwardedFor, Forwarded
	for _, c := range []struct {
		name   string
		header string
		r      *http.Request
		want   string // "" for not known
	}{
		{"no proxy", "", from("192.0.2.1:5000"), "192.0.2.1"},
		{"IPv6", "", from("[2001:db8::1%eth0]:5000"), "2001:db8::1"},
		{"IPv4 in IPv6", "", from("[::ffff:192.0.2.1]:5000"), "192.0.2.1"},
		{"no address", "", from("@"), ""},
		{"a viewer who claims another address", "", from("192.0.2.1:5000", xff, "198.51.100.1"), "192.0.2.1"},
		{"the same by Forwarded", fwd, from("192.0.2.1:5000", fwd, "for=198.51.100.1"), "192.0.2.1"},
		{"by a proxy", "", from("10.0.0.1:5000", xff, "198.51.100.1"), "198.51.100.1"},
		{"by a proxy by IPv4 in IPv6", "", from("[::ffff:10.0.0.1]:5000", xff, "198.51.100.1"), "198.51.100.1"},
		{"by a proxy, with a claim", "", from("10.0.0.1:5000", xff, "203.0.113.9, 198.51.100.1"), "198.51.100.1"},
		{"a claim in a line of its own", "", from("10.0.0.1:5000", xff, "203.0.113.9", xff, "198.51.100.1"), "198.51.100.1"},
		{"by two proxies", "", from("10.0.0.1:5000", xff, "203.0.113.9, 198.51.100.1, 10.9.9.9"), "198.51.100.1"},
		{"two lines of two proxies", "", from("10.0.0.1:5000", xff, "198.51.100.1", xff, "10.9.9.9"), "198.51.100.1"},
		{"from within", "", from("10.0.0.1:5000", xff, "10.3.3.3, 10.9.9.9"), "10.3.3.3"},
		{"the proxy itself", "", from("10.0.0.1:5000"), "10.0.0.1"},
		{"ports", "", from("10.0.0.1:5000", xff, "[2001:db8::1]:4711, 10.9.9.9:80"), "2001:db8::1"},
		{"brackets", "", from("[fd00::1]:5000", xff, "[2001:db8::1]"), "2001:db8::1"},
		{"empty elements", "", from("10.0.0.1:5000", xff, "198.51.100.1, ,"), "198.51.100.1"},
		{"no address at the end", "", from("10.0.0.1:5000", xff, "198.51.100.1, unknown"), ""},
		{"no address before that", "", from("10.0.0.1:5000", xff, "unknown, 198.51.100.1"), "198.51.100.1"},
		{"a claim in the other header", "", from("10.0.0.1:5000", fwd, "for=203.0.113.9"), "10.0.0.1"},
		{"and beside it", "", from("10.0.0.1:5000", fwd, "for=203.0.113.9", xff, "198.51.100.1"), "198.51.100.1"},
		{"the other way", fwd, from("10.0.0.1:5000", fwd, "for=198.51.100.1", xff, "203.0.113.9"), "198.51.100.1"},
		{"Forwarded in full", fwd, from("10.0.0.1:5000", fwd, `for=203.0.113.9;proto=http, proto=https;For="[2001:db8::1]:4711";by=10.0.0.1, for=10.9.9.9`), "2001:db8::1"},
		{"a comma in quotes", fwd, from("10.0.0.1:5000", fwd, `for=198.51.100.1;host="a,for=203.0.113.9"`), "198.51.100.1"},
		{"an escaped quote", fwd, from("10.0.0.1:5000", fwd, `for=198.51.100.1;host="a\",for=203.0.113.9"`), "198.51.100.1"},
		{"hidden", fwd, from("10.0.0.1:5000", fwd, "for=203.0.113.9, for=_secret"), ""},
		{"twice in one", fwd, from("10.0.0.1:5000", fwd, "for=203.0.113.9;for=198.51.100.1"), ""},
		{"not at all", fwd, from("10.0.0.1:5000", fwd, "proto=http"), ""},
	} {
		got := trusting(c.header).Client(c.r)
		if got.IsValid() != (c.want != "") || got.IsValid() && got.String() != c.want {
			t.Errorf("%s: %v, want %q", c.name, got, c.want)
		}
	}
	if got := (Proxies{}).Client(from("10.0.0.1:5000", xff, "203.0.113.9")); got.String() != "10.0.0.1" {
		t.Errorf("trusting nobody: %v", got)
	}
}

// FuzzClient looks for a header of a stranger's that counts for anything, and
// for one that a proxy passes on that hides what the proxy added.
func FuzzClient(f *testing.F) {
	f.Add("198.51.100.1, 10.0.0.1")
	f.Add(`for="[2001:db8::1]:80"; by=x, for=1.2.3.4`)
	f.Add(`"`)
	f.Add(`\`)
	f.Fuzz(func(t *testing.T, said string) {
		for _, header := range []string{XForwardedFor, Forwarded} {
			p := trusting(header)
			if got := p.Client(from("192.0.2.1:1", header, said)); got.String() != "192.0.2.1" {
				t.Errorf("a stranger's %s: %v", header, got)
			}
			added := map[string]string{XForwardedFor: "198.51.100.1", Forwarded: "for=198.51.100.1"}[header]
			if got := p.Client(from("10.0.0.1:1", header, said, header, added)); got.String() != "198.51.100.1" {
				t.Errorf("before the proxy's own line: %v", got)
			}
			if header == XForwardedFor { // most proxies add to the line that is there
				if got := p.Client(from("10.0.0.1:1", header, said+", "+added)); got.IsValid() && got.String() != "198.51.100.1" {
					t.Errorf("before what the proxy added: %v", got)
				}
			}
		}
	})
}
