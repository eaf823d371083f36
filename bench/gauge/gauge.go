// Package gauge holds what measurements share: what the machine and its processes
// say of themselves under /proc, medians and percentiles, and tables. It measures
// nothing itself.
package gauge

import (
	"fmt"
	"os"
	"strings"
)

// read gives a file's text; none if it can't be read.
func read(name string) string {
	b, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(b)
}

// field gives the number behind a name at the beginning of a line; 0 without one.
func field(text, name string) int64 {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			var n int64
			if _, err := fmt.Sscan(rest, &n); err == nil {
				return n
			}
		}
	}
	return 0
}
