package main

import (
	"bytes"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestProgressInALog: what is no terminal gets one line for each step, one for
// every ten seconds of sending, and no control characters.
func TestProgressInALog(t *testing.T) {
	var log bytes.Buffer
	p := newProgress(t.Context(), &log, false)
	one := p.watch("clip.mp4")
	one.Sending(3<<20, 0)
	for range 3 {
		one.Sent(1 << 20)
	}
	one.Processing(40)
	one.Processing(60)
	one.done(true)
	p.stop()
	if got, want := log.String(), "sending 3.0 MiB\nprocessing\n"; got != want {
		t.Errorf("the log has %q, want %q", got, want)
	}
}

// TestProgressWithoutWidth: a terminal that says no width has room for no bar, and
// gets lines as well.
func TestProgressWithoutWidth(t *testing.T) {
	screen, program := terminal(t)
	for _, columns := range []uint16{0, 80} {
		if err := unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
			t.Fatal(err)
		}
		p := newProgress(t.Context(), program, false)
		if _, inLines := p.(*lines); inLines != (columns == 0) {
			t.Errorf("%d columns: %T", columns, p)
		}
		p.stop()
	}
}

func TestProgressInALogOverTime(t *testing.T) {
	var log bytes.Buffer
	now := time.Unix(0, 0)
	p := &lines{w: &log, many: true, now: func() time.Time { return now }}
	one := p.watch("a\x1b[2Jb.mp4")
	one.Sending(8<<20, 2<<20)
	for range 4 {
		now = now.Add(6 * time.Second)
		one.Sent(1 << 20)
	}
	one.Sent(-1 << 20)
	now = now.Add(10 * time.Second)
	one.Sent(1 << 20)
	one.done(true)
	unknown := p.watch("-")
	unknown.Sending(-1, 0)
	now = now.Add(10 * time.Second)
	unknown.Sent(5)
	unknown.done(false)
	want := "a[2Jb.mp4: sending 8.0 MiB, of which 2.0 MiB arrived before\n" +
		"a[2Jb.mp4: sent 4.0 MiB of 8.0 MiB (50%)\n" +
		"a[2Jb.mp4: sent 6.0 MiB of 8.0 MiB (75%)\n" +
		"a[2Jb.mp4: sent 6.0 MiB of 8.0 MiB (75%)\n" +
		"a[2Jb.mp4: done\n" +
		"-: sending\n-: sent 5 B\n"
	if got := log.String(); got != want {
		t.Errorf("the log has\n%swant\n%s", got, want)
	}
}

func TestRate(t *testing.T) {
	now := time.Unix(0, 0)
	r := rate{now: func() time.Time { return now }}
	if got := r.perSecond(); got != 0 {
		t.Errorf("before anything was sent: %d", got)
	}
	for range 100 { // 1000 bytes a second
		r.add(100)
		now = now.Add(100 * time.Millisecond)
	}
	if got := r.perSecond(); got < 900 || got > 1100 {
		t.Errorf("%d bytes a second, want about 1000", got)
	}
	for range 300 { // faster, for longer than the rate looks back
		r.add(1000)
		now = now.Add(100 * time.Millisecond)
	}
	if got := r.perSecond(); got < 9000 || got > 11000 || len(r.samples) > 60 {
		t.Errorf("%d bytes a second of %d samples, want about 10000 of at most 60", got, len(r.samples))
	}
	now = now.Add(time.Minute)
	if got := r.perSecond(); got > 50 {
		t.Errorf("after a minute without a byte: %d", got)
	}
	r.add(-1 << 40)
	if got := r.perSecond(); got != 0 {
		t.Errorf("what is to be sent again: %d", got)
	}
}

func TestShortened(t *testing.T) {
	for in, want := range map[string]string{"clip.mp4": "clip.mp4", "a-very-long-name.mp4": "…-name.mp4", "日本語の名前の映画.mp4": "…名前の映画.mp4"} {
		if got := shortened(in, 10); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	if got := padded("a", 3); got != "a  " {
		t.Errorf("padded: %q", got)
	}
}
