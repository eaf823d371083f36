package bus

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

// workUntilKilled is a process that finishes jobs 1–3, hangs in 4 and 5 and
// leaves 6 waiting.
func workUntilKilled(dir string) {
	ctx := context.Background()
	b, err := Open(ctx, Config{Dir: dir, Lease: 24 * time.Hour})
	must(err)
	for id := media.ID(1); id <= 3; id++ {
		must(b.Send(ctx, id, Slow))
	}
	work, stop := context.WithCancel(ctx)
	done := 0
	must(b.Work(work, Slow, 1, func(context.Context, Job) error {
		if done++; done == 3 {
			stop()
		}
		return nil
	}))
	for id := media.ID(4); id <= 6; id++ {
		must(b.Send(ctx, id, Slow))
	}
	must(b.Work(ctx, Slow, 2, func(context.Context, Job) error {
		fmt.Println("running")
		select {}
	}))
}

// TestKilled kills a process over its jobs. The next one has a lease of a day,
// so that jobs which had to wait for the dead one's would not come.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "bus")
	c := startChild(t, "work", dir)
	c.says(t, "running")
	c.says(t, "running")
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(); err != nil {
		t.Fatal(err)
	}

	b := open(t, Config{Dir: dir, Lease: 24 * time.Hour})
	want := []Job{{4, Slow, 1}, {5, Slow, 1}, {6, Slow, 1}}
	if d := cmp.Diff(want, drain(t, b, Slow)); d != "" {
		t.Errorf("jobs after the kill (-want +got):\n%s", d)
	}
}

// TestReopened: what was finished stays finished, what was not comes again.
func TestReopened(t *testing.T) {
	t.Parallel()
	cfg := Config{Dir: filepath.Join(t.TempDir(), "bus"), Lease: 24 * time.Hour, Backoff: []time.Duration{24 * time.Hour}}
	b := open(t, cfg)
	for id := media.ID(1); id <= 3; id++ {
		if err := b.Send(t.Context(), id, Fast); err != nil {
			t.Fatal(err)
		}
	}
	work, stop := context.WithCancel(t.Context())
	if err := b.Work(work, Fast, 1, func(_ context.Context, j Job) error {
		switch j.ID {
		case 1:
			return nil
		case 2:
			return context.DeadlineExceeded // waits for a day
		}
		stop()
		return Later(24*time.Hour, nil)
	}); err != nil {
		t.Fatal(err)
	}
	b.Close()

	want := []Job{{2, Fast, 1}, {3, Fast, 1}}
	if d := cmp.Diff(want, drain(t, open(t, cfg), Fast)); d != "" {
		t.Errorf("jobs after the restart (-want +got):\n%s", d)
	}
}
