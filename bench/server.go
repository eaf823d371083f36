package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"magpie/bench/gauge"
)

// secret is the token of every server.
const secret = "bench-bootstrap-0123456789abcdef0123456789abcdef"

// server is one running magpie over a data folder of its own.
type server struct {
	url  string
	data string
	cmd  *exec.Cmd
	done chan error
}

// start runs a server and waits until it answers. It must be stopped.
func (b *bench) start(ctx context.Context) (*server, error) {
	data, err := os.MkdirTemp(b.dir, "data-")
	if err != nil {
		return nil, err
	}
	s := &server{data: data, done: make(chan error, 1)}
	log, err := os.Create(filepath.Join(data, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd = exec.CommandContext(ctx, b.magpie, "serve", "--listen", "127.0.0.1:0", "--data", data)
	s.cmd.Env = append(os.Environ(), "MAGPIE_BOOTSTRAP_TOKEN="+secret)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(data))
	}
	go func() { s.done <- s.cmd.Wait() }()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		// It says where it listens, and answers from then on.
		if m := regexp.MustCompile(`msg=serving url=(\S+)`).FindStringSubmatch(read(filepath.Join(data, "log"))); m != nil {
			s.url = m[1]
			return s, nil
		}
	}
	said := read(filepath.Join(data, "log"))
	return nil, errors.Join(fmt.Errorf("the server did not get ready: %s", said), s.stop())
}

// stop ends the server, whatever it is doing, and removes its data.
func (s *server) stop() error {
	_ = s.cmd.Process.Kill()
	<-s.done
	return os.RemoveAll(s.data)
}

// process is what is measured from outside.
func (s *server) process() gauge.Process { return gauge.Process(s.cmd.Process.Pid) }

// read gives what a file says, if it is there.
func read(name string) string {
	b, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(b)
}
