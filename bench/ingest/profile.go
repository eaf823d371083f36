package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// profiled records where a magpie spends its time from now until stop is called,
// if profiles were asked for: a file for perf report, one for each case, that of
// its last round. Other servers are not recorded.
func (r *run) profiled(ctx context.Context, s *server, name string) (stop func() error, err error) {
	if r.profile == "" || !strings.HasPrefix(filepath.Base(s.folder), "magpie-") {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(r.profile, 0o755); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "perf", "record", "-q", "-g", "-F", "499", "-o", filepath.Join(r.profile, name+".perf"), "-p", fmt.Sprint(int(s.Process)))
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("perf record: %w", err)
	}
	return func() error {
		_ = cmd.Process.Signal(os.Interrupt)
		err := cmd.Wait()
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
			err = nil // it says so when it is interrupted, and has written its file
		}
		if err != nil {
			return fmt.Errorf("perf record: %w: %s", err, said.String())
		}
		return nil
	}, nil
}
