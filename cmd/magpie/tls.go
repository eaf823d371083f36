package main

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// newTLS makes what the listener needs to speak TLS, or nil if it is to speak
// plain HTTP.
func newTLS(s settings, now func() time.Time, log *slog.Logger) (*tls.Config, error) {
	c := &certificates{every: time.Second, now: now, log: log}
	switch {
	case s.TLSCert != "":
		c.next = (&filedPair{cert: s.TLSCert, key: s.TLSKey, now: now, log: log}).next
	case len(s.TLSNames) > 0:
		a, err := localAuthority(s.Data, s.TLSNames)
		if err != nil {
			return nil, err
		}
		c.every = time.Minute
		c.next = func(current *tls.Certificate) (*tls.Certificate, error) {
			if current != nil && now().Add(leafRenewal).Before(current.Leaf.NotAfter) {
				return nil, nil
			}
			return a.issue(s.TLSNames, now(), rand.Reader)
		}
	default:
		return nil, nil
	}
	if err := c.renew(); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}, nil
}

// certificates gives the certificate for each handshake. From time to time it
// asks for the next one; if that can't be had, the old one goes on.
type certificates struct {
	next  func(current *tls.Certificate) (*tls.Certificate, error) // nil if the current one is still right
	every time.Duration
	now   func() time.Time
	log   *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	asked   time.Time
	said    string // the last complaint, which is not repeated
}

func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Sub(c.asked) < c.every {
		return c.current, nil
	}
	if err := c.renew(); err == nil {
		c.said = ""
	} else if err.Error() != c.said {
		c.said = err.Error()
		c.log.Warn("no new certificate; the old one stays", "until", c.current.Leaf.NotAfter, "err", err)
	}
	return c.current, nil
}

// renew asks for the next certificate. The caller holds mu, or is alone.
func (c *certificates) renew() error {
	c.asked = c.now()
	next, err := c.next(c.current)
	if err != nil || next == nil {
		return err
	}
	if c.current != nil {
		c.log.Info("new certificate", "until", next.Leaf.NotAfter)
	}
	c.current = next
	return nil
}

// filedPair reads a certificate and its key from files, again whenever they say
// something else. They are compared by what is in them, since the tools that
// renew certificates change times and links in ways of their own.
type filedPair struct {
	cert, key string
	now       func() time.Time
	log       *slog.Logger

	certText, keyText []byte // what was read last, right or wrong
	failure           error  // what was wrong with it
}

func (p *filedPair) next(*tls.Certificate) (*tls.Certificate, error) {
	certText, err := os.ReadFile(p.cert)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert: %w", err)
	}
	keyText, err := os.ReadFile(p.key)
	if err != nil {
		return nil, fmt.Errorf("--tls-key: %w", err)
	}
	if p.certText != nil && bytes.Equal(certText, p.certText) && bytes.Equal(keyText, p.keyText) {
		return nil, p.failure
	}
	p.certText, p.keyText = certText, keyText
	pair, err := tls.X509KeyPair(certText, keyText)
	if err != nil {
		p.failure = fmt.Errorf("--tls-cert %s and --tls-key %s are not a certificate and its key in PEM: %w", p.cert, p.key, err)
		return nil, p.failure
	}
	p.failure = nil
	p.lookAt(pair)
	return &pair, nil
}

// lookAt warns of what is probably not meant. It is not refused: a key may be
// mounted with odd modes where nobody else can get to it, and a certificate
// that has ended will be replaced.
func (p *filedPair) lookAt(pair tls.Certificate) {
	if info, err := os.Stat(p.key); err == nil && info.Mode()&0o007 != 0 {
		p.log.Warn("the key of --tls-key can be read by every user of this machine; chmod 600 it, or 640 for a group",
			"file", p.key, "mode", fmt.Sprintf("%04o", info.Mode().Perm()))
	}
	now := p.now()
	if now.Before(pair.Leaf.NotBefore) || now.After(pair.Leaf.NotAfter) {
		p.log.Warn("the certificate of --tls-cert is not valid now", "file", p.cert, "from", pair.Leaf.NotBefore, "until", pair.Leaf.NotAfter)
	}
}

// checkTLS refuses settings that contradict each other.
func (s *settings) checkTLS() (errs []error) {
	if (s.TLSCert == "") != (s.TLSKey == "") {
		errs = append(errs, errors.New("--tls-cert: a certificate needs its key: set --tls-cert and --tls-key both, or neither"))
	}
	if s.TLSCert != "" && len(s.TLSNames) > 0 {
		errs = append(errs, errors.New("--tls-names: has the local authority issue a certificate, and --tls-cert brings one; set one of the two"))
	}
	return append(errs, parseNames("tls-names", s.TLSNames)...)
}
