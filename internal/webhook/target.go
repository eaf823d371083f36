package webhook

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"magpie/internal/media"
)

// maxURL bounds a webhook's address.
const maxURL = 2000

// CheckURL refuses, in words about the member url, what no webhook can be sent
// to: all but absolute http and https URLs without a user or a fragment. Where
// the host's name leads is looked at when it is connected to, and only then,
// because that can change.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || len(raw) > maxURL || strings.ContainsFunc(raw, func(c rune) bool { return c <= ' ' || c > '~' }):
		return media.Invalid("url", "must be a URL of at most %d ASCII characters, such as https://app.example/hooks/magpie", maxURL)
	case u.Scheme != "https" && u.Scheme != "http":
		return media.Invalid("url", "must begin with https:// or http://")
	case u.Hostname() == "" || u.Opaque != "":
		return media.Invalid("url", "must name a host, as https://app.example/hooks/magpie does")
	case u.User != nil:
		return media.Invalid("url", "must not have a user or a password; the signature says who sends")
	case strings.Contains(raw, "#"):
		return media.Invalid("url", "must not have a fragment, which no receiver would get")
	}
	return nil
}

// CheckAddress is for a URL whose host is an address and not a name: it refuses
// at once what Targets would refuse at every try.
func (t Targets) CheckAddress(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return media.Invalid("url", "must be a URL")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !t.allows(a) {
		return media.Invalid("url", "names %s, which is no public address; this server sends to public addresses only, and to those that its operator allows", a)
	}
	return nil
}

// Targets says which addresses may be connected to. Its zero value allows all
// public ones and no others.
type Targets struct {
	Allow []netip.Prefix // in addition
}

// errTarget is why a connection was not made.
var errTarget = errors.New("the host's address is no public one, and this server's operator has not allowed it")

// control is called with the address that is dialled, after the name was looked
// up: what a name leads to at another time makes no difference.
func (t Targets) control(network, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	a, err := netip.ParseAddr(host)
	if err != nil || !strings.HasPrefix(network, "tcp") || !t.allows(a) {
		return errTarget
	}
	return nil
}

func (t Targets) allows(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range t.Allow {
		if p.Contains(a) {
			return true
		}
	}
	return public(a)
}

// public reports whether an address is one of the Internet's that belong to a
// single host (the IANA special-purpose registries, RFC 6890, say which don't).
func public(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() {
		return false
	}
	if a.Is6() && !netip.MustParsePrefix("2000::/3").Contains(a) {
		return false // mapped, translated and unique local addresses among them
	}
	for _, p := range special {
		if netip.MustParsePrefix(p).Contains(a) {
			return false
		}
	}
	return true
}

var special = [...]string{
	"0.0.0.0/8",       // this network
	"100.64.0.0/10",   // behind a carrier's NAT
	"192.0.0.0/24",    // of protocols
	"192.0.2.0/24",    // for documents, as are the two below
	"198.51.100.0/24", //
	"203.0.113.0/24",  //
	"192.88.99.0/24",  // 6to4 relays
	"198.18.0.0/15",   // for benchmarks
	"240.0.0.0/4",     // reserved, and broadcast
	"2001::/23",       // of protocols, Teredo among them
	"2001:db8::/32",   // for documents
	"2002::/16",       // 6to4, which holds any IPv4 address
	"3fff::/20",       // for documents
}
