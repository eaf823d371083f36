package gauge

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestProcess(t *testing.T) {
	me := Process(os.Getpid())
	if !slices.Contains(me.Tree(), me) {
		t.Errorf("%v does not hold %d", me.Tree(), me)
	}
	before := me.CPU()
	if before <= 0 {
		t.Errorf("this test took %v so far", before)
	}
	calls, _ := me.Written()
	if err := os.WriteFile(filepath.Join(t.TempDir(), "file"), bytes.Repeat([]byte("12345678"), 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	if now, _ := me.Written(); now-calls < 8<<16 {
		t.Errorf("%d bytes written, want at least %d", now-calls, 8<<16)
	}
	if me.CPU() <= before {
		t.Errorf("writing took no time: %v, %v", before, me.CPU())
	}
	if err := me.ForgetPeak(); err != nil {
		t.Fatal(err)
	}
	if now, peak := me.Memory(), me.Peak(); now < 1<<20 || peak < now/2 {
		t.Errorf("%d bytes now, %d at most", now, peak)
	}
	if got := Process(1 << 27).CPU(); got != 0 {
		t.Errorf("no process took %v", got)
	}
}
