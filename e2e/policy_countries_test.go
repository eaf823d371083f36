package e2e

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// countriesFile makes a database of countries by network.
func countriesFile(t *testing.T, countries map[string]string) string {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-Country", IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for network, country := range countries {
		_, n, err := net.ParseCIDR(network)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(n, mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(country)}}); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "countries.mmdb")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCountries: who is where is known from the database, and from what proxies
// say if they are trusted; what anybody else says changes nothing.
func TestCountries(t *testing.T) {
	t.Parallel()
	file := countriesFile(t, map[string]string{"127.0.0.0/8": "JP", "198.51.100.0/24": "DE", "2001:db8::/32": "FR"})
	type ask struct {
		name    string
		headers []string
		country string // whose viewers may see what is sent
	}
	for _, server := range []struct {
		name string
		args []string
		asks []ask
	}{
		{"nothing known", nil, []ask{
			{"an address", nil, ""},
			{"claims", []string{"X-Forwarded-For", "198.51.100.1", "CF-IPCountry", "DE"}, ""},
		}},
		{"a database", []string{"--geoip", file}, []ask{
			{"an address", nil, "JP"},
			{"a claim", []string{"X-Forwarded-For", "198.51.100.1"}, "JP"},
			{"another claim", []string{"Forwarded", "for=198.51.100.1"}, "JP"},
			{"a claimed country", []string{"CF-IPCountry", "DE"}, "JP"},
		}},
		{"proxies that are somebody else", []string{"--geoip", file, "--trusted-proxies", "192.0.2.0/24", "--country-header", "CF-IPCountry"}, []ask{
			{"claims", []string{"X-Forwarded-For", "198.51.100.1, 192.0.2.1", "CF-IPCountry", "DE"}, "JP"},
		}},
		{"a proxy", []string{"--geoip", file, "--trusted-proxies", "127.0.0.1,192.0.2.0/24", "--country-header", "CF-IPCountry"}, []ask{
			{"an address", []string{"X-Forwarded-For", "198.51.100.1"}, "DE"},
			{"through two", []string{"X-Forwarded-For", "2001:db8::1, 192.0.2.1"}, "FR"},
			{"with a claim in front", []string{"X-Forwarded-For", "2001:db8::1, 198.51.100.1"}, "DE"},
			{"no address", []string{"X-Forwarded-For", "198.51.100.1, unknown"}, ""},
			{"the other header", []string{"X-Forwarded-For", "198.51.100.1", "Forwarded", "for=\"[2001:db8::1]\""}, "DE"},
			{"a country", []string{"X-Forwarded-For", "198.51.100.1", "CF-IPCountry", "fr"}, "FR"},
			{"a country that it does not know", []string{"X-Forwarded-For", "198.51.100.1", "CF-IPCountry", "XX"}, ""},
		}},
		{"a proxy that writes Forwarded", []string{"--geoip", file, "--trusted-proxies", "127.0.0.0/8", "--forwarded-header", "Forwarded"}, []ask{
			{"an address", []string{"Forwarded", "for=\"[2001:db8::1]:99\";proto=https", "X-Forwarded-For", "198.51.100.1"}, "FR"},
		}},
	} {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, server.args...).client()
			urls := map[string]string{} // by the one country that may see it
			for _, country := range []string{"JP", "DE", "FR"} {
				up := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)
				c.say(up["id"].(string), map[string]any{"geo_restrictions": map[string]any{"whitelisted_country_codes": []string{country}, "blacklisted_country_codes": []string{}}})
				signed, _ := c.sign(up["id"].(string), map[string]any{})
				urls[country], _, _ = strings.Cut(signed["small"], "?")
			}
			for _, a := range server.asks {
				for country, url := range urls {
					got := c.as("").call("GET", url, nil, a.headers...)
					if country == a.country {
						if got.status != http.StatusOK {
							t.Errorf("%s: %s is shown only elsewhere: %d %s", a.name, country, got.status, got.body)
						}
						continue
					}
					got.refused(http.StatusUnavailableForLegalReasons, "countr")
				}
			}
		})
	}
}

func TestWrongCountriesFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "countries.mmdb")
	for _, text := range []string{"", "not a database"} {
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, errs, code := magpie(t, "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--geoip", path)
		if code != 1 || !strings.Contains(errs, "--geoip: ") || !strings.Contains(errs, path) {
			t.Errorf("%q: exit %d: %s", text, code, errs)
		}
	}
}
