package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/bus"
	"magpie/internal/bus/bustest"
	"magpie/internal/media"
)

// TestCluster runs the suite against a cluster of three.
func TestCluster(t *testing.T) {
	t.Parallel()
	c := bustest.StartCluster(t, 3)
	t.Run("Suite", func(t *testing.T) {
		bustest.Run(t, func(t *testing.T, cfg bus.Config) *bus.Bus {
			cfg.URL = c.Account(t)
			return open(t, cfg)
		})
	})
	t.Run("Examined", func(t *testing.T) { isExamined(t, c) })
}

// TestClusterLoses takes servers of a cluster of three away.
func TestClusterLoses(t *testing.T) {
	t.Parallel()
	c := bustest.StartCluster(t, 3)
	t.Run("Grows", func(t *testing.T) { clusterGrows(t, c) })
	t.Run("LeaderKilled", func(t *testing.T) {
		clusterLoses(t, c, func(n *bustest.Node) { n.Kill() }, func(n *bustest.Node) { n.Start() })
	})
	t.Run("LeaderPaused", func(t *testing.T) {
		clusterLoses(t, c, func(n *bustest.Node) { n.Pause() }, func(n *bustest.Node) { n.Continue() })
	})
}

const jobs, records = "MAGPIE_JOBS", "MAGPIE_PLAYBACK"

// clusterGrows: what was made with one copy gets more, by whoever opens the bus.
func clusterGrows(t *testing.T, c *bustest.Cluster) {
	account := c.Account(t)
	b := open(t, bus.Config{URL: account, Replicas: 1})
	if err := b.Send(t.Context(), 7, bus.Fast); err != nil {
		t.Fatal(err)
	}
	if n := c.Copies(account, jobs); n != 1 {
		t.Fatalf("%d copies, want the one that was asked for", n)
	}
	more := open(t, bus.Config{URL: account})
	if n := c.Copies(account, jobs); n != 3 {
		t.Errorf("%d copies, want 3", n)
	}
	open(t, bus.Config{URL: account, Replicas: 1})
	if n := c.Copies(account, jobs); n != 3 {
		t.Errorf("%d copies, want 3 still", n)
	}
	finish(t, more, 7)
}

// finish does the one job there is.
func finish(t *testing.T, b *bus.Bus, id media.ID) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	got := media.ID(0)
	if err := b.Work(ctx, bus.Fast, 1, func(_ context.Context, j bus.Job) error {
		got = j.ID
		cancel()
		return nil
	}); err != nil || got != id {
		t.Errorf("got the job %s, %v, want %s", got, err, id)
	}
}

// tally is what many handlers were given.
type tally struct {
	mu  sync.Mutex
	got map[string]int
}

func (y *tally) add(what string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.got == nil {
		y.got = map[string]int{}
	}
	y.got[what]++
}

func (y *tally) len() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return len(y.got)
}

// clusterLoses takes the server away that leads the queue, in the middle of
// sending, publishing, working and following on two nodes, and gives it back.
// Every job and record that was taken must come, records in order and once.
func clusterLoses(t *testing.T, c *bustest.Cluster, away, back func(*bustest.Node)) {
	const many = 150
	account := c.Account(t)
	cfg := bus.Config{URL: account, Lease: 3 * time.Second, Backoff: []time.Duration{time.Millisecond}}
	a, b := open(t, cfg), open(t, cfg)
	was, err := a.Log(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()

	var done, read tally
	var running sync.WaitGroup
	running.Go(func() {
		if err := b.Work(ctx, bus.Fast, 4, func(_ context.Context, j bus.Job) error {
			done.add(j.ID.String())
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	at := uint64(0)
	running.Go(func() {
		if err := b.Follow(ctx, bus.Follower{
			From: func(context.Context, bus.Log) (uint64, error) { return at, nil },
			Handle: func(_ context.Context, _ string, list []bus.Record) error {
				for _, r := range list {
					if r.Sequence != at+1 {
						t.Errorf("record %d follows %d", r.Sequence, at)
					}
					at = r.Sequence
					read.add(string(r.Data))
				}
				return nil
			},
		}); err != nil {
			t.Error(err)
		}
	})

	leader := c.Leader(account, jobs)
	for i := 1; i <= many; i++ {
		if i == many/3 {
			away(leader)
		}
		if i == many*2/3 {
			back(leader)
		}
		// As the sweeper does: again until it is taken.
		until(t, ctx, "send", func() error { return a.Send(ctx, media.ID(i), bus.Fast) })
		until(t, ctx, "publish", func() error { return a.Publish(ctx, fmt.Appendf(nil, "record %d", i)) })
	}
	until(t, ctx, "finish", func() error {
		n, err := a.Len(ctx)
		if err == nil && (n > 0 || done.len() < many || read.len() < many) {
			err = fmt.Errorf("%d jobs are left, %d of %d are done and %d records read", n, done.len(), many, read.len())
		}
		return err
	})
	if err := a.Ready(ctx); err != nil {
		t.Errorf("Ready: %v", err)
	}
	now, err := a.SettledLog(ctx)
	if err != nil || now.ID != was.ID || now.Last < many {
		t.Errorf("the log was %+v and is %+v, %v", was, now, err)
	}
	cancel()
	running.Wait()
}

// until tries something again until it goes well or ctx ends.
func until(t *testing.T, ctx context.Context, what string, try func() error) {
	t.Helper()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestOneServer is a server that stands alone, in a process of its own.
func TestOneServer(t *testing.T) {
	t.Parallel()
	c := bustest.StartCluster(t, 1)
	t.Run("RefusesALogin", func(t *testing.T) { refusesALogin(t, c) })
	t.Run("ComesLater", func(t *testing.T) { comesLater(t, c) })
}

// refusesALogin: a wrong password ends Open, and no word of it is in the error.
func refusesALogin(t *testing.T, c *bustest.Cluster) {
	account := c.Account(t)
	open(t, bus.Config{URL: account})
	wrong := strings.Replace(account, "pass-of-the-cluster", "guessed-secret", 1)
	b, err := bus.Open(t.Context(), bus.Config{URL: wrong})
	if err == nil {
		b.Close()
		t.Fatal("it was taken")
	}
	if strings.Contains(err.Error(), "guessed-secret") {
		t.Errorf("the error tells the password: %v", err)
	}
	if _, err := bus.Examine(t.Context(), bus.Config{URL: wrong}); err == nil || strings.Contains(err.Error(), "guessed-secret") {
		t.Errorf("examined with a wrong password: %v", err)
	}
}

// comesLater: a bus opens without a server, says that it is not ready,
// fails what needs one, and is well when it comes. Work and Lead that were begun
// before go on then.
func comesLater(t *testing.T, c *bustest.Cluster) {
	account := c.Account(t)
	c.Nodes[0].Kill()
	b := open(t, bus.Config{URL: account})
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	if err := b.Ready(ctx); err == nil {
		t.Error("ready without a server")
	}
	if err := b.Send(ctx, 7, bus.Fast); err == nil {
		t.Error("a job was sent to nobody")
	}
	if err := b.Publish(ctx, []byte("x")); err == nil {
		t.Error("a record was taken by nobody")
	}
	if ctx.Err() != nil {
		t.Fatal("all that took a minute")
	}
	got, led := make(chan media.ID, 10), make(chan bool, 10)
	var running sync.WaitGroup
	running.Go(func() {
		if err := b.Work(ctx, bus.Fast, 2, func(_ context.Context, j bus.Job) error { got <- j.ID; return nil }); err != nil {
			t.Error(err)
		}
	})
	running.Go(func() {
		if err := b.Lead(ctx, bus.Housekeeping, func(ctx context.Context) { led <- true; <-ctx.Done() }); err != nil {
			t.Error(err)
		}
	})
	c.Nodes[0].Start()
	until(t, ctx, "get ready", func() error { return b.Ready(ctx) })
	until(t, ctx, "send", func() error { return b.Send(ctx, 7, bus.Fast) })
	select {
	case id := <-got:
		if id != 7 {
			t.Errorf("got %s", id)
		}
	case <-ctx.Done():
		t.Error("no work within a minute")
	}
	select {
	case <-led:
	case <-ctx.Done():
		t.Error("no duty within a minute")
	}
	cancel()
	running.Wait()
	b.Close()
	if err := b.Ready(context.Background()); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Ready: %v, want ErrClosed", err)
	}
}
