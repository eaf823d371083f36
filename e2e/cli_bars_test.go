package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal and what was written to it.
type terminal struct {
	t     *testing.T
	outer *os.File // what a person sees
	inner *os.File // what a program writes to
	seen  syncBuffer
}

func openTerminal(t *testing.T, columns uint16) *terminal {
	t.Helper()
	outer, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(outer.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, outer: outer, inner: inner}
	term.resize(columns)
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := outer.Read(b)
			if err != nil {
				return
			}
			_, _ = term.seen.Write(b[:n])
		}
	}()
	t.Cleanup(func() { inner.Close(); outer.Close() })
	return term
}

func (m *terminal) resize(columns uint16) {
	m.t.Helper()
	if err := unix.IoctlSetWinsize(int(m.inner.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		m.t.Fatal(err)
	}
}

var control = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

// lines is what was written after the first skip bytes, line by line, without
// control sequences.
func (m *terminal) lines(skip int) []string {
	text := control.ReplaceAllString(m.seen.tail(1 << 24)[skip:], "\n")
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
}

// refreshed waits until bars were drawn twice more, so that what is drawn from
// then on was measured after now. It gives how much was written by then.
func (m *terminal) refreshed() int {
	m.t.Helper()
	before := 0
	for range 2 {
		before = len(m.seen.tail(1 << 24))
		eventually(m.t, func() string {
			if now := m.seen.tail(1 << 24); !strings.Contains(now[before:], "\n") {
				return "the bars are not drawn again"
			}
			return ""
		})
	}
	return len(m.seen.tail(1 << 24))
}

// within holds lines to be no longer than the terminal is wide.
func within(t *testing.T, lines []string, columns int) {
	t.Helper()
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > columns {
			t.Errorf("%d characters on a terminal of %d: %q", n, columns, line)
		}
	}
}

// TestUploadBars: on a terminal there are bars, never wider than it, whatever it
// becomes meanwhile; what is done is left as a line.
func TestUploadBars(t *testing.T) {
	t.Parallel()
	s := start(t)
	g := newGate(t, s, false)
	g.allow(20)
	term := openTerminal(t, 100)
	upload := func(file string) (*exec.Cmd, *syncBuffer) {
		cmd, out := exec.CommandContext(t.Context(), binary, "upload", file, "--to", g.url, "--segment", "16KiB", "--token", secret), &syncBuffer{}
		cmd.Stdout, cmd.Stderr = out, term.inner
		cmd.Env = append(os.Environ(), "TERM=xterm")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, out
	}
	cmd, out := upload(fileWith(t, "a-picture-with-a-rather-long-name.png", manySegments(t)))
	g.holding(t, 1)
	eventually(t, func() string {
		if all := strings.Join(term.lines(0), "\n"); !regexp.MustCompile(`(?m)^…\S*long-name\.png .* KiB of \d+ KiB .*\[=*>?-*\] +\d+%`).MatchString(all) {
			return "no bar of the bytes: " + all
		}
		return ""
	})
	within(t, term.lines(0), 100)
	for _, columns := range []uint16{60, 35, 12, 3, 160, 80} {
		term.resize(columns)
		from := term.refreshed()
		term.refreshed()
		lines := term.lines(from)
		within(t, lines, int(columns))
		if all := strings.Join(lines, "\n"); columns >= 12 && !strings.Contains(all, "%") {
			t.Errorf("nothing is shown on a terminal of %d: %q", columns, all)
		}
	}
	from := term.refreshed()
	g.open()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, term.seen.tail(4000))
	}
	film, filmOut := upload(fileWith(t, "clip.mp4", tinyMP4(t, 2)))
	if err := film.Wait(); err != nil {
		t.Fatalf("%v: %s", err, term.seen.tail(4000))
	}
	for _, b := range []*syncBuffer{out, filmOut} {
		if !json.Valid([]byte(b.tail(1 << 20))) {
			t.Errorf("stdout: %s", b.tail(1<<20))
		}
	}
	want := []string{`long-name\.png +632 KiB of 632 KiB \[=+\] 100% +\S+ [KM]iB/s`, `(?m)^clip\.mp4 +\d+ KiB of .*100%`, `(?m)^clip\.mp4 +processing .*100%`}
	eventually(t, func() string { // what was written may not have been read yet
		all := strings.Join(term.lines(from), "\n")
		for _, w := range want {
			if !regexp.MustCompile(w).MatchString(all) {
				return w + " is not in\n" + all
			}
		}
		return ""
	})
	within(t, term.lines(from), 80)
}
