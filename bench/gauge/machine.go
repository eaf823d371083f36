package gauge

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
)

// Machine describes what is measured on, as far as Linux says, with the first
// line of what each of the programs says, each given as its command; those that
// can't be run are left out.
func Machine(ctx context.Context, programs ...[]string) string {
	parts := []string{fmt.Sprintf("%d processors", runtime.NumCPU())}
	for line := range strings.Lines(read("/proc/cpuinfo")) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			parts = append(parts, strings.Trim(name, "\t\n :"))
			break
		}
	}
	if kb := field(read("/proc/meminfo"), "MemTotal:"); kb > 0 {
		parts = append(parts, fmt.Sprintf("%.0f GB", float64(kb)/1e6))
	}
	parts = append(parts, "Linux "+strings.TrimSpace(read("/proc/sys/kernel/osrelease")), runtime.Version())
	for _, program := range programs {
		if out, err := exec.CommandContext(ctx, program[0], program[1:]...).CombinedOutput(); err == nil {
			words, _, _ := strings.Cut(string(out), " Copyright")
			words, _, _ = strings.Cut(words, "\n")
			parts = append(parts, words)
		}
	}
	return strings.Join(parts, ", ")
}

// Load is the machine's load average of the last minute: what else runs on it
// is measured with it.
func Load() string {
	one, _, _ := strings.Cut(read("/proc/loadavg"), " ")
	return one
}
