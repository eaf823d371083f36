package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// sync has all of a server's files on disk, so many at a time: what a server does
// not do itself. The files' names are not synced, and the time is the clients'.
func (s *server) sync(atOnce int) error {
	var all errgroup.Group
	all.SetLimit(atOnce)
	err := filepath.WalkDir(s.folder, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		all.Go(func() error {
			file, err := os.Open(path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil // gone meanwhile, as locks are
			}
			if err != nil {
				return err
			}
			defer file.Close()
			return file.Sync()
		})
		return nil
	})
	if waited := all.Wait(); err == nil {
		err = waited
	}
	if err != nil {
		return fmt.Errorf("sync what the server wrote: %w", err)
	}
	return nil
}

// freePort is a port that nobody listens on, for servers that can't find one.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}
