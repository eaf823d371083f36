package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// caCommand makes the data folder's authority, once, and prints its
// certificate.
type caCommand struct {
	dataFlag
	Names []string `placeholder:"NAME" help:"Hosts that the authority is for, with commas between them, and no others. Default: X's four, api.x.com to upload.twitter.com."`
	Out   string   `placeholder:"FILE" help:"Write the certificate to a file instead of standard output."`
}

// Validate refuses names that no certificate can have (kong calls it).
func (c *caCommand) Validate() error { return errors.Join(parseNames("names", c.Names)...) }

// Run prints the certificate that clients are to trust, in PEM, and nothing
// else. An authority that is there already stays as it is; it is an error if it
// is not for the names that are asked for.
func (c *caCommand) Run(s surroundings) error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	path, names := authorityIn(c.Data), c.Names
	if len(names) == 0 {
		names = xHosts()
	}
	a, err := openAuthority(path, names, time.Now(), rand.Reader)
	if err != nil {
		return fmt.Errorf("the local authority: %w", err)
	}
	if err := a.covers(c.Names); err != nil {
		return fmt.Errorf("--names: %w; to make another, which clients then have to be told to trust, move %s away", err, path)
	}
	if c.Out == "" {
		_, err = s.out.Write(a.trusted())
		return err
	}
	if err := os.WriteFile(c.Out, a.trusted(), 0o644); err != nil { // public
		return fmt.Errorf("--out: %w", err)
	}
	return nil
}

// authorityIn is where a data folder keeps its authority.
func authorityIn(data string) string { return filepath.Join(data, "authority.pem") }

// localAuthority reads the authority that serve is to use for names.
func localAuthority(data string, names []string) (*authority, error) {
	a, err := readAuthority(authorityIn(data))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("--tls-names: there is no local authority in %s; magpie ca --data %s --names %s makes one",
			data, data, strings.Join(names, ","))
	}
	if err == nil {
		err = a.covers(names)
	}
	if err != nil {
		return nil, fmt.Errorf("--tls-names: %w", err)
	}
	return a, nil
}
