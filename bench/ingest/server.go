package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"magpie/bench/gauge"
)

// server is a process under test, over a folder of its own.
type server struct {
	gauge.Process
	address string // 127.0.0.1:port
	folder  string
	cmd     *exec.Cmd
	done    chan error
	ended   bool
}

// ready is how long a server may take until it listens.
const ready = 30 * time.Second

// start runs a server and waits until its log says where it listens: the first
// group of the pattern. It must be stopped.
func (r *run) start(ctx context.Context, name, pattern string, command func(folder string) []string, env ...string) (*server, error) {
	folder, err := os.MkdirTemp(r.folder, name+"-")
	if err != nil {
		return nil, err
	}
	s := &server{folder: folder, done: make(chan error, 1)}
	logName := folder + ".log" // beside the folder, which is synced and measured
	log, err := os.Create(logName)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	argv := command(folder)
	s.cmd = exec.CommandContext(ctx, argv[0], argv[1:]...)
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), os.RemoveAll(folder), os.Remove(logName))
	}
	s.Process = gauge.Process(s.cmd.Process.Pid)
	go func() { s.done <- s.cmd.Wait() }()
	says := regexp.MustCompile(pattern)
	for end := time.Now().Add(ready); time.Now().Before(end); {
		said, err := os.ReadFile(logName)
		if err != nil {
			return nil, errors.Join(err, s.stop())
		}
		if m := says.FindSubmatch(said); m != nil {
			s.address = string(m[1])
			return s, nil
		}
		select {
		case err := <-s.done:
			s.ended = true
			return nil, errors.Join(fmt.Errorf("%s ended: %w: %s", name, err, said), s.stop())
		case <-time.After(10 * time.Millisecond):
		}
	}
	said, _ := os.ReadFile(logName)
	return nil, errors.Join(fmt.Errorf("%s did not get ready: %s", name, said), s.stop())
}

// stop ends the server, whatever it is doing, and empties the files that it kept.
// They are removed when all is measured: ext4 is slow to give away the inodes of
// files that were just removed, and those who make files would pay for it.
func (s *server) stop() error {
	if !s.ended {
		for _, p := range s.Tree() {
			_ = syscall.Kill(int(p), syscall.SIGKILL)
		}
		<-s.done
	}
	return filepath.WalkDir(s.folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			err = os.Truncate(path, 0)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a child that outlived its server by a moment removed it
		}
		return err
	})
}

// dial opens so many connections.
func (s *server) dial(n int) ([]*wire, error) {
	var out []*wire
	for range n {
		w, err := dial(s.address)
		if err != nil {
			hangUp(out)
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

func hangUp(wires []*wire) {
	for _, w := range wires {
		w.close()
	}
}

// inside is a name in the server's folder.
func (s *server) inside(name string) string { return filepath.Join(s.folder, name) }
