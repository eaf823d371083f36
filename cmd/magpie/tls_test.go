package main

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// desk is what newTLS works with.
type desk struct {
	t     *testing.T
	dir   string
	clock time.Time
	log   bytes.Buffer
}

func newDesk(t *testing.T) *desk { return &desk{t: t, dir: t.TempDir(), clock: morning()} }

func (d *desk) now() time.Time { return d.clock }

func (d *desk) make(s settings) (*tls.Config, error) {
	return newTLS(s, d.now, slog.New(slog.NewTextHandler(&d.log, nil)))
}

// write writes a certificate for a name, and its key.
func (d *desk) write(name string) settings {
	d.t.Helper()
	pair, err := makeAuthority(d.t, name).issue([]string{name}, morning(), rand.Reader)
	if err != nil {
		d.t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		d.t.Fatal(err)
	}
	s := settings{TLSCert: filepath.Join(d.dir, "cert.pem"), TLSKey: filepath.Join(d.dir, "key.pem")}
	d.put(s.TLSCert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))
	d.put(s.TLSKey, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	return s
}

func (d *desk) put(path string, text []byte) {
	d.t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// name is the name of the certificate that the next handshake shows, a moment
// later.
func (d *desk) name(c *tls.Config) string {
	d.t.Helper()
	d.clock = d.clock.Add(time.Second)
	pair, err := c.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		d.t.Fatal(err)
	}
	return pair.Leaf.DNSNames[len(pair.Leaf.DNSNames)-1] // localhost comes before
}

func TestPlainHTTP(t *testing.T) {
	if c, err := newDesk(t).make(settings{}); c != nil || err != nil {
		t.Errorf("%v, %v", c, err)
	}
}

func TestPairIsReadAgain(t *testing.T) {
	d := newDesk(t)
	c, err := d.make(d.write("one.example"))
	if err != nil || c.MinVersion != tls.VersionTLS12 {
		t.Fatalf("%+v, %v", c, err)
	}
	if got := d.name(c); got != "one.example" {
		t.Errorf("%s", got)
	}
	s := d.write("two.example")
	if pair, _ := c.GetCertificate(nil); pair.Leaf.DNSNames[1] != "one.example" {
		t.Error("the files are read at every handshake")
	}
	if got := d.name(c); got != "two.example" || strings.Count(d.log.String(), "new certificate") != 1 {
		t.Errorf("%s\n%s", got, d.log.String())
	}

	// Halfway: the new certificate is there, its key isn't yet.
	oldKey, _ := os.ReadFile(s.TLSKey)
	d.write("worse.example")
	newKey, _ := os.ReadFile(s.TLSKey)
	for _, bad := range [][]byte{oldKey, []byte("nonsense")} {
		d.log.Reset()
		d.put(s.TLSKey, bad)
		for range 3 {
			if got := d.name(c); got != "two.example" {
				t.Errorf("with a key that is wrong: %s", got)
			}
		}
		if strings.Count(d.log.String(), "the old one stays") != 1 || !strings.Contains(d.log.String(), s.TLSKey) {
			t.Errorf("the log has\n%s", d.log.String())
		}
	}
	if err := os.Remove(s.TLSKey); err != nil {
		t.Fatal(err)
	}
	if got := d.name(c); got != "two.example" || !strings.Contains(d.log.String(), "no such file") {
		t.Errorf("without a key: %s\n%s", got, d.log.String())
	}
	d.put(s.TLSKey, newKey)
	if got := d.name(c); got != "worse.example" {
		t.Errorf("with its key: %s", got)
	}

	// The same bad news after good ones is told again.
	d.log.Reset()
	d.put(s.TLSKey, []byte("nonsense"))
	d.name(c)
	d.put(s.TLSKey, newKey)
	d.name(c)
	d.put(s.TLSKey, []byte("nonsense"))
	d.name(c)
	if strings.Count(d.log.String(), "the old one stays") != 2 {
		t.Errorf("the log has\n%s", d.log.String())
	}
}

func TestPairIsLookedAt(t *testing.T) {
	for name, c := range map[string]struct {
		mode  os.FileMode
		at    time.Time
		words string
	}{
		"its owner's":  {0o600, morning(), ""},
		"a group's":    {0o440, morning(), ""},
		"everybody's":  {0o644, morning(), "mode=0644"},
		"ended":        {0o600, morning().Add(leafLife + time.Hour), "not valid now"},
		"of tomorrow":  {0o600, morning().Add(-48 * time.Hour), "not valid now"},
		"its last day": {0o600, morning().Add(leafLife - time.Hour), ""},
	} {
		d := newDesk(t)
		s := d.write("one.example")
		d.clock = c.at
		if err := os.Chmod(s.TLSKey, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := d.make(s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if log := d.log.String(); !strings.Contains(log, c.words) || (log == "") != (c.words == "") {
			t.Errorf("%s: the log has %q", name, log)
		}
	}
}

func TestNoTLS(t *testing.T) {
	d := newDesk(t)
	good := d.write("one.example")
	key := good.TLSKey
	for name, c := range map[string]struct {
		s     settings
		words string
	}{
		"no certificate":      {settings{TLSCert: "/nowhere/cert.pem", TLSKey: key}, "--tls-cert: open /nowhere/cert.pem"},
		"no key":              {settings{TLSCert: good.TLSCert, TLSKey: "/nowhere/key.pem"}, "--tls-key: open /nowhere/key.pem"},
		"the wrong way round": {settings{TLSCert: key, TLSKey: good.TLSCert}, "are not a certificate and its key in PEM"},
		"no authority":        {settings{Data: d.dir, TLSNames: []string{"api.x.com"}}, "magpie ca --data " + d.dir},
	} {
		if got, err := d.make(c.s); got != nil || err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// The local authority's leaf is renewed while the server runs, and a client
// that trusts the authority sees nothing of it.
func TestLeafIsRenewed(t *testing.T) {
	d := newDesk(t)
	d.clock = time.Now() // magpie ca goes by it
	if _, err := command(t, "ca", "--data", d.dir); err != nil {
		t.Fatal(err)
	}
	c, err := d.make(settings{Data: d.dir, TLSNames: xHosts()})
	if err != nil {
		t.Fatal(err)
	}
	serial := func() string {
		t.Helper()
		return d.shake(c, "upload.twitter.com").SerialNumber.String()
	}
	first := serial()
	d.clock = d.clock.Add(leafLife - leafRenewal - time.Minute)
	if serial() != first {
		t.Error("renewed too early")
	}
	d.clock = d.clock.Add(time.Minute)
	second := serial()
	if second == first || !strings.Contains(d.log.String(), "new certificate") {
		t.Errorf("not renewed\n%s", d.log.String())
	}

	// Near its own end the authority gives what it can, then the last leaf stays.
	a, err := readAuthority(authorityIn(d.dir))
	if err != nil {
		t.Fatal(err)
	}
	d.clock = a.issuer.NotAfter.Add(time.Hour)
	pair, err := c.GetCertificate(nil)
	if err != nil || pair.Leaf.SerialNumber.String() != second || !strings.Contains(d.log.String(), "the authority ended on") {
		t.Errorf("%v\n%s", err, d.log.String())
	}
}

// shake makes a handshake as a client that trusts the data folder's authority,
// and gives the server's certificate.
func (d *desk) shake(c *tls.Config, name string) *x509.Certificate {
	d.t.Helper()
	trusted, err := command(d.t, "ca", "--data", d.dir)
	if err != nil {
		d.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(trusted))
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	go func() { _ = tls.Server(theirs, c).HandshakeContext(d.t.Context()) }()
	client := tls.Client(ours, &tls.Config{RootCAs: roots, ServerName: name, Time: d.now})
	if err := client.HandshakeContext(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	return client.ConnectionState().PeerCertificates[0]
}

func TestTLSSettings(t *testing.T) {
	for name, c := range map[string]struct {
		s     settings
		words []string
	}{
		"none":                 {settings{}, nil},
		"a pair":               {settings{TLSCert: "c", TLSKey: "k"}, nil},
		"names":                {settings{TLSNames: []string{"API.x.com", "0:0::1"}}, nil},
		"no key":               {settings{TLSCert: "c"}, []string{"--tls-cert: a certificate needs its key"}},
		"no certificate":       {settings{TLSKey: "k"}, []string{"--tls-cert: a certificate needs its key"}},
		"both":                 {settings{TLSCert: "c", TLSKey: "k", TLSNames: []string{"api.x.com"}}, []string{"--tls-names: has the local authority"}},
		"names that are none":  {settings{TLSNames: []string{"a:1", "ok.example", "*.b"}}, []string{`--tls-names: "a:1"`, `--tls-names: "*.b"`}},
		"everything at a time": {settings{TLSCert: "c", TLSNames: []string{"*"}}, []string{"--tls-cert: ", "--tls-names: has", `--tls-names: "*"`}},
	} {
		errs := c.s.checkTLS()
		if len(errs) != len(c.words) {
			t.Errorf("%s: %v", name, errs)
			continue
		}
		for i, err := range errs {
			if !strings.HasPrefix(err.Error(), c.words[i]) {
				t.Errorf("%s: %v, want %s…", name, err, c.words[i])
			}
		}
	}
	s := settings{TLSNames: []string{"API.x.com", "0:0::1"}}
	s.checkTLS()
	if strings.Join(s.TLSNames, " ") != "api.x.com ::1" {
		t.Errorf("%v", s.TLSNames)
	}
}
