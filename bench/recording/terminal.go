package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// How it is typed, how long one may read an answer, and the end before the film begins anew.
const (
	perKey    = 35 * time.Millisecond
	toRead    = 900 * time.Millisecond
	ending    = 4 * time.Second
	perFrame  = 100 * time.Millisecond
	forAnswer = 2 * time.Minute
)

// terminal is a shell in a pseudo-terminal, and what it shows.
type terminal struct {
	outer *os.File
	shell *exec.Cmd

	mu     sync.Mutex
	screen *screen
}

// openTerminal starts a shell.
func openTerminal(shell *exec.Cmd) (*terminal, error) {
	outer, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	fd := int(outer.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return nil, err
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, err
	}
	inner, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	defer inner.Close()
	if err := unix.IoctlSetWinsize(int(inner.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}); err != nil {
		return nil, err
	}
	shell.Stdin, shell.Stdout, shell.Stderr = inner, inner, inner
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := shell.Start(); err != nil {
		return nil, err
	}
	t := &terminal{outer: outer, shell: shell, screen: newScreen(columns, rows)}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := outer.Read(b)
			if err != nil {
				return
			}
			t.mu.Lock()
			_, _ = t.screen.Write(b[:n])
			t.mu.Unlock()
		}
	}()
	return t, nil
}

func (t *terminal) shown() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.screen.shown()
}

// prompts tells whether the shell waits for a command.
func (t *terminal) prompts() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimRight(string(t.screen.lines[t.screen.y]), " ") == "$"
}

// play types the commands, each once the one before has ended, and gives what was
// shown and how long it took. The shell and what it started are ended.
func (t *terminal) play(ctx context.Context, commands []string) ([]frame, time.Duration, error) {
	began := time.Now()
	var frames []frame
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(perFrame)
		defer tick.Stop()
		for {
			if now := t.shown(); len(frames) == 0 || !slices.Equal(frames[len(frames)-1].lines, now) {
				frames = append(frames, frame{time.Since(began), now})
			}
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	})
	err := t.typeAll(ctx, commands)
	if err == nil {
		err = pause(ctx, ending)
	}
	close(done)
	watching.Wait()
	length := time.Since(began)
	_, _ = t.outer.WriteString("kill %1; wait; exit\n")
	err = errors.Join(err, t.shell.Wait(), t.outer.Close())
	return frames, length, err
}

func (t *terminal) typeAll(ctx context.Context, commands []string) error {
	for _, command := range commands {
		if err := t.waitForPrompt(ctx); err != nil {
			return fmt.Errorf("before %s: %w", command, err)
		}
		if err := pause(ctx, toRead); err != nil {
			return err
		}
		for _, key := range command {
			if _, err := t.outer.WriteString(string(key)); err != nil {
				return err
			}
			if err := pause(ctx, perKey); err != nil {
				return err
			}
		}
		if _, err := t.outer.WriteString("\n"); err != nil {
			return err
		}
		if err := pause(ctx, perFrame); err != nil {
			return err
		}
	}
	return t.waitForPrompt(ctx)
}

func (t *terminal) waitForPrompt(ctx context.Context) error {
	for end := time.Now().Add(forAnswer); !t.prompts(); {
		if time.Now().After(end) {
			return fmt.Errorf("no prompt; it shows %q", t.shown())
		}
		if err := pause(ctx, perFrame); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
