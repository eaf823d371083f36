package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"magpie/internal/delivery"
)

func TestWhence(t *testing.T) {
	checked := func(s whence) (whence, string) {
		if s.ForwardedHeader == "" {
			s.ForwardedHeader = delivery.XForwardedFor
		}
		var said []string
		s.check(func(name, format string, args ...any) {
			said = append(said, "--"+name+": "+fmt.Sprintf(format, args...))
		})
		return s, strings.Join(said, "\n")
	}
	s, said := checked(whence{TrustedProxies: []string{"10.1.2.3/8", "192.0.2.1", "::ffff:192.0.2.2", "fd00::/8"}, ForwardedHeader: "forwarded", CountryHeader: "cf-ipcountry"})
	var want []netip.Prefix
	for _, n := range []string{"10.0.0.0/8", "192.0.2.1/32", "192.0.2.2/32", "fd00::/8"} {
		want = append(want, netip.MustParsePrefix(n))
	}
	if said != "" || !slices.Equal(s.trusted, want) || s.ForwardedHeader != delivery.Forwarded {
		t.Errorf("%+v: %s", s, said)
	}
	for _, c := range []struct {
		settings whence
		piece    string
	}{
		{whence{TrustedProxies: []string{"10.0.0.0/33"}}, `--trusted-proxies: "10.0.0.0/33" is not`},
		{whence{TrustedProxies: []string{"proxy.example"}}, `--trusted-proxies: "proxy.example" is not`},
		{whence{TrustedProxies: []string{"0.0.0.0/0"}}, "--trusted-proxies: 0.0.0.0/0 is everybody"},
		{whence{ForwardedHeader: "X-Real-IP"}, `--forwarded-header: "X-Real-IP" is not`},
		{whence{CountryHeader: "CF-IPCountry"}, "--country-header: name the proxies"},
		{whence{CountryHeader: "a b", TrustedProxies: []string{"10.0.0.1"}}, `--country-header: "a b" is not`},
	} {
		if _, said := checked(c.settings); !strings.Contains(said, c.piece) {
			t.Errorf("%+v: %q", c.settings, said)
		}
	}
}
