package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestPasswordFrom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	for content, want := range map[string]string{
		"correct horse": "correct horse", "correct horse\n": "correct horse", "correct horse\r\nmore\n": "correct horse", " blanks count \n": " blanks count ", "": "", "\nx": "",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := (passwordFlags{PasswordFile: path}).password(t.Context(), surroundings{}); err != nil || got != want {
			t.Errorf("a file with %q: %q, %v", content, got, err)
		}
		if got, err := (passwordFlags{PasswordStdin: true}).password(t.Context(), surroundings{in: strings.NewReader(content)}); err != nil || got != want {
			t.Errorf("standard input with %q: %q, %v", content, got, err)
		}
	}
	if got, err := (passwordFlags{PasswordStdin: true}).password(t.Context(), surroundings{in: strings.NewReader(strings.Repeat("x", 1<<20))}); err != nil || len(got) > 2000 {
		t.Errorf("a long line: %d bytes, %v", len(got), err)
	}
	if _, err := (passwordFlags{PasswordFile: path + "x"}).password(t.Context(), surroundings{}); err == nil || !strings.Contains(err.Error(), "--password-file") {
		t.Errorf("no file: %v", err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, in := range []surroundings{{in: strings.NewReader("x")}, {in: file}} {
		if _, err := (passwordFlags{}).password(t.Context(), in); err == nil || !strings.Contains(err.Error(), "--password-stdin") {
			t.Errorf("no terminal: %v", err)
		}
	}
}

// terminal opens a pair of ends: what is typed, and what a program has.
func terminal(t *testing.T) (keyboard, program *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	if err := unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return keyboard, program
}

func shows(t *testing.T, f *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// prompted calls then at each prompt.
type prompted struct {
	bytes.Buffer
	then func()
}

func (p *prompted) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(": ")) {
		p.then()
	}
	return p.Buffer.Write(b)
}

func TestPasswordAtATerminal(t *testing.T) {
	for name, c := range map[string]struct {
		typed       []string
		want, words string
	}{
		"the same twice":  {[]string{"correct horse", "correct horse"}, "correct horse", ""},
		"two that differ": {[]string{"correct horse", "correct hoarse"}, "", "differ"},
	} {
		keyboard, program := terminal(t)
		asked := 0
		said := &prompted{}
		said.then = func() {
			if shows(t, program) {
				t.Error("what is typed would be shown")
			}
			_, _ = fmt.Fprintln(keyboard, c.typed[asked])
			asked++
		}
		got, err := (passwordFlags{}).password(t.Context(), surroundings{in: program, err: said})
		if got != c.want || (err == nil) != (c.words == "") || err != nil && !strings.Contains(err.Error(), c.words) || asked != 2 {
			t.Errorf("%s: %q, %v after %d prompts", name, got, err, asked)
		}
		if !shows(t, program) || strings.Contains(said.String(), "horse") {
			t.Errorf("%s: afterwards nothing is shown, or it said %q", name, said.String())
		}
	}
	// Broken off at the prompt.
	_, program := terminal(t)
	ctx, stop := context.WithCancel(t.Context())
	if _, err := (passwordFlags{}).password(ctx, surroundings{in: program, err: &prompted{then: stop}}); !errors.Is(err, context.Canceled) || !shows(t, program) {
		t.Errorf("%v, and what is typed is shown: %v", err, shows(t, program))
	}
}
