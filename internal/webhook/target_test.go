package webhook

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/media"
)

func TestCheckURL(t *testing.T) {
	for _, good := range []string{"https://app.example/hook", "http://app.example:8080", "HTTPS://app.example/?a=b", "http://93.184.216.34/", "https://[2606:2800:220:1::1]/"} {
		if err := CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
		if err := (Targets{}).CheckAddress(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "/", "app.example", "//app.example/", "file:///etc/passwd", "gopher://app.example/", "http:app.example", "http://", "http://:80/",
		"https://u@app.example/", "https://app.example/#", "https://app.example/ä", "https://app.example/\n", "https://app.example:port/",
		"https://app.example/" + strings.Repeat("x", maxURL),
	} {
		if err := CheckURL(bad); media.CodeOf(err) != media.CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestTargets(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.216.34": true, "2606:2800:220:1::1": true, "::ffff:93.184.216.34": true,
		"127.0.0.1": false, "127.255.255.254": false, "10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "100.127.255.255": false, "0.0.0.0": false, "0.1.2.3": false, "224.0.0.1": false,
		"239.255.255.255": false, "240.0.0.1": false, "255.255.255.255": false, "192.0.0.1": false, "192.0.2.1": false, "198.18.0.1": false,
		"198.51.100.1": false, "203.0.113.1": false, "192.88.99.1": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::127.0.0.1": false, "fe80::1": false, "fe80::1%eth0": false,
		"fc00::1": false, "fd12::1": false, "fec0::1": false, "ff02::1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::1": false,
		"100::1": false, "2001::1": false, "2001:db8::1": false, "2002:7f00:1::": false, "3fff::1": false,
	} {
		if got := (Targets{}).allows(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	some := Targets{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/64")}}
	for address, want := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "fd00::1": true, "fd00::1%eth0": true, "fd00:1::1": false, "127.0.0.1": false, "93.184.216.34": true,
	} {
		if got := some.allows(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

// What a name leads to is looked at when it is connected to: a name that is
// harmless at one look and private at the next gets no connection.
func TestNamesThatChange(t *testing.T) {
	var reached atomic.Int32
	private := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer private.Close()
	_, port, err := net.SplitHostPort(private.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	url := "http://localhost:" + port + "/"
	if err := (Targets{}).CheckAddress(url); err != nil {
		t.Fatal(err) // a name says nothing yet
	}
	get := func(to Targets) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := newClient(to, 10*time.Second).Do(r)
		if err == nil {
			answer.Body.Close()
		}
		return err
	}
	if err := get(Targets{}); err == nil || !strings.Contains(err.Error(), errTarget.Error()) || reached.Load() != 0 {
		t.Errorf("%v, reached %d times", err, reached.Load())
	}
	if err := get(Targets{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}); err != nil || reached.Load() != 1 {
		t.Errorf("where it is allowed: %v, reached %d times", err, reached.Load())
	}
}

// A proxy in the environment would connect in our place, wherever it likes.
func TestNoProxy(t *testing.T) {
	if newClient(Targets{}, time.Second).Transport.(*http.Transport).Proxy != nil {
		t.Error("there is a proxy")
	}
	if err := (Targets{}).control("udp4", "93.184.216.34:53", nil); err == nil {
		t.Error("udp will do")
	}
	if err := (Targets{}).control("tcp4", "nonsense", nil); err == nil {
		t.Error("nonsense will do")
	}
	if _, err := (&net.Dialer{Control: Targets{}.control}).DialContext(context.Background(), "tcp", "127.0.0.1:1"); err == nil {
		t.Error("connected")
	}
}
