package delivery

import (
	"bytes"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// writeCountries makes a database of countries by network.
func writeCountries(t *testing.T, path string, countries map[string]string) {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-Country", IncludeReservedNetworks: true, BuildEpoch: 1})
	if err != nil {
		t.Fatal(err)
	}
	for network, country := range countries {
		_, n, err := net.ParseCIDR(network)
		if err != nil {
			t.Fatal(err)
		}
		record := mmdbtype.Map{"registered_country": mmdbtype.Map{"iso_code": mmdbtype.String("ZZ")}}
		if country != "" {
			record["country"] = mmdbtype.Map{"iso_code": mmdbtype.String(country)}
		}
		if err := tree.Insert(n, record); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCountries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "countries.mmdb")
	writeCountries(t, path, map[string]string{
		"192.0.2.0/24": "JP", "198.51.100.0/24": "de", "2001:db8::/32": "FR", "203.0.113.0/24": "", "203.0.113.128/25": "EUR",
	})
	c, err := OpenCountries(path, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"192.0.2.7": "JP", "::ffff:192.0.2.7": "JP", "198.51.100.1": "DE", "2001:db8::1": "FR", "2001:db8::1%eth0": "FR",
		"192.0.3.1": "", "203.0.113.1": "", "203.0.113.200": "", "::1": "",
	} {
		if got := c.Of(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is in %q, want %q", address, got, want)
		}
	}
	if got := c.Of(netip.Addr{}); got != "" {
		t.Errorf("no address is in %q", got)
	}
}

func TestCountriesAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "countries.mmdb")
	writeCountries(t, path, map[string]string{"192.0.2.0/24": "JP"})
	now := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	c, err := OpenCountries(path, func() time.Time { return now }, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddr("192.0.2.7")
	step := func(what, want string) {
		t.Helper()
		if got := c.Of(address); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	writeCountries(t, path, map[string]string{"192.0.2.0/24": "DE", "192.0.3.0/24": "DE"})
	now = now.Add(countriesEvery - 1)
	step("a new file, but not a minute later", "JP")
	now = now.Add(1)
	step("a minute later", "DE")
	for range 2 {
		if err := os.WriteFile(path, []byte("not a database"), 0o600); err != nil {
			t.Fatal(err)
		}
		now = now.Add(countriesEvery)
		step("broken", "DE")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	now = now.Add(countriesEvery)
	step("gone", "DE")
	writeCountries(t, path, map[string]string{"192.0.2.0/24": "FR"})
	now = now.Add(-time.Hour)
	step("back, and the clock too", "FR")
	if got := strings.Count(log.String(), "was not read"); got < 2 {
		t.Errorf("%d complaints: %s", got, log.String())
	}
}

func TestCountriesAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "countries.mmdb")
	writeCountries(t, path, map[string]string{"192.0.2.0/24": "JP"})
	var mu sync.Mutex
	now := time.Now()
	c, err := OpenCountries(path, func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(countriesEvery / 3)
		return now
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if got := c.Of(netip.MustParseAddr("192.0.2.7")); got != "JP" {
					t.Errorf("%q", got)
				}
			}
		})
	}
	all.Wait()
}

func TestNoCountries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "countries.mmdb")
	if _, err := OpenCountries(path, time.Now, slog.Default()); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no file: %v", err)
	}
	for _, text := range []string{"", "no database", strings.Repeat("\xab\xcd\xefMaxMind.com", 9)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCountries(path, time.Now, slog.Default()); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
