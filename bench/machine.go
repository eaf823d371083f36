package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine describes what is measured on, as far as Linux says.
func machine(ctx context.Context) string {
	parts := []string{fmt.Sprintf("%d processors", runtime.NumCPU())}
	for _, line := range strings.Split(read("/proc/cpuinfo"), "\n") {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			parts = append(parts, strings.Trim(name, "\t :"))
			break
		}
	}
	if kb := field(read("/proc/meminfo"), "MemTotal:"); kb > 0 {
		parts = append(parts, fmt.Sprintf("%.0f GB", float64(kb)/1e6))
	}
	parts = append(parts, "Linux "+strings.TrimSpace(read("/proc/sys/kernel/osrelease")), runtime.Version())
	for _, program := range [][]string{{"ffmpeg", "-version"}, {"vips", "--version"}} {
		if out, err := exec.CommandContext(ctx, program[0], program[1]).Output(); err == nil {
			words, _, _ := strings.Cut(string(out), " Copyright")
			words, _, _ = strings.Cut(words, "\n")
			parts = append(parts, words)
		}
	}
	return strings.Join(parts, ", ")
}

// load is the machine's load average of the last minute: what else runs on it
// is measured with it.
func load() string {
	one, _, _ := strings.Cut(read("/proc/loadavg"), " ")
	return one
}

func read(name string) string {
	b, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(b)
}

// field gives the number behind a name at the beginning of a line; 0 without one.
func field(text, name string) int64 {
	for _, line := range strings.Split(text, "\n") {
		if rest, ok := strings.CutPrefix(line, name); ok {
			var n int64
			if _, err := fmt.Sscan(rest, &n); err == nil {
				return n
			}
		}
	}
	return 0
}
