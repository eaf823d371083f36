package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"magpie/bench/gauge"
)

// reference runs one of the scripts and says what it cost. It runs as nice as
// magpie's own children, so that other work takes the same from both.
func reference(ctx context.Context, script, source, folder string) (cost, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return cost{}, err
	}
	// A child's peak begins with that of the process it was made by.
	if err := gauge.Process(os.Getpid()).ForgetPeak(); err != nil {
		return cost{}, err
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "nice", "-n", "10", "sh", "-c", script, "sh", source, folder)
	cmd.Stderr = &stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return cost{}, fmt.Errorf("reference: %w: %s", err, stderr.String())
	}
	c := cost{wall: time.Since(began), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.rss = u.Maxrss << 10
	}
	return c, nil
}
