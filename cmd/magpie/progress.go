package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"magpie/internal/client"
)

// progress shows how uploads go: by bars on a terminal, and by lines elsewhere,
// where bars would fill a log.
type progress interface {
	// watch shows one file.
	watch(name string) watched
	// say prints words about all of them.
	say(words string)
	// stop leaves what is shown as it is.
	stop()
}

// watched is one file that is shown.
type watched interface {
	client.Watcher
	// done tells that there is no more to show, and whether all went well.
	done(well bool)
}

// newProgress shows progress on w until stop is called. many names the file in
// each line.
func newProgress(ctx context.Context, w io.Writer, many bool) progress {
	if isTerminal(w) && isWide(w) {
		return newBars(ctx, w)
	}
	return &lines{w: w, many: many, now: time.Now}
}

// isTerminal reports whether w is one.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// isWide reports whether a terminal says how wide it is. One by which a script
// drives a program often says 0, and no bar fits into that.
func isWide(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil && size.Col > 0
}

// lines prints a line for each step, and one every ten seconds while bytes are
// sent.
type lines struct {
	w    io.Writer
	many bool
	now  func() time.Time
	mu   sync.Mutex
}

func (l *lines) say(words string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, words)
}

func (l *lines) stop() {}

func (l *lines) watch(name string) watched {
	one := &lineFile{lines: l}
	if l.many {
		one.name = client.Plain(name) + ": "
	}
	return one
}

// betweenLines is how often a line tells how many bytes were sent.
const betweenLines = 10 * time.Second

type lineFile struct {
	*lines
	name string

	mu         sync.Mutex
	total, at  int64
	last       time.Time
	processing bool
}

func (f *lineFile) Say(words string) { f.say(f.name + words) }

func (f *lineFile) Sending(total, arrived int64) {
	words := "sending"
	if total >= 0 {
		words += " " + size(total).String()
	}
	if arrived > 0 {
		words += ", of which " + size(arrived).String() + " arrived before"
	}
	f.Say(words)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total, f.at, f.last = total, arrived, f.now()
}

func (f *lineFile) Sent(n int64) {
	f.mu.Lock()
	f.at += n
	at, due := f.at, f.now().Sub(f.last) >= betweenLines
	if due {
		f.last = f.now()
	}
	f.mu.Unlock()
	switch {
	case !due:
	case f.total > 0:
		f.Say(fmt.Sprintf("sent %s of %s (%d%%)", size(max(at, 0)), size(f.total), at*100/f.total))
	default:
		f.Say("sent " + size(max(at, 0)).String())
	}
}

func (f *lineFile) Processing(int) {
	f.mu.Lock()
	first := !f.processing
	f.processing = true
	f.mu.Unlock()
	if first {
		f.Say("processing")
	}
}

func (f *lineFile) done(well bool) {
	if well && f.many {
		f.Say("done")
	}
}

// shortened cuts a name to n characters, keeping its end, which tells files
// apart.
func shortened(name string, n int) string {
	r := []rune(client.Plain(name))
	if len(r) <= n {
		return string(r)
	}
	return "…" + string(r[len(r)-n+1:])
}

// padded fills a name with spaces up to n characters.
func padded(name string, n int) string {
	name = shortened(name, n)
	return name + strings.Repeat(" ", max(0, n-len([]rune(name))))
}
