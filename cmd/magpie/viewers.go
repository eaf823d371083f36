package main

import (
	"net/netip"
	"regexp"
	"strings"

	"magpie/internal/delivery"
)

// whence is the settings by which the server tells where viewers are.
type whence struct {
	TrustedProxies  []string `name:"trusted-proxies" env:"MAGPIE_TRUSTED_PROXIES" placeholder:"NETWORK" help:"Networks of proxies whose word about their callers is taken, such as 10.0.0.0/8, with commas between them."`
	ForwardedHeader string   `name:"forwarded-header" default:"X-Forwarded-For" env:"MAGPIE_FORWARDED_HEADER" help:"The header in which those proxies tell their caller's address: X-Forwarded-For or Forwarded."`
	CountryHeader   string   `name:"country-header" env:"MAGPIE_COUNTRY_HEADER" placeholder:"NAME" help:"A header in which those proxies tell their caller's country, such as CF-IPCountry."`
	GeoIP           string   `name:"geoip" env:"MAGPIE_GEOIP" placeholder:"FILE" help:"Database in MaxMind's format that tells the country of an address. Read again when it changes."`

	trusted []netip.Prefix
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// check brings networks and names into the form that is compared, and names what
// is wrong.
func (s *whence) check(wrong func(name, format string, args ...any)) {
	s.trusted = nil
	for _, text := range s.TrustedProxies {
		network, err := parseNetwork(text)
		switch {
		case err != nil:
			wrong("trusted-proxies", "%q is not a network, such as 10.0.0.0/8, nor an address", text)
		case network.Bits() == 0:
			wrong("trusted-proxies", "%s is everybody, who could then claim to be anywhere", text)
		}
		s.trusted = append(s.trusted, network)
	}
	switch strings.ToLower(s.ForwardedHeader) {
	case "x-forwarded-for":
		s.ForwardedHeader = delivery.XForwardedFor
	case "forwarded":
		s.ForwardedHeader = delivery.Forwarded
	default:
		wrong("forwarded-header", "%q is not one of %s, %s", s.ForwardedHeader, delivery.XForwardedFor, delivery.Forwarded)
	}
	if s.CountryHeader == "" {
		return
	}
	if !headerName.MatchString(s.CountryHeader) {
		wrong("country-header", "%q is not the name of a header, such as CF-IPCountry", s.CountryHeader)
	}
	if len(s.TrustedProxies) == 0 {
		wrong("country-header", "name the proxies that set it by --trusted-proxies; of anybody else it is not believed")
	}
}

// parseNetwork reads a network or a single address.
func parseNetwork(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, err
		}
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	n, err := netip.ParsePrefix(s)
	return n.Masked(), err
}
