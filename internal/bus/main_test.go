package bus

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// childEnv names what a child process of the tests does instead of testing.
const childEnv = "MAGPIE_BUS_CHILD"

// TestMain also looks for goroutines that outlived every bus. None is excused.
func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "":
		// Each check opens a server; flags on the command line still win.
		if err := flag.Set("rapid.checks", "40"); err != nil {
			panic(err)
		}
		// Most of them wait for servers most of the time.
		if err := flag.Set("test.parallel", "8"); err != nil {
			panic(err)
		}
		goleak.VerifyTestMain(m)
	case "work":
		workUntilKilled(os.Args[len(os.Args)-1])
	case "die":
		workOver(os.Args[len(os.Args)-1])
	case "full":
		fillDisk(os.Args[len(os.Args)-1])
	}
}

// child is this test binary, at work on a store.
type child struct {
	*os.Process
	lines *bufio.Scanner
}

func startChild(t *testing.T, does, dir string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.StartProcess(self, []string{self, dir}, &os.ProcAttr{
		Env:   append(os.Environ(), childEnv+"="+does),
		Files: []*os.File{nil, w, os.Stderr},
	})
	w.Close()
	if err != nil {
		r.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill() // an error says that it is dead already
		p.Wait()
		r.Close()
	})
	return &child{Process: p, lines: bufio.NewScanner(io.LimitReader(r, 1<<20))}
}

// says waits until the child has said a line.
func (c *child) says(t *testing.T, want string) {
	t.Helper()
	for c.lines.Scan() {
		if got := c.lines.Text(); got == want {
			return
		} else if strings.HasPrefix(got, "error: ") {
			t.Fatalf("the child process: %s", got)
		}
	}
	t.Fatalf("the child process ended without having said %q", want)
}

// must ends a child process with words that fail its test.
func must(err error) {
	if err != nil {
		fmt.Println("error: " + err.Error())
		os.Exit(1)
	}
}

// open opens an embedded bus on dir and closes it with the test.
func open(t *testing.T, cfg Config) *Bus {
	t.Helper()
	b, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(b.Close)
	return b
}

// drain finishes every job there is, all of them being on one lane, and gives
// them as they were delivered.
func drain(t *testing.T, b *Bus, lane Lane) []Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	n, err := b.Len(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var jobs []Job
	if n > 0 {
		work, stop := context.WithCancel(ctx)
		defer stop()
		if err := b.Work(work, lane, 1, func(_ context.Context, j Job) error {
			if jobs = append(jobs, j); len(jobs) == n {
				stop()
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if ctx.Err() != nil {
		t.Fatalf("of %d jobs on lane %s only %d were delivered within a minute", n, lane, len(jobs))
	}
	if n, err := b.Len(ctx); err != nil || n != 0 {
		t.Fatalf("Len = %d, %v after all were done", n, err)
	}
	return jobs
}
