package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certified is a server with a certificate of its operator's.
type certified struct {
	*server
	cert, key string // files
}

// certify makes a certificate for 127.0.0.1 with a serial number, which signs
// itself, and its key.
func certify(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP("127.0.0.1")}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text})
}

func startCertified(t *testing.T, args ...string) certified {
	t.Helper()
	cert, key := certify(t, 1)
	s := certified{prepare(t, args...), keep(t, "cert.pem", cert), keep(t, "key.pem", key)}
	s.args = append(s.args, "--tls-cert", s.cert, "--tls-key", s.key)
	s.url = strings.Replace(s.url, "http:", "https:", 1)
	s.web = s.speaking(true, cert)
	s.run()
	return s
}

// speaking is an HTTP client that trusts a certificate.
func (s certified) speaking(h2 bool, cert []byte) *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool(string(cert)), MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: h2}
	if !h2 {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestTLSUpload(t *testing.T) {
	t.Parallel()
	s := startCertified(t)
	cert, err := os.ReadFile(s.cert)
	if err != nil {
		t.Fatal(err)
	}
	film := sampleMP4(t)
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		c := s.client()
		c.web = s.speaking(protocol == "HTTP/2.0", cert)
		response, err := c.web.Get(s.url + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.Proto != protocol || string(body) != "ok\n" {
			t.Errorf("%s, %q, %v; want %s", response.Proto, body, err, protocol)
		}
		id := c.upload("video/mp4", "tweet_video", film, 100_000)["id"].(string)
		c.succeeded(id)
		seen := c.lookup("7_" + id)
		poster, _ := seen["preview_image_url"].(string)
		if !strings.HasPrefix(poster, s.url+"/media/") {
			t.Errorf("%s: the poster is at %q", protocol, poster)
		}
		if a := c.call("GET", poster, nil); a.status != http.StatusOK || !bytes.HasPrefix(a.body, []byte("\xff\xd8")) {
			t.Errorf("%s: the poster: %d, %.20q", protocol, a.status, a.body)
		}
		if a := c.original(id, "Range", "bytes=100-199"); a.status != http.StatusPartialContent || !bytes.Equal(a.body, film[100:200]) {
			t.Errorf("%s: a range of the original: %d, %d bytes", protocol, a.status, len(a.body))
		}
		// Refusals are read, whatever was being sent.
		large := bytes.Repeat([]byte("x"), 8<<20)
		c.as("nobody").append(id, 0, large).refused(http.StatusUnauthorized, "token")
		c.append(id, 0, large).refused(http.StatusBadRequest)
	}

	if response, err := http.Get("http://" + s.address() + "/healthz"); err != nil || response.StatusCode != http.StatusBadRequest {
		t.Errorf("plain HTTP: %v, %v", response, err)
	} else {
		_ = response.Body.Close()
	}
	old := &tls.Config{RootCAs: pool(string(cert)), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if conn, err := tls.Dial("tcp", s.address(), old); err == nil {
		_ = conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
	// magpie's own client.
	cmd := exec.CommandContext(t.Context(), binary, "upload", keep(t, "a.png", samplePNG()), "--to", s.url, "--token", secret)
	cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+s.cert)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), s.url+"/media/") {
		t.Errorf("magpie upload: %v: %s", err, out)
	}
}

// serial is the serial number of the certificate that a handshake shows.
func (s certified) serial() int64 {
	s.t.Helper()
	conn, err := tls.Dial("tcp", s.address(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// until polls for a while.
func (s certified) until(what string, done func() bool) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); !done(); {
		if time.Now().After(end) {
			s.t.Fatalf("%s: not within a minute", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestCertificateIsReplaced(t *testing.T) {
	t.Parallel()
	s := startCertified(t)
	put := func(path string, text []byte) {
		t.Helper()
		// As tools do it: another file in its place.
		next := filepath.Join(filepath.Dir(path), "next")
		if err := os.WriteFile(next, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, path); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.serial(); got != 1 {
		t.Fatalf("serial %d", got)
	}
	cert, key := certify(t, 2)
	put(s.cert, cert)
	s.until("the log", func() bool { return s.serial() == 1 && strings.Contains(s.log.tail(1<<20), "the old one stays") })
	put(s.key, key)
	s.until("the new certificate", func() bool { return s.serial() == 2 })

	put(s.cert, []byte("-----BEGIN CERTIFICATE-----\nnonsense\n"))
	s.until("the log", func() bool { return s.serial() == 2 && strings.Count(s.log.tail(1<<20), "the old one stays") == 2 })
	if a := s.serial(); a != 2 {
		t.Errorf("serial %d", a)
	}
}

func TestNoCertificate(t *testing.T) {
	t.Parallel()
	cert, key := certify(t, 1)
	_, other := certify(t, 2)
	certFile, keyFile, otherFile := keep(t, "cert.pem", cert), keep(t, "key.pem", key), keep(t, "other.pem", other)
	for _, c := range []struct{ cert, key, words string }{
		{certFile, otherFile, "are not a certificate and its key"},
		{keyFile, certFile, "are not a certificate and its key"},
		{certFile, "", "needs its key"},
		{"", keyFile, "needs its key"},
		{certFile, "/nowhere/key.pem", "/nowhere/key.pem"},
		{"/nowhere/cert.pem", keyFile, "/nowhere/cert.pem"},
	} {
		s := prepare(t, "--tls-cert="+c.cert, "--tls-key="+c.key)
		s.fails("--tls-", c.words)
	}
	// A key that all may read is a warning, not the end.
	if err := os.Chmod(keyFile, 0o644); err != nil {
		t.Fatal(err)
	}
	s := prepare(t, "--tls-cert", certFile, "--tls-key", keyFile)
	s.url = strings.Replace(s.url, "http:", "https:", 1)
	s.web = certified{server: s}.speaking(true, cert)
	s.run()
	if log := s.log.tail(1 << 20); !strings.Contains(log, "chmod 600") || !strings.Contains(log, keyFile) {
		t.Errorf("the log has\n%s", log)
	}
}
