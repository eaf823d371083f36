package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// authority issues certificates for a few names, to clients that were told to
// trust it. It has two tiers: the root, whose key is dropped as soon as it has
// signed the issuer, and the issuer. Both are bound to the names (RFC 5280,
// 4.2.1.10); there are clients that don't hold a root to its own bounds, Java's
// among them, and that hold an issuer to them.
type authority struct {
	root   *x509.Certificate
	issuer *x509.Certificate
	key    *ecdsa.PrivateKey // the issuer's
}

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 90 * 24 * time.Hour
	leafRenewal   = 30 * 24 * time.Hour // what is left of a leaf when it is renewed
	clockSkew     = 24 * time.Hour      // how far behind a client's clock may be
)

// xHosts are the hosts that clients of X's media API have wired in.
func xHosts() []string {
	return []string{"api.x.com", "api.twitter.com", "upload.x.com", "upload.twitter.com"}
}

// thisMachine is what every authority and leaf is good for besides.
func thisMachine() []string { return []string{"localhost", "127.0.0.1", "::1"} }

// parseName reads the name of a host, or an IP address, as certificates have
// them.
func parseName(text string) (string, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		if a.Zone() != "" || a.Is4In6() {
			return "", fmt.Errorf("%q is not an address that a certificate can have", text)
		}
		return a.String(), nil
	}
	name := strings.ToLower(text)
	if strings.Contains(name, "*") {
		return "", fmt.Errorf("%q has a wildcard; write each name out", text)
	}
	ok := len(name) <= 253
	for label := range strings.SplitSeq(name, ".") {
		ok = ok && label != "" && len(label) <= 63 && strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
			label[0] != '-' && label[len(label)-1] != '-'
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	if !ok || strings.Trim(last, "0123456789") == "" { // looks like an address, and is none
		return "", fmt.Errorf("%q is not the name of a host, such as api.x.com, nor an IP address", text)
	}
	return name, nil
}

// parseNames reads each of names in place, and says what is wrong with those
// that are none.
func parseNames(flag string, names []string) (errs []error) {
	for i, text := range names {
		name, err := parseName(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("--%s: %w", flag, err))
		}
		names[i] = name
	}
	return errs
}

// newAuthority makes an authority for names, those below them, and this machine.
func newAuthority(names []string, now time.Time, random io.Reader) (*authority, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, err
	}
	a := &authority{}
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), random); err != nil {
		return nil, err
	}
	// Two authorities must not look alike in a trust store.
	var id [4]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return nil, err
	}
	bound := x509.Certificate{
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		ExtKeyUsage:                 []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		PermittedDNSDomainsCritical: true,
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(names, thisMachine())))) {
		if ip, err := netip.ParseAddr(name); err == nil {
			all := net.CIDRMask(ip.BitLen(), ip.BitLen())
			bound.PermittedIPRanges = append(bound.PermittedIPRanges, &net.IPNet{IP: ip.AsSlice(), Mask: all})
		} else {
			bound.PermittedDNSDomains = append(bound.PermittedDNSDomains, name)
		}
	}
	root := bound
	root.Subject = pkix.Name{Organization: []string{"magpie"}, CommonName: "magpie local authority " + hex.EncodeToString(id[:])}
	root.MaxPathLen = 1
	if a.root, err = sign(&root, &root, &rootKey.PublicKey, rootKey, random); err != nil {
		return nil, err
	}
	issuer := bound
	issuer.Subject = pkix.Name{Organization: []string{"magpie"}, CommonName: "magpie local issuer " + hex.EncodeToString(id[:])}
	issuer.MaxPathLenZero = true
	a.issuer, err = sign(&issuer, a.root, &a.key.PublicKey, rootKey, random)
	return a, err
}

func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey, random io.Reader) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(random, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// issue makes a leaf for names and this machine, with a key of its own. A name
// that the authority is not for is an error, and so is an authority that has
// ended.
func (a *authority) issue(names []string, now time.Time, random io.Reader) (*tls.Certificate, error) {
	if !now.Before(a.issuer.NotAfter) {
		return nil, fmt.Errorf("the authority ended on %s; move its file away and make another with magpie ca", a.issuer.NotAfter.Format(time.DateOnly))
	}
	if err := a.covers(names); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{Organization: []string{"magpie"}, CommonName: "magpie server"},
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(leafLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if a.issuer.NotAfter.Before(template.NotAfter) {
		template.NotAfter = a.issuer.NotAfter
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(names, thisMachine())))) {
		if ip, err := netip.ParseAddr(name); err == nil {
			template.IPAddresses = append(template.IPAddresses, ip.AsSlice())
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	leaf, err := sign(template, a.issuer, &key.PublicKey, a.key, random)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{leaf.Raw, a.issuer.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// covers says which of the names the authority is not for.
func (a *authority) covers(names []string) error {
	permitted := a.names()
	for _, name := range names {
		_, err := netip.ParseAddr(name)
		if !slices.ContainsFunc(permitted, func(p string) bool {
			return name == p || err != nil && strings.HasSuffix(name, "."+p)
		}) {
			return fmt.Errorf("the authority is not for %s, only for %s and names below them", name, strings.Join(permitted, ", "))
		}
	}
	return nil
}

// names is what the authority is for.
func (a *authority) names() []string {
	names := slices.Clone(a.issuer.PermittedDNSDomains)
	for _, r := range a.issuer.PermittedIPRanges {
		names = append(names, r.IP.String())
	}
	return names
}

// trusted is the root's certificate in PEM: what clients are given.
func (a *authority) trusted() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
}

// keep writes the authority to a file that must not be there yet, else
// fs.ErrExist. It is there whole or not at all; the folder is not synced.
func (a *authority) keep(path string) error {
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, b := range []pem.Block{{Type: "PRIVATE KEY", Bytes: key}, {Type: "CERTIFICATE", Bytes: a.issuer.Raw}, {Type: "CERTIFICATE", Bytes: a.root.Raw}} {
		if err := pem.Encode(&text, &b); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".authority-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text.Bytes())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// readAuthority reads what keep wrote. A file that others than its owner may
// use is refused.
func readAuthority(path string) (*authority, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s may be used by others (mode %04o), who could pass for the hosts it is for: chmod 600 it", path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return nil, err
	}
	a, err := parseAuthority(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not an authority as magpie ca makes them: %w", path, err)
	}
	return a, nil
}

func parseAuthority(text []byte) (*authority, error) {
	pair, err := tls.X509KeyPair(text, text) // holds the key against the first certificate
	if err != nil {
		return nil, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || len(pair.Certificate) != 2 {
		return nil, errors.New("it has not the parts of one")
	}
	a := &authority{key: key, issuer: pair.Leaf}
	if a.root, err = x509.ParseCertificate(pair.Certificate[1]); err != nil {
		return nil, err
	}
	if err := a.issuer.CheckSignatureFrom(a.root); err != nil {
		return nil, err
	}
	return a, nil
}

// openAuthority reads the authority at path, or makes it for names, once: of
// several processes that do so together all get the same. It is on stable
// storage before openAuthority returns.
func openAuthority(path string, names []string, now time.Time, random io.Reader) (*authority, error) {
	a, err := readAuthority(path)
	if errors.Is(err, fs.ErrNotExist) {
		if a, err = newAuthority(names, now, random); err == nil {
			err = a.keep(path)
		}
		if errors.Is(err, fs.ErrExist) {
			a, err = readAuthority(path)
		}
	}
	if err != nil {
		return nil, err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	return a, folder.Sync()
}
