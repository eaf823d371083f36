package bustest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"magpie/internal/bus"
)

// dutyOneAtATime: of many that would do a duty one does, the next when that one
// ends, and other duties are done beside it. No job is made of that.
func dutyOneAtATime(t *testing.T, open Opener) {
	b := open(t, patient())
	var busy atomic.Int64
	began := make(chan context.CancelFunc, 10)
	ended := make(chan error, 10)
	const callers = 3
	for range callers {
		ctx, cancel := context.WithCancel(context.Background())
		t.Cleanup(cancel)
		go func() {
			ended <- b.Lead(ctx, bus.Housekeeping, func(ctx context.Context) {
				if n := busy.Add(1); n != 1 {
					t.Errorf("%d do the duty at once", n)
				}
				began <- cancel
				<-ctx.Done()
				busy.Add(-1)
			})
		}()
	}
	for i := range callers {
		cancel := receive(t, began, "beginning of the duty")
		if i == 0 {
			other, cancel := context.WithCancel(context.Background())
			t.Cleanup(cancel)
			if err := b.Lead(other, bus.Counting, func(context.Context) { cancel() }); err != nil {
				t.Errorf("another duty beside it: %v", err)
			}
		}
		cancel()
		if err := receive(t, ended, "end of Lead"); err != nil {
			t.Errorf("Lead: %v", err)
		}
	}
	wantLen(t, b, 0)
}

// dutyPassesOn: a duty that returns or panics is somebody's again, and closing
// the bus ends it.
func dutyPassesOn(t *testing.T, open Opener) {
	b := open(t, patient())
	turns := make(chan int, 10)
	turn := 0
	ended := make(chan error, 1)
	go func() {
		ended <- b.Lead(context.Background(), bus.Counting, func(ctx context.Context) {
			turn++
			turns <- turn
			switch turn {
			case 1:
				return
			case 2:
				panic("over the books")
			}
			<-ctx.Done()
		})
	}()
	for want := 1; want <= 3; want++ {
		if got := receive(t, turns, "turn at the duty"); got != want {
			t.Errorf("turn %d, want %d", got, want)
		}
	}
	b.Close()
	if err := receive(t, ended, "end of Lead"); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Lead ended with %v, want ErrClosed", err)
	}
	if err := b.Lead(deadline(t), bus.Counting, nil); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Lead: %v, want ErrClosed", err)
	}
}
