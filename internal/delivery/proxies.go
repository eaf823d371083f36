package delivery

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// The headers by which proxies say who called them.
const (
	XForwardedFor = "X-Forwarded-For"
	Forwarded     = "Forwarded" // RFC 7239
)

// Proxies tells the address of who sent a request from those of the proxies in
// between. Its zero value trusts none.
type Proxies struct {
	// Trusted are the networks of proxies whose headers are believed.
	Trusted []netip.Prefix
	// Header is the one that they set, XForwardedFor or Forwarded; "" for
	// XForwardedFor. No other is read: a proxy passes on what its caller wrote
	// into a header that it doesn't know.
	Header string
}

// Peer is the address at the other end of the connection, and whether it is a
// trusted proxy.
func (p Proxies) Peer(r *http.Request) (address netip.Addr, trusted bool) {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	address = unzoned(at.Addr())
	return address, p.trusts(address)
}

// Client is the address of who sent a request: the connection's, unless that is
// a trusted proxy's. Then it is the last one in the header that isn't a trusted
// proxy's, since what stands before that anybody may have written. It is zero
// where the header has something else there.
func (p Proxies) Client(r *http.Request) netip.Addr {
	address, trusted := p.Peer(r)
	if !trusted {
		return address
	}
	header := p.Header
	if header == "" {
		header = XForwardedFor
	}
	lines := r.Header.Values(header)
	for _, line := range slices.Backward(lines) {
		for _, hop := range slices.Backward(splitUnquoted(line, ',')) {
			hop = strings.TrimSpace(hop)
			if hop == "" { // RFC 9110 §5.6.1: empty elements of lists are none
				continue
			}
			if header == Forwarded {
				hop = forwardedFor(hop)
			}
			var ok bool
			if address, ok = parseHop(hop); !ok {
				return netip.Addr{}
			}
			if !p.trusts(address) {
				return address
			}
		}
	}
	return address
}

func (p Proxies) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(p.Trusted, func(n netip.Prefix) bool { return n.Contains(a) })
}

// unzoned is an address without what makes two of one.
func unzoned(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// parseHop reads an address with or without a port, IPv6 with or without
// brackets.
func parseHop(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		return unzoned(a), true
	}
	at, err := netip.ParseAddrPort(s)
	return unzoned(at.Addr()), err == nil
}

// forwardedFor is the value of for= in one element of Forwarded, without quotes;
// "" if there is none, or more than one.
func forwardedFor(element string) string {
	value, n := "", 0
	for _, pair := range splitUnquoted(element, ';') {
		name, v, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(name, "for") {
			value = strings.Trim(v, `"`)
			n++
		}
	}
	if n != 1 {
		return ""
	}
	return value
}

// splitUnquoted splits at every sep that is not within quotes.
func splitUnquoted(s string, sep byte) []string {
	var parts []string
	from, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[min(from, len(s)):])
}
