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
	PID     int    // of what launches it, which is the server where nothing else was asked for

	folder  string
	program string
	launch  func(*exec.Cmd) error
	stop    func()
}

// Start starts a server on a free loopback port. root is the path to the
// repository: the program is bin/versitygw there, and built where it is missing.
func Start(root string) (*Server, error) {
	s, err := prepare(root, (*exec.Cmd).Start)
	if err != nil {
		return nil, err
	}
	for range 5 { // another process may take the port first
		if s.Address, err = freePort(); err != nil {
			break
		}
		if err = s.Run(); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(s.folder))
}

// StartAt is Start at an address that is free. launch starts the server's process.
func StartAt(root, address string, launch func(*exec.Cmd) error) (*Server, error) {
	s, err := prepare(root, launch)
	if err != nil {
		return nil, err
	}
	s.Address = address
	if err := s.Run(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.folder))
	}
	return s, nil
}

func prepare(root string, launch func(*exec.Cmd) error) (s *Server, err error) {
	s = &Server{launch: launch}
	if s.program, err = Program(root); err != nil {
		return nil, err
	}
	s.folder, err = os.MkdirTemp("", "s3test")
	return s, err
}

// Kill ends the server at once. What it keeps stays, for Run.
func (s *Server) Kill() { s.stop() }

// Folder is where the server keeps its buckets: a folder for each, with a file
// for each object. Names that begin with .sgwtmp are not objects.
func (s *Server) Folder() string { return s.folder }

// Run starts a server again that was killed, over what it keeps, and waits until
// it answers.
func (s *Server) Run() error {
	// Metadata are extended attributes: in a sidecar folder versitygw loses them
	// where blobs come and go at once, and without any it can't do If-None-Match.
	cmd := exec.Command(s.program, "--port", s.Address, "--access", AccessKey, "--secret", SecretKey, "--health", "/health", "--quiet", "posix", s.folder)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.launch(cmd); err != nil {
		return err
	}
	s.PID = cmd.Process.Pid
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
	return fmt.Errorf("%s does not answer: %s", s.program, output.Bytes())
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

// Program gives the program that `make deps-test` builds, and builds it where
// somebody runs one package's tests alone.
func Program(root string) (string, error) {
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
