package bus

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/nats-io/nats.go"
)

// Login is what a cluster asks for. Files are read again at every connection, so
// that what is in them can be replaced.
type Login struct {
	// File holds one of these: a user's credentials as nsc writes them (a JWT
	// and a seed), the seed of an nkey, user:password, or a token.
	File string

	// CA holds the authorities, in PEM, that servers' certificates come from, in
	// place of the system's.
	CA string

	// Cert and Key are the client's certificate, in PEM, where servers ask for
	// one. Both are given or neither.
	Cert, Key string
}

// CheckURL says what is wrong with a list of servers, without repeating what it
// has to log in with.
func CheckURL(list string) error {
	for i, one := range strings.Split(list, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil {
			return fmt.Errorf("bus: server %d of the list is not a URL such as nats://host:4222", i+1) // the cause would repeat it
		}
		if u.Scheme != "nats" && u.Scheme != "tls" || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("bus: %s is not the URL of a NATS server, such as nats://host:4222 or tls://host:4222", redact(strings.TrimSpace(one)))
		}
	}
	return nil
}

// RedactURL is a list of servers without what it has to log in with.
func RedactURL(list string) string {
	shown := strings.Split(list, ",")
	for i, one := range shown {
		shown[i] = redact(strings.TrimSpace(one))
	}
	return strings.Join(shown, ",")
}

// redact drops whatever may be a login from what may be a URL: a token stands
// where a user does, and a slip of the pen may have put either anywhere.
func redact(s string) string {
	at := strings.LastIndex(s, "@")
	if at < 0 {
		return s
	}
	for _, scheme := range []string{"nats://", "tls://"} {
		if strings.HasPrefix(s, scheme) {
			return scheme + "xxxxx" + s[at:]
		}
	}
	return "xxxxx" + s[at:]
}

// options is a Login as the client takes it. Files that can't be read, or hold
// nothing that it knows, are errors.
func (g Login) options() ([]nats.Option, error) {
	var opts []nats.Option
	if g.File != "" {
		kind, _, err := readLogin(g.File)
		if err != nil {
			return nil, err
		}
		switch kind {
		case loginJWT:
			opts = append(opts, nats.UserCredentials(g.File))
		case loginSeed:
			o, err := nats.NkeyOptionFromSeed(g.File)
			if err != nil {
				return nil, fmt.Errorf("read the nkey seed in %s: %w", g.File, err)
			}
			opts = append(opts, o)
		case loginPassword:
			opts = append(opts, nats.UserInfoHandler(func() (user, password string) {
				_, text, _ := readLogin(g.File)
				user, password, _ = strings.Cut(text, ":")
				return user, password
			}))
		case loginToken:
			opts = append(opts, nats.TokenHandler(func() string {
				_, text, _ := readLogin(g.File)
				return text
			}))
		}
	}
	if (g.Cert == "") != (g.Key == "") {
		return nil, errors.New("the client's certificate and its key belong together; one of them is not given")
	}
	if g.CA == "" && g.Cert == "" {
		return opts, nil
	}
	if _, err := g.roots(); err != nil {
		return nil, err
	}
	if _, err := g.pair(); err != nil {
		return nil, err
	}
	var cert nats.TLSCertHandler
	if g.Cert != "" {
		cert = g.pair
	}
	var roots nats.RootCAsHandler
	if g.CA != "" {
		roots = g.roots
	}
	return append(opts, nats.ClientTLSConfig(cert, roots), nats.Secure(&tls.Config{MinVersion: tls.VersionTLS12})), nil
}

func (g Login) roots() (*x509.CertPool, error) {
	if g.CA == "" {
		return nil, nil
	}
	text, err := os.ReadFile(g.CA)
	if err != nil {
		return nil, fmt.Errorf("read the authorities of the bus: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("there is no certificate in PEM in %s", g.CA)
	}
	return pool, nil
}

func (g Login) pair() (tls.Certificate, error) {
	if g.Cert == "" {
		return tls.Certificate{}, nil
	}
	pair, err := tls.LoadX509KeyPair(g.Cert, g.Key)
	if err != nil {
		return pair, fmt.Errorf("read the certificate for the bus: %w", err)
	}
	return pair, nil
}

// The kinds of what a login file holds.
type loginKind int

const (
	loginJWT loginKind = iota + 1
	loginSeed
	loginPassword
	loginToken
)

// maxLogin is how many bytes a login file may have.
const maxLogin = 64 << 10

// readLogin reads a login file, and gives its text where that is the login.
func readLogin(file string) (loginKind, string, error) {
	info, err := os.Stat(file)
	if err == nil && info.Size() > maxLogin {
		err = fmt.Errorf("%s has %d bytes, and a login at most %d", file, info.Size(), maxLogin)
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(file)
	}
	if err != nil {
		return 0, "", fmt.Errorf("read what to log in to the bus with: %w", err)
	}
	kind, text := parseLogin(string(b))
	if kind == 0 {
		return 0, "", fmt.Errorf("%s holds neither credentials of nsc, an nkey seed, user:password, nor a token", file)
	}
	return kind, text, nil
}

func parseLogin(s string) (loginKind, string) {
	s = strings.TrimSpace(s)
	switch {
	case strings.Contains(s, "-----BEGIN NATS USER JWT-----"):
		return loginJWT, ""
	case strings.Contains(s, "-----BEGIN") && strings.Contains(s, "NKEY SEED"), strings.HasPrefix(s, "SU") && len(s) == 58:
		return loginSeed, ""
	case s == "" || strings.ContainsAny(s, "\r\n\x00"):
		return 0, ""
	}
	if user, password, found := strings.Cut(s, ":"); found {
		if user == "" || password == "" {
			return 0, ""
		}
		return loginPassword, s
	}
	return loginToken, s
}
