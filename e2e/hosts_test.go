package e2e

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const theHosts = "api.x.com,api.twitter.com,upload.x.com,upload.twitter.com"

// freeHTTPS finds a loopback address whose port 443 is free: clients with
// hard-wired hosts know no other port.
func freeHTTPS(t *testing.T) string {
	t.Helper()
	for range 20 {
		n := mathrand.IntN(1 << 22)
		address := fmt.Sprintf("127.%d.%d.%d:443", 64+n>>16, n>>8&255, 1+n&127)
		l, err := net.Listen("tcp", address)
		if err == nil {
			_ = l.Close()
			return address
		}
		if os.IsPermission(err) {
			t.Fatalf("this test must be allowed to listen on port 443 (run it as root): %v", err)
		}
	}
	t.Fatal("no loopback address has port 443 free")
	return ""
}

// asHosts is a command that finds names at an address, by an /etc/hosts of its
// own: the machine's stays as it is.
func asHosts(t *testing.T, address, names string, argv ...string) *exec.Cmd {
	t.Helper()
	ip, _, _ := strings.Cut(address, ":")
	hosts := keep(t, "hosts", []byte("127.0.0.1 localhost\n"+ip+" "+strings.ReplaceAll(names, ",", " ")+"\n"))
	unshare := []string{"unshare", "--mount"}
	if os.Geteuid() != 0 {
		unshare = append(unshare, "--user", "--map-root-user")
	}
	const script = `mount --bind "$1" /etc/hosts || { echo "this test must be allowed to mount in a namespace of its own (run it as root)" >&2; exit 99; }; shift; exec "$@"`
	argv = slices.Concat(unshare, []string{"sh", "-c", script, "sh", hosts}, argv)
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "NODE_EXTRA_CA_CERTS=") })
	return cmd
}

// impostor starts a server that says it is X, with an authority of its own,
// and gives the file with its certificate.
func impostor(t *testing.T) (s *server, ca string) {
	t.Helper()
	s = prepare(t, "--tls-names", theHosts)
	s.url = "https://" + freeHTTPS(t)
	out, errs, code := magpie(t, "ca", "--data", s.data)
	if code != 0 || !strings.HasPrefix(out, "-----BEGIN CERTIFICATE-----") {
		t.Fatalf("magpie ca: exit %d: %s%s", code, out, errs)
	}
	s.web = &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: pool(out), ServerName: "api.x.com", MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
	}}
	t.Cleanup(s.web.CloseIdleConnections)
	s.run()
	return s, keep(t, "ca.pem", []byte(out))
}

func pool(pems string) *x509.CertPool {
	p := x509.NewCertPool()
	p.AppendCertsFromPEM([]byte(pems))
	return p
}

// An npm library without any option for the host uploads to magpie.
func TestClientWithHardWiredHosts(t *testing.T) {
	t.Parallel()
	s, ca := impostor(t)
	c := s.client()
	for _, f := range []struct {
		kind  string
		bytes []byte
	}{
		{"image/png", samplePNG()},
		{"video/mp4", sampleVideo(t, "640x360", "6")}, // more than one of the SDK's segments
	} {
		got := wired(t, s, ca, f.kind, f.bytes)
		if got.Error != "" {
			t.Fatalf("%s: %+v", f.kind, got)
		}
		if info, _ := got.Status["processing_info"].(map[string]any); info["state"] != "succeeded" {
			t.Errorf("%s: %v", f.kind, got.Status)
		}
		if !strings.HasPrefix(got.Shown, "https://api.x.com/media/") || got.Bytes == 0 {
			t.Errorf("%s: %d bytes at %q", f.kind, got.Bytes, got.Shown)
		}
		if got.RateLimit["limit"] != 1000 || got.RateLimit["remaining"] != 1000 || got.RateLimit["reset"] < float64(time.Now().Unix()) {
			t.Errorf("%s: the SDK read the limits %v", f.kind, got.RateLimit)
		}
		if sum(c.original(got.ID).body) != sum(f.bytes) {
			t.Errorf("%s: the original differs from what was sent", f.kind)
		}
	}
}

// wiredUpload is an upload as clients/hosts.mjs reports it.
type wiredUpload struct {
	ID        string             `json:"id"`
	Status    map[string]any     `json:"status"`
	RateLimit map[string]float64 `json:"rateLimit"`
	Shown     string             `json:"shown"`
	Bytes     int                `json:"bytes"`
	Error     string             `json:"error"`
	Cause     string             `json:"cause"`
}

// wired uploads a file with the SDK as it is, trusting the certificates in ca.
func wired(t *testing.T, s *server, ca, kind string, file []byte) (got wiredUpload) {
	t.Helper()
	cmd := asHosts(t, s.address(), theHosts, "node", "clients/hosts.mjs", secret, kind, keep(t, "file", file))
	if ca != "" {
		cmd.Env = append(cmd.Env, "NODE_EXTRA_CA_CERTS="+ca)
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node clients/hosts.mjs: %v\n%s", err, errs.String())
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return got
}

// tweepyAsItIs uploads a file by version 1.1, to the hosts and with the
// signatures that tweepy comes with.
const tweepyAsItIs = `
import sys, tweepy
api = tweepy.API(tweepy.OAuth1UserHandler(*sys.argv[1:5]))
media = api.media_upload(sys.argv[5])
api.create_media_metadata(media.media_id, "by tweepy")
print(media.media_id_string)
`

func TestTweepyWithHardWiredHosts(t *testing.T) {
	t.Parallel()
	s, ca := impostor(t)
	k := s.signing(t, "1")
	file := keep(t, "a.png", samplePNG())
	cmd := asHosts(t, s.address(), theHosts, "/usr/bin/python3", "-c", tweepyAsItIs, k.consumerKey, k.consumerSecret, k.token, k.tokenSecret, file)
	cmd.Env = append(cmd.Env, "REQUESTS_CA_BUNDLE="+ca)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v\n%s", err, errs.String())
	}
	id := strings.TrimSpace(string(out))
	if sum(s.client().original(id).body) != sum(samplePNG()) {
		t.Error("the original differs from what was sent")
	}
	if alt := s.client().lookup("3_" + id)["alt_text"]; alt != "by tweepy" {
		t.Errorf("alt_text %v", alt)
	}
}

// curls runs curl by the names and gives its exit status.
func curls(t *testing.T, address, names string, args ...string) (code int, out string) {
	t.Helper()
	cmd := asHosts(t, address, names, append([]string{"curl", "-sS", "--max-time", "30"}, args...)...)
	both, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if cmd.ProcessState.ExitCode() == 99 {
		t.Fatalf("%s", both)
	}
	return cmd.ProcessState.ExitCode(), string(both)
}

func TestCurlByHosts(t *testing.T) {
	t.Parallel()
	s, ca := impostor(t)
	for host := range strings.SplitSeq(theHosts, ",") {
		for _, version := range []string{"--http1.1", "--http2"} {
			if code, out := curls(t, s.address(), theHosts, version, "--cacert", ca, "https://"+host+"/healthz"); code != 0 || out != "ok\n" {
				t.Errorf("%s %s: exit %d: %s", host, version, code, out)
			}
		}
	}
	// Without a hosts file, as curl can.
	ip, _, _ := strings.Cut(s.address(), ":")
	cmd := exec.CommandContext(t.Context(), "curl", "-sS", "--max-time", "30", "--cacert", ca, "--resolve", "api.x.com:443:"+ip,
		"-F", "media=@"+keep(t, "a.png", samplePNG()), "-F", "media_category=tweet_image", "-H", "Authorization: Bearer "+secret, "https://api.x.com/2/media/upload")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"media_key":"3_`) {
		t.Errorf("%v: %s", err, out)
	}
	// By the names that it has besides.
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
		if code, out := curls(t, s.address(), theHosts, "--cacert", ca, "--connect-to", "::"+ip+":443", "https://"+host+"/healthz"); code != 0 || out != "ok\n" {
			t.Errorf("%s: exit %d: %s", host, code, out)
		}
	}
}

// Nobody trusts the authority who was not told to.
func TestLocalAuthorityIsNotTrusted(t *testing.T) {
	t.Parallel()
	s, _ := impostor(t)
	other, _, code := magpie(t, "ca", "--data", t.TempDir())
	if code != 0 {
		t.Fatal("no other authority")
	}
	for name, ca := range map[string]string{"none": "", "another": keep(t, "other.pem", []byte(other))} {
		if got := wired(t, s, ca, "image/png", samplePNG()); got.ID != "" || !slices.Contains([]string{"UNABLE_TO_VERIFY_LEAF_SIGNATURE", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"}, got.Cause) {
			t.Errorf("node with %s: %+v", name, got)
		}
		args := []string{"https://api.x.com/healthz"}
		if ca != "" {
			args = append(args, "--cacert", ca)
		}
		if code, out := curls(t, s.address(), theHosts, args...); code != 60 {
			t.Errorf("curl with %s: exit %d: %s", name, code, out)
		}
	}
	// A name that it is not for.
	if code, out := curls(t, s.address(), "example.com", "--insecure", "https://example.com/healthz"); code != 0 || out != "ok\n" {
		t.Errorf("exit %d: %s", code, out) // it is the certificate that is refused below, and not the address
	}
	if code, out := curls(t, s.address(), "example.com", "https://example.com/healthz"); code != 60 {
		t.Errorf("as example.com: exit %d: %s", code, out)
	}
}

// tellStatus is a program for node that tells how a request for a URL went.
const tellStatus = `
	const end = text => { console.log(text); process.exit() }
	require("https").get(process.argv[1], r => end("status " + r.statusCode)).on("error", e => end("refused: " + e.message))`

// Whoever steals the authority's file can't pass for anybody else.
func TestStolenAuthority(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	ca, errs, code := magpie(t, "ca", "--data", data)
	if code != 0 {
		t.Fatal(errs)
	}
	stolen := filepath.Join(data, "authority.pem")
	if info, err := os.Stat(stolen); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	pair, err := tls.LoadX509KeyPair(stolen, stolen)
	if err != nil {
		t.Fatal(err)
	}
	address := freeHTTPS(t)
	forge := func(name string) {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(7), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			DNSNames: []string{name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		key := pair.PrivateKey
		leaf, err := x509.CreateCertificate(rand.Reader, template, pair.Leaf, pair.Leaf.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		l, err := tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{
			{Certificate: append([][]byte{leaf}, pair.Certificate...), PrivateKey: key},
		}, MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }), ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
		done := make(chan struct{})
		go func() { _ = server.Serve(l); close(done) }()
		defer func() { _ = server.Close(); <-done }()

		file := keep(t, "ca.pem", []byte(ca))
		code, out := curls(t, address, name, "--cacert", file, "https://"+name+"/")
		get := asHosts(t, address, name, "node", "-e", tellStatus, "https://"+name+"/")
		get.Env = append(get.Env, "NODE_EXTRA_CA_CERTS="+file)
		node, err := get.CombinedOutput()
		if err != nil {
			t.Fatalf("node: %v: %s", err, node)
		}
		web := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool(ca), ServerName: name, MinVersion: tls.VersionTLS12}}}
		response, err := web.Get("https://" + address)
		if err == nil {
			_ = response.Body.Close()
		}
		if name == "api.x.com" { // which it is for: else the rest would prove nothing
			if code != 0 || !strings.HasPrefix(string(node), "status 200") || err != nil {
				t.Errorf("%s: curl %d %s, node %s, Go %v", name, code, out, node, err)
			}
			return
		}
		if code != 60 || !strings.Contains(out, "permitted subtree violation") || !strings.HasPrefix(string(node), "refused") || err == nil {
			t.Errorf("%s: curl %d %s, node %s, Go %v", name, code, out, node, err)
		}
	}
	forge("api.x.com")
	forge("example.com")
}

func TestLocalAuthorityCommands(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	first, _, code := magpie(t, "ca", "--data", data, "--names", "media.example,192.0.2.7")
	if b, rest := pem.Decode([]byte(first)); code != 0 || b == nil || len(rest) > 0 {
		t.Fatalf("exit %d: %q", code, first)
	}
	if again, _, code := magpie(t, "ca", "--data", data); code != 0 || again != first {
		t.Errorf("again: exit %d: %q", code, again)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if out, _, code := magpie(t, "ca", "--data", data, "--out", file); code != 0 || out != "" {
		t.Errorf("--out: exit %d: %q", code, out)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != first {
		t.Errorf("--out: %v: %q", err, got)
	}
	if out, errs, code := magpie(t, "ca", "--data", data, "--names", "api.x.com"); code != 1 || out != "" || !strings.Contains(errs, "not for api.x.com, only for localhost, media.example") {
		t.Errorf("other names: exit %d: %s%s", code, out, errs)
	}

	s := prepare(t, "--tls-names", theHosts)
	s.fails("--tls-names", "magpie ca --data "+s.data)
	if _, errs, code := magpie(t, "ca", "--data", s.data, "--names", "api.x.com"); code != 0 {
		t.Fatal(errs)
	}
	s.fails("--tls-names", "not for api.twitter.com, only for api.x.com")
	s.args = append(s.args, "--tls-cert", "c.pem", "--tls-key", "k.pem")
	s.fails("--tls-names", "--tls-cert")
}
