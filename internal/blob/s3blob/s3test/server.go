// Package s3test starts an S3 server for tests: versitygw over a folder, as
// a process of its own that ends with the test's.
package s3test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// The credentials that a Server takes.
const (
	AccessKey = "magpie-test"
	SecretKey = "not-a-secret-0123456789"
)

// Server is a running S3 server.
type Server struct {
	Address string // host:port, without TLS

	folder string
	stop   func()
}

// Start starts a server on a free loopback port. root is the path to the
// repository: the program is bin/versitygw there, and built where it is missing.
func Start(root string) (*Server, error) {
	program, err := find(root)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "s3test")
	if err != nil {
		return nil, err
	}
	for range 5 { // another process may take the port first
		s := &Server{folder: folder}
		if s.Address, err = freePort(); err != nil {
			break
		}
		if err = s.start(program); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(folder))
}

func (s *Server) start(program string) error {
	// Metadata are extended attributes: in a sidecar folder versitygw loses them
	// where blobs come and go at once, and without any it can't do If-None-Match.
	cmd := exec.Command(program, "--port", s.Address, "--access", AccessKey, "--secret", SecretKey, "--health", "/health", "--quiet", "posix", s.folder)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	s.stop = func() {
		_ = cmd.Process.Kill()
		<-gone
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if r, err := http.Get("http://" + s.Address + "/health"); err == nil {
			r.Body.Close()
			return nil
		}
		select {
		case <-gone:
			deadline = time.Time{}
		case <-time.After(20 * time.Millisecond):
		}
	}
	s.stop()
	return fmt.Errorf("%s does not answer: %s", program, output.Bytes())
}

// MakeBucket makes an empty bucket.
func (s *Server) MakeBucket(name string) error { return os.Mkdir(filepath.Join(s.folder, name), 0o700) }

// Close stops the server and removes what it kept.
func (s *Server) Close() error {
	s.stop()
	return os.RemoveAll(s.folder)
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// find gives the program that `make deps-test` builds, and builds it where
// somebody runs one package's tests alone.
func find(root string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	program := filepath.Join(root, "bin", "versitygw")
	if _, err := os.Stat(program); !errors.Is(err, fs.ErrNotExist) {
		return program, err
	}
	own := program + strconv.Itoa(os.Getpid()) // others may build it too
	cmd := exec.Command("go", "build", "-modfile=tools/versitygw.mod", "-trimpath", "-o", own, "github.com/versity/versitygw/cmd/versitygw")
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build versitygw: %w: %s", err, output)
	}
	return program, os.Rename(own, program)
}
