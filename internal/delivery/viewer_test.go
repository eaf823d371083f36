package delivery

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

func TestViewersCountry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "countries.mmdb")
	writeCountries(t, path, map[string]string{"192.0.2.0/24": "JP", "198.51.100.0/24": "DE"})
	countries, err := OpenCountries(path, time.Now, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	const header = "CF-IPCountry"
	both := Viewers{Proxies: trusting(""), CountryHeader: header, Countries: countries}
	byHeader := Viewers{Proxies: trusting(""), CountryHeader: header}
	byAddress := Viewers{Proxies: trusting(""), Countries: countries}
	for _, c := range []struct {
		name string
		v    Viewers
		r    *http.Request
		want string
	}{
		{"by address", byAddress, from("192.0.2.1:1"), "JP"},
		{"a stranger's claims", both, from("192.0.2.1:1", header, "US", XForwardedFor, "198.51.100.1"), "JP"},
		{"a stranger's claims without a database", byHeader, from("192.0.2.1:1", header, "US"), ""},
		{"the address that a proxy tells", byAddress, from("10.0.0.1:1", XForwardedFor, "198.51.100.1"), "DE"},
		{"a header that nobody named", byAddress, from("10.0.0.1:1", XForwardedFor, "198.51.100.1", header, "US"), "DE"},
		{"the country that a proxy tells", both, from("10.0.0.1:1", XForwardedFor, "198.51.100.1", header, " us "), "US"},
		{"a proxy that tells none", both, from("10.0.0.1:1", XForwardedFor, "198.51.100.1"), "DE"},
		{"a proxy that does not know", both, from("10.0.0.1:1", XForwardedFor, "198.51.100.1", header, "XX"), ""},
		{"Tor", both, from("10.0.0.1:1", XForwardedFor, "198.51.100.1", header, "T1"), ""},
		{"two", both, from("10.0.0.1:1", XForwardedFor, "198.51.100.1", header, "US", header, "DE"), ""},
		{"no country", both, from("10.0.0.1:1", header, "United States"), ""},
		{"an address that is not known", byAddress, from("10.0.0.1:1", XForwardedFor, "unknown"), ""},
	} {
		if got := c.v.Of(c.r).Country; got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestViewersSite(t *testing.T) {
	split := Viewers{Links: Links{Public: "https://api.example", Media: "https://media.example"}}
	for _, c := range []struct {
		name string
		v    Viewers
		r    *http.Request
		site string
		own  bool
	}{
		{"not told", Viewers{}, from(""), "", false},
		{"by Referer", Viewers{}, from("", "Referer", "https://www.Example.com:8443/a?b"), "www.example.com", false},
		{"by Origin", Viewers{}, from("", "Origin", "http://a.example."), "a.example", false},
		{"Origin before Referer", Viewers{}, from("", "Referer", "https://b.example/", "Origin", "https://a.example"), "a.example", false},
		{"a sandbox", Viewers{}, from("", "Origin", "null"), "", false},
		{"a sandbox that tells its page", Viewers{}, from("", "Origin", "null", "Referer", "https://b.example/"), "b.example", false},
		{"an app", Viewers{}, from("", "Referer", "android-app://com.example"), "", false},
		{"an IPv6 page", Viewers{}, from("", "Origin", "http://[::1]:3000"), "::1", false},
		{"nonsense", Viewers{}, from("", "Referer", "https://%zz", "Origin", "a.example"), "", false},
		{"a user in front", Viewers{}, from("", "Referer", "https://a.example@evil.test/"), "evil.test", false},
		{"the host that was asked", Viewers{}, from("", "Referer", "http://Magpie.test:8080/magpie/v1/embed/7_7"), "magpie.test", true},
		{"another port of it", Viewers{}, from("", "Referer", "http://magpie.test:3000/"), "magpie.test", false},
		{"the API's origin", split, from("", "Referer", "https://api.example/magpie/v1/embed/7_7"), "api.example", true},
		{"with the port that goes without saying", split, from("", "Origin", "https://api.example:443"), "api.example", true},
		{"the media's origin", split, from("", "Origin", "https://media.example"), "media.example", true},
		{"not in TLS", split, from("", "Origin", "http://media.example"), "media.example", false},
		{"below it", split, from("", "Origin", "https://a.media.example"), "a.media.example", false},
	} {
		if got := c.v.Of(c.r); got.Site != c.site || got.Own != c.own {
			t.Errorf("%s: %q, %v, want %q, %v", c.name, got.Site, got.Own, c.site, c.own)
		}
	}
}

func TestViewersSignedIn(t *testing.T) {
	v := Viewers{SignedIn: func(r *http.Request) string { return r.Header.Get("Authorization") }}
	if got := v.Of(from("192.0.2.1:1", "Authorization", "12")); got.SignedIn != "12" || got.Address.String() != "192.0.2.1" || got.Ticket != nil {
		t.Errorf("%+v", got)
	}
}
