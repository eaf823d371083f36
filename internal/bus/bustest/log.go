package bustest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"magpie/internal/bus"
)

func publish(t *testing.T, b *bus.Bus, text string) {
	t.Helper()
	if err := b.Publish(deadline(t), []byte(text)); err != nil {
		t.Fatalf("Publish(%q): %v", text, err)
	}
}

// follower remembers what it was handed.
type follower struct {
	t      *testing.T
	cancel context.CancelFunc
	done   chan error
	got    chan bus.Record
}

// follow begins a Follow after a sequence. fail, where it is not nil, is asked
// about each batch.
func follow(t *testing.T, b *bus.Bus, after uint64, atMost int, fail func([]bus.Record) error) *follower {
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{t: t, cancel: cancel, done: make(chan error, 1), got: make(chan bus.Record, 10000)}
	at := after
	go func() {
		f.done <- b.Follow(ctx, bus.Follower{
			AtMost: atMost,
			From:   func(context.Context, bus.Log) (uint64, error) { return at, nil },
			Handle: func(_ context.Context, _ string, records []bus.Record) error {
				if len(records) < 1 || atMost > 0 && len(records) > atMost {
					t.Errorf("a batch of %d", len(records))
				}
				if fail != nil {
					if err := fail(records); err != nil {
						return err
					}
				}
				for _, r := range records {
					at = r.Sequence
					f.got <- r
				}
				return nil
			},
		})
	}()
	t.Cleanup(cancel)
	return f
}

func (f *follower) wants(texts ...string) {
	f.t.Helper()
	for _, want := range texts {
		if r := receive(f.t, f.got, "record"); string(r.Data) != want {
			f.t.Fatalf("got %q as number %d, want %q", r.Data, r.Sequence, want)
		}
	}
}

func (f *follower) stop() {
	f.t.Helper()
	f.cancel()
	if err := receive(f.t, f.done, "end of Follow"); err != nil {
		f.t.Fatalf("Follow ended with %v, want nil", err)
	}
}

func logOf(t *testing.T, b *bus.Bus) bus.Log {
	t.Helper()
	l, err := b.Log(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// logInOrder: records come in order, to each who follows, from where they ask.
func logInOrder(t *testing.T, open Opener) {
	b := open(t, patient())
	if l := logOf(t, b); l.ID == "" || l.Last != 0 {
		t.Errorf("an empty log is %+v", l)
	}
	all := follow(t, b, 0, 2, nil)
	var texts []string
	for i := range 7 {
		texts = append(texts, fmt.Sprint("record ", i+1))
		publish(t, b, texts[i])
	}
	all.wants(texts...)
	rest := follow(t, b, 4, 0, nil)
	rest.wants(texts[4:]...)
	publish(t, b, "the last")
	all.wants("the last")
	rest.wants("the last")
	all.stop()
	rest.stop()
	if l := logOf(t, b); l.Last != 8 {
		t.Errorf("Last = %d, want 8", l.Last)
	}
}

// logAgain: what a follower did not take comes again, from where it says.
func logAgain(t *testing.T, open Opener) {
	b := open(t, patient())
	publish(t, b, "a")
	publish(t, b, "b")
	tries := 0
	f := follow(t, b, 0, 1, func(r []bus.Record) error {
		if string(r[0].Data) != "b" {
			return nil
		}
		switch tries++; tries {
		case 1:
			return errors.New("not now")
		case 2:
			panic("nor now")
		}
		return nil
	})
	f.wants("a", "b")
	publish(t, b, "c")
	f.wants("c")
	f.stop()
	if tries != 3 {
		t.Errorf("b was handed out %d times", tries)
	}
}

// logForgets: what is forgotten is gone, and the count goes on.
func logForgets(t *testing.T, open Opener) {
	b := open(t, patient())
	for _, text := range []string{"a", "b", "c"} {
		publish(t, b, text)
	}
	id := logOf(t, b).ID
	forget := func(id string, before uint64) {
		t.Helper()
		if err := b.Forget(deadline(t), id, before); err != nil {
			t.Fatal(err)
		}
	}
	forget("another", 3)
	forget(id, 0)
	forget(id, 2)
	f := follow(t, b, 0, 0, nil)
	f.wants("b", "c")
	forget(id, 100)
	publish(t, b, "d")
	f.wants("d")
	f.stop()
	if l := logOf(t, b); l.ID != id || l.Last != 4 {
		t.Errorf("%+v, want %s and 4", l, id)
	}
}

// logAtOnce: records of many publishers at once are all there, each once.
func logAtOnce(t *testing.T, open Opener) {
	const publishers, each = 8, 40
	b := open(t, patient())
	f := follow(t, b, 0, 0, nil)
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for n := range each {
				if err := b.Publish(deadline(t), fmt.Appendf(nil, "%d-%d", p, n)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	var got []string
	for i := range publishers * each {
		r := receive(t, f.got, "record")
		if r.Sequence != uint64(i)+1 {
			t.Fatalf("number %d came as number %d", r.Sequence, i+1)
		}
		got = append(got, string(r.Data))
	}
	slices.Sort(got)
	if n := len(slices.Compact(got)); n != publishers*each {
		t.Errorf("%d different records, want %d", n, publishers*each)
	}
	f.stop()
}

func logRefuses(t *testing.T, open Opener) {
	b := open(t, patient())
	for _, size := range []int{0, bus.MaxRecord + 1} {
		if err := b.Publish(deadline(t), make([]byte, size)); err == nil {
			t.Errorf("a record of %d bytes was taken", size)
		}
	}
	if err := b.Publish(deadline(t), make([]byte, bus.MaxRecord)); err != nil {
		t.Errorf("the largest record: %v", err)
	}
	f := follow(t, b, 0, 0, nil)
	receive(t, f.got, "the largest record")
	b.Close()
	if err := receive(t, f.done, "end of Follow"); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Follow ended with %v, want ErrClosed", err)
	}
	if err := b.Publish(deadline(t), []byte("x")); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Publish: %v, want ErrClosed", err)
	}
	if _, err := b.Log(deadline(t)); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Log: %v, want ErrClosed", err)
	}
	if err := b.Follow(deadline(t), bus.Follower{}); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Follow: %v, want ErrClosed", err)
	}
}
