package bustest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"magpie/internal/bus"
	"magpie/internal/media"
)

// sendMany sends media 1…n on the fast lane, several at a time.
func sendMany(t *testing.T, b *bus.Bus, n int) {
	t.Helper()
	ctx := deadline(t)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				id := next.Add(1)
				if id > int64(n) {
					return
				}
				if err := b.Send(ctx, media.ID(id), bus.Fast); err != nil {
					t.Errorf("Send(%d): %v", id, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func lanesAreApart(t *testing.T, open Opener) {
	b := open(t, patient())
	film := make(chan struct{})
	start(t, b, bus.Slow, 1, func(ctx context.Context, _ bus.Job) error {
		close(film)
		<-ctx.Done()
		return ctx.Err()
	})
	send(t, b, 1, bus.Slow)
	send(t, b, 2, bus.Slow)
	receive(t, film, "film")
	gif := make(chan bus.Job, 1)
	w := start(t, b, bus.Fast, 1, func(_ context.Context, j bus.Job) error {
		gif <- j
		return nil
	})
	send(t, b, 3, bus.Fast)
	if j := receive(t, gif, "GIF"); j.ID != 3 || j.Lane != bus.Fast {
		t.Errorf("the fast lane delivered %+v", j)
	}
	w.stop()
	wantLen(t, b, 2) // the films
}

func thousandJobs(t *testing.T, open Opener) {
	const jobs, slots = 1000, 4
	b := open(t, patient())
	var running, most atomic.Int64
	got := make(chan media.ID, 2*jobs)
	w := start(t, b, bus.Fast, slots, func(_ context.Context, j bus.Job) error {
		now := running.Add(1)
		defer running.Add(-1)
		for {
			m := most.Load()
			if now <= m || most.CompareAndSwap(m, now) {
				break
			}
		}
		got <- j.ID
		return nil
	})
	sendMany(t, b, jobs)
	times := map[media.ID]int{}
	for range jobs {
		times[receive(t, got, "job")]++
	}
	w.stop()
	for range len(got) {
		times[<-got]++
	}
	for id := media.ID(1); id <= jobs; id++ {
		if times[id] != 1 {
			t.Errorf("job %s was delivered %d times", id, times[id])
		}
	}
	if n := most.Load(); n > slots {
		t.Errorf("%d handlers ran at once in %d slots", n, slots)
	}
	wantLen(t, b, 0)
}

func workRefuses(t *testing.T, open Opener) {
	b := open(t, patient())
	nothing := func(context.Context, bus.Job) error { return nil }
	if err := b.Work(deadline(t), "medium", 1, nothing); err == nil {
		t.Error("Work knows a lane that is not there")
	}
	if err := b.Work(deadline(t), bus.Fast, 0, nothing); err == nil {
		t.Error("Work takes no slots")
	}
}
