package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// canary is what hostile files point to: a file and an address that nobody has
// any business with.
type canary struct {
	path, address string
	opened        atomic.Bool
	reached       atomic.Bool
}

// newCanary makes the file a named pipe: opening one to write waits until
// somebody opens it to read.
func newCanary(t *testing.T) *canary {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &canary{path: filepath.Join(t.TempDir(), "canary.mp4"), address: l.Addr().String()}
	if err := syscall.Mkfifo(k.path, 0o666); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{}, 2)
	var over atomic.Bool
	go func() {
		defer func() { ended <- struct{}{} }()
		f, err := os.OpenFile(k.path, os.O_WRONLY, 0)
		if err == nil {
			f.Close()
		}
		k.opened.Store(!over.Load())
	}()
	go func() {
		defer func() { ended <- struct{}{} }()
		c, err := l.Accept()
		if err == nil {
			k.reached.Store(true)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		over.Store(true)
		if f, err := os.OpenFile(k.path, os.O_RDWR, 0); err == nil { // lets the writer go
			defer f.Close()
		}
		l.Close()
		<-ended
		<-ended
	})
	return k
}

func (k *canary) check(t *testing.T) {
	t.Helper()
	if k.opened.Load() {
		t.Error("the canary file was opened")
	}
	if k.reached.Load() {
		t.Error("the canary address was connected to")
	}
}

// TestCanary keeps the one above honest: what the hostile MP4 refers to would be
// read by a player that follows such references.
func TestCanary(t *testing.T) {
	t.Parallel()
	k := newCanary(t)
	if f, err := os.Open(k.path); err == nil {
		f.Close()
	}
	if c, err := net.Dial("tcp", k.address); err == nil {
		c.Close()
	}
	for end := time.Now().Add(time.Minute); !k.opened.Load() || !k.reached.Load(); {
		if time.Now().After(end) {
			t.Fatalf("a canary that was touched does not tell: %v, %v", k.opened.Load(), k.reached.Load())
		}
		time.Sleep(5 * time.Millisecond)
	}
	file := film(t, "mp4", slices.Concat(picture("320x180", 3), sound(3), h264(), []string{"-c:a", "aac", "-movflags", "+faststart"})...)
	target := written(t, "target.mp4", file)
	evil := written(t, "evil.mp4", redirected(t, file, target))
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-loglevel", "error", "-enable_drefs", "1", "-use_absolute_path", "1",
		"-select_streams", "v", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", evil).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "75" {
		t.Errorf("a reader that follows references finds %q in the file with tracks elsewhere: %v", out, err)
	}
}
