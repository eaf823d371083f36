package bus

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"magpie/internal/media"
	"magpie/internal/trace"
)

// TestTraceTravels: a job's handler has the trace of whoever sent it, also after a
// move to another lane, and none where there was none.
func TestTraceTravels(t *testing.T) {
	t.Parallel()
	b := open(t, Config{Dir: t.TempDir() + "/bus"})
	said, ok := trace.Read([]string{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, []string{"a=b"})
	if !ok {
		t.Fatal("not read")
	}
	if err := b.Send(trace.With(t.Context(), &said), media.ID(7), Fast); err != nil {
		t.Fatal(err)
	}
	if err := b.Send(t.Context(), media.ID(8), Slow); err != nil {
		t.Fatal(err)
	}
	got := make(chan trace.Context, 4)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		_ = b.Work(ctx, Fast, 1, func(ctx context.Context, _ Job) error {
			got <- trace.From(ctx)
			return Move(Slow)
		})
	}()
	go func() {
		_ = b.Work(ctx, Slow, 1, func(ctx context.Context, _ Job) error {
			got <- trace.From(ctx)
			return nil
		})
	}()
	seen := map[trace.Context]int{}
	for range 3 {
		select {
		case c := <-got:
			seen[c]++
		case <-time.After(2 * time.Minute):
			t.Fatalf("only %v came", seen)
		}
	}
	if seen[said] != 2 || seen[trace.Context{}] != 1 {
		t.Errorf("%v", seen)
	}
}

// TestTraceOfStrangers: whatever a message says in its headers, the job is done.
func TestTraceOfStrangers(t *testing.T) {
	t.Parallel()
	for _, h := range []nats.Header{nil, {}, {trace.ParentHeader: {"00-no"}}, {trace.ParentHeader: {"", ""}}} {
		if c := trace.From(traced(t.Context(), &nats.Msg{Header: h})); !c.IsZero() {
			t.Errorf("%v: %q", h, c.Parent())
		}
	}
}
