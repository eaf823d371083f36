package main

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// morning is the clock of these tests.
func morning() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) }

func makeAuthority(t *testing.T, names ...string) *authority {
	t.Helper()
	a, err := newAuthority(names, morning(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// trusts says whether a client that trusts the root would believe a leaf.
func (a *authority) trusts(leaf *x509.Certificate, name string, at time.Time) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(a.root)
	between.AddCert(a.issuer)
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: between, CurrentTime: at})
	return err
}

func TestIssue(t *testing.T) {
	a := makeAuthority(t, "api.x.com", "192.0.2.7", "api.x.com", "2001:db8::1")
	pair, err := a.issue([]string{"api.x.com", "v1.api.x.com", "192.0.2.7", "2001:db8::1"}, morning(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := pair.Leaf
	for _, name := range []string{"api.x.com", "v1.api.x.com", "192.0.2.7", "2001:db8::1", "localhost", "127.0.0.1", "::1"} {
		if err := a.trusts(leaf, name, morning()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"x.com", "upload.x.com", "v2.api.x.com", "127.0.0.2"} {
		if err := a.trusts(leaf, name, morning()); err == nil {
			t.Errorf("the leaf is good for %s", name)
		}
	}
	// A client whose clock is a day behind, and one that is long gone.
	for at, good := range map[time.Time]bool{
		morning().Add(-clockSkew): true, morning().Add(-clockSkew - time.Second): false,
		morning().Add(leafLife): true, morning().Add(leafLife + time.Second): false,
	} {
		if err := a.trusts(leaf, "api.x.com", at); (err == nil) != good {
			t.Errorf("at %s: %v", at, err)
		}
	}
	if life := leaf.NotAfter.Sub(leaf.NotBefore); life > 397*24*time.Hour {
		t.Errorf("the leaf lives %s; browsers want 398 days at most", life)
	}
	if len(pair.Certificate) != 2 || !cmp.Equal(pair.Certificate[1], a.issuer.Raw) {
		t.Errorf("%d certificates are sent", len(pair.Certificate))
	}
	if key, ok := pair.PrivateKey.(*ecdsa.PrivateKey); !ok || key.Curve.Params().Name != "P-256" || key.Equal(a.key) {
		t.Errorf("the leaf's key is %T", pair.PrivateKey)
	}
	again, err := a.issue([]string{"api.x.com"}, morning(), rand.Reader)
	if err != nil || again.PrivateKey.(*ecdsa.PrivateKey).Equal(pair.PrivateKey) || again.Leaf.SerialNumber.Cmp(leaf.SerialNumber) == 0 {
		t.Errorf("the same leaf again: %v", err)
	}
}

func TestIssueRefuses(t *testing.T) {
	a := makeAuthority(t, "x.com", "192.0.2.7")
	for _, names := range [][]string{{"example.com"}, {"api.x.com", "example.com"}, {"notx.com"}, {"com"}, {"192.0.2.8"}, {"7.192.0.2.7.example"}} {
		_, err := a.issue(names, morning(), rand.Reader)
		if err == nil || !strings.Contains(err.Error(), "only for localhost, x.com, 127.0.0.1, 192.0.2.7, ::1 and names below them") {
			t.Errorf("%v: %v", names, err)
		}
	}
	end := a.issuer.NotAfter
	if _, err := a.issue([]string{"x.com"}, end, rand.Reader); err == nil || !strings.Contains(err.Error(), "magpie ca") {
		t.Errorf("from an authority that has ended: %v", err)
	}
	// Nearly ended, its leaf ends with it.
	pair, err := a.issue([]string{"x.com"}, end.Add(-time.Hour), rand.Reader)
	if err != nil || !pair.Leaf.NotAfter.Equal(end) {
		t.Errorf("%v, %v", pair, err)
	}
}

// Whoever steals the authority's key can pass for its names and for no other.
func TestAuthorityIsBound(t *testing.T) {
	a := makeAuthority(t, "api.x.com")
	for _, c := range []struct {
		forged x509.Certificate
		name   string
	}{
		{x509.Certificate{DNSNames: []string{"example.com"}}, "example.com"},
		{x509.Certificate{DNSNames: []string{"api.x.com", "example.com"}}, "api.x.com"},
		{x509.Certificate{IPAddresses: []net.IP{net.ParseIP("192.0.2.7")}}, "192.0.2.7"},
		{x509.Certificate{DNSNames: []string{"api.x.com"}, IPAddresses: []net.IP{net.ParseIP("127.0.0.2")}}, "api.x.com"},
	} {
		c.forged.NotBefore, c.forged.NotAfter = morning(), morning().Add(time.Hour)
		c.forged.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		leaf, err := sign(&c.forged, a.issuer, &a.key.PublicKey, a.key, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.trusts(leaf, c.name, morning()); err == nil {
			t.Errorf("a leaf for %v and %v is believed", leaf.DNSNames, leaf.IPAddresses)
		}
	}
	// Nor for people, programs or other authorities.
	for name, use := range map[string]x509.ExtKeyUsage{"a client": x509.ExtKeyUsageClientAuth, "code": x509.ExtKeyUsageCodeSigning, "mail": x509.ExtKeyUsageEmailProtection} {
		leaf, err := sign(&x509.Certificate{
			NotBefore: morning(), NotAfter: morning().Add(time.Hour), DNSNames: []string{"api.x.com"}, ExtKeyUsage: []x509.ExtKeyUsage{use},
		}, a.issuer, &a.key.PublicKey, a.key, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		roots, between := x509.NewCertPool(), x509.NewCertPool()
		roots.AddCert(a.root)
		between.AddCert(a.issuer)
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: morning(), KeyUsages: []x509.ExtKeyUsage{use}}); err == nil {
			t.Errorf("a certificate of %s is believed", name)
		}
	}
	for _, c := range []*x509.Certificate{a.root, a.issuer} {
		if !c.PermittedDNSDomainsCritical || !c.IsCA || c.KeyUsage != x509.KeyUsageCertSign {
			t.Errorf("%s: %+v", c.Subject, c.KeyUsage)
		}
		if diff := cmp.Diff([]string{"api.x.com", "localhost"}, c.PermittedDNSDomains); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.Subject, diff)
		}
	}
	if a.root.MaxPathLen != 1 || a.issuer.MaxPathLen != 0 || !a.issuer.MaxPathLenZero {
		t.Errorf("path lengths %d and %d", a.root.MaxPathLen, a.issuer.MaxPathLen)
	}
	if b := makeAuthority(t, "api.x.com"); b.root.Subject.String() == a.root.Subject.String() {
		t.Error("two authorities have one name")
	}
}

func TestKeepAuthority(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "authority.pem")
	if _, err := readAuthority(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there: %v", err)
	}
	a := makeAuthority(t, "api.x.com")
	if err := a.keep(path); err != nil {
		t.Fatal(err)
	}
	if err := makeAuthority(t, "other.example").keep(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("kept over another: %v", err)
	}
	b, err := readAuthority(path)
	if err != nil || !b.root.Equal(a.root) || !b.issuer.Equal(a.issuer) || !b.key.Equal(a.key) {
		t.Errorf("read another than was kept: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	hidden, _ := filepath.Glob(filepath.Join(folder, ".*"))
	if err != nil || len(files) != 1 || len(hidden) != 0 {
		t.Errorf("in the folder: %v, %v", files, hidden)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// What is in it: one key, the issuer's, and none that could sign for the root.
	key, rest := pem.Decode(text)
	if key.Type != "PRIVATE KEY" || strings.Contains(string(rest), "PRIVATE") {
		t.Errorf("%s", rest)
	}

	for name, c := range map[string]struct {
		text  []byte
		mode  os.FileMode
		words string
	}{
		"read by a group": {text, 0o640, "chmod 600"},
		"read by all":     {text, 0o604, "chmod 600"},
		"empty":           {nil, 0o600, "not an authority"},
		"cut off":         {text[:len(text)-400], 0o600, "not an authority"},
		"the key alone":   {pem.EncodeToMemory(key), 0o600, "not an authority"},
		"no key":          {rest, 0o600, "not an authority"},
		"another's key":   {append(pemOfKey(t), rest...), 0o600, "not an authority"},
		"another's root":  {append(append(pem.EncodeToMemory(key), firstBlock(rest)...), makeAuthority(t, "api.x.com").trusted()...), 0o600, "not an authority"},
	} {
		path := filepath.Join(t.TempDir(), "authority.pem")
		if err := os.WriteFile(path, c.text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := readAuthority(path); err == nil || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// pemOfKey is the key of some other authority.
func pemOfKey(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.pem")
	if err := makeAuthority(t, "api.x.com").keep(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return firstBlock(text)
}

func firstBlock(text []byte) []byte {
	b, _ := pem.Decode(text)
	return pem.EncodeToMemory(b)
}

// Several that begin at once all get the one that was first.
func TestOpenAuthorityTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "authority.pem")
	got := make([]*authority, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			var err error
			if got[i], err = openAuthority(path, xHosts(), morning(), rand.Reader); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, a := range got {
		if a == nil || !a.root.Equal(got[0].root) || !a.key.Equal(got[0].key) {
			t.Fatal("two authorities were made")
		}
	}
	want := []string{"api.twitter.com", "api.x.com", "localhost", "upload.twitter.com", "upload.x.com", "127.0.0.1", "::1"}
	if diff := cmp.Diff(want, got[0].names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if again, err := openAuthority(path, []string{"other.example"}, morning(), rand.Reader); err != nil || !again.root.Equal(got[0].root) {
		t.Errorf("opened again: %v", err)
	}
}

func TestNoAuthorityWithoutRandomness(t *testing.T) {
	path := filepath.Join(t.TempDir(), "authority.pem")
	if _, err := openAuthority(path, xHosts(), morning(), strings.NewReader("")); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was kept: %v", err)
	}
}

func TestParseName(t *testing.T) {
	for text, want := range map[string]string{
		"api.x.com": "api.x.com", "API.X.com": "api.x.com", "localhost": "localhost", "a-1.b2.example": "a-1.b2.example",
		"xn--bcher-kva.example": "xn--bcher-kva.example", "192.0.2.7": "192.0.2.7", "::1": "::1", "2001:DB8:0:0::1": "2001:db8::1",
		strings.Repeat("a", 63) + ".example": strings.Repeat("a", 63) + ".example",
		"":                                   "", ".": "", ".x.com": "", "x.com.": "", "a..b": "", "-a.example": "", "a-.example": "", "*.x.com": "",
		"x.com:443": "", "https://x.com": "", "x.com/": "", "x com": "", "bücher.example": "", "a_b.example": "", "x.com\n": "",
		"1.2.3": "", "256.1.1.1": "", "1.2.3.4.5": "", "fe80::1%eth0": "", "::ffff:192.0.2.7": "", "[::1]": "",
		strings.Repeat("a", 64) + ".example": "", strings.Repeat("a.", 127) + "com": "",
	} {
		got, err := parseName(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
		if err != nil && text != "" && !strings.Contains(err.Error(), strings.Trim(strings.ReplaceAll(text, "\n", `\n`), " ")) {
			t.Errorf("the words don't name %q: %v", text, err)
		}
	}
}
