package main

import (
	"bytes"
	"testing"
)

// TestProgressInALog: what is no terminal gets one line for each step and no
// control characters.
func TestProgressInALog(t *testing.T) {
	var log bytes.Buffer
	p := newProgress(t.Context(), &log)
	bar := p.sending(3 << 20)
	for range 3 {
		bar.IncrInt64(1 << 20)
	}
	p.processing().SetCurrent(40)
	p.stop()
	if got, want := log.String(), "sending 3.0 MiB\nprocessing\n"; got != want {
		t.Errorf("the log has %q, want %q", got, want)
	}
}
