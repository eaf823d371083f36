package bus

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// followOnce gives the first n records after a sequence.
func followOnce(t *testing.T, b *Bus, after uint64, n int) []Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	var got []Record
	err := b.Follow(ctx, Follower{
		From: func(context.Context, Log) (uint64, error) { return after, nil },
		Handle: func(_ context.Context, _ string, records []Record) error {
			if got = append(got, records...); len(got) >= n {
				cancel()
			}
			return nil
		},
	})
	if err != nil || len(got) != n {
		t.Fatalf("%d records, %v, want %d", len(got), err, n)
	}
	return got
}

// TestLogReopened: the log is the same after a restart, also where all but the
// newest was forgotten, and its count goes on.
func TestLogReopened(t *testing.T) {
	t.Parallel()
	cfg := Config{Dir: filepath.Join(t.TempDir(), "bus")}
	b := open(t, cfg)
	for _, text := range []string{"a", "b", "c"} {
		if err := b.Publish(t.Context(), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	was, err := b.Log(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Forget(t.Context(), was.ID, 3); err != nil {
		t.Fatal(err)
	}
	b.Close()

	b = open(t, cfg)
	if now, err := b.Log(t.Context()); err != nil || now != was {
		t.Errorf("%+v, %v, want %+v", now, err, was)
	}
	if err := b.Publish(t.Context(), []byte("d")); err != nil {
		t.Fatal(err)
	}
	got := followOnce(t, b, 0, 2)
	if string(got[0].Data) != "c" || got[0].Sequence != 3 || string(got[1].Data) != "d" || got[1].Sequence != 4 {
		t.Errorf("%+v", got)
	}
	b.Close()

	// Lost with its folder, it is another one.
	if err := os.RemoveAll(cfg.Dir); err != nil {
		t.Fatal(err)
	}
	b = open(t, cfg)
	if now, err := b.Log(t.Context()); err != nil || now.ID == was.ID || now.Last != 0 {
		t.Errorf("after its folder was lost: %+v, %v, was %+v", now, err, was)
	}
}

// TestLogFull: a full log refuses what is new, keeps what it has, and goes on
// once it has forgotten; jobs have room all the while.
func TestLogFull(t *testing.T) {
	t.Parallel()
	b := open(t, Config{Dir: filepath.Join(t.TempDir(), "bus"), MaxStore: 2 << 20})
	var err error
	n := uint64(0)
	for ; n < 100; n++ {
		if err = b.Publish(t.Context(), make([]byte, MaxRecord)); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrLogFull) || n < 5 {
		t.Fatalf("after %d records: %v, want ErrLogFull", n, err)
	}
	if err := b.Send(t.Context(), 7, Fast); err != nil {
		t.Errorf("Send beside a full log: %v", err)
	}
	if err := b.Ready(t.Context()); err != nil {
		t.Errorf("Ready: %v", err)
	}
	l, err := b.Log(t.Context())
	if err != nil || l.Last != n {
		t.Fatalf("%+v, %v, want %d records", l, err, n)
	}
	if err := b.Forget(t.Context(), l.ID, n); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), []byte("room")); err != nil {
		t.Fatal(err)
	}
	if got := followOnce(t, b, n, 1); string(got[0].Data) != "room" {
		t.Errorf("%+v", got)
	}
}

// TestFollowOverAStoreSwitchedOff: whoever follows goes on when the store is
// back, and misses nothing.
func TestFollowOverAStoreSwitchedOff(t *testing.T) {
	t.Parallel()
	b := open(t, Config{Dir: filepath.Join(t.TempDir(), "bus")})
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	got := make(chan string, 10)
	at := uint64(0)
	done := make(chan error, 1)
	go func() {
		done <- b.Follow(ctx, Follower{
			From: func(context.Context, Log) (uint64, error) { return at, nil },
			Handle: func(_ context.Context, _ string, records []Record) error {
				for _, r := range records {
					at = r.Sequence
					got <- string(r.Data)
				}
				return nil
			},
		})
	}()
	for _, text := range []string{"a", "b"} {
		if err := b.Publish(ctx, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if s := <-got; s != text {
			t.Errorf("got %q, want %q", s, text)
		}
		if err := b.current().engine.server.ShutdownJetStream(); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Publish(ctx, []byte("c")); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != "c" {
		t.Errorf("got %q, want c", s)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestFollowPastASilentConsumer: a consumer that says "nothing there" while there
// is, as one of a cluster may that has lost its way, is replaced. A paused one
// says the same.
func TestFollowPastASilentConsumer(t *testing.T) {
	t.Parallel()
	b := open(t, Config{Dir: filepath.Join(t.TempDir(), "bus")})
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	publish := func(text string) {
		if err := b.Publish(ctx, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	publish("a")
	at, got := uint64(0), make(chan string, 10)
	var following sync.WaitGroup
	following.Go(func() {
		if err := b.Follow(ctx, Follower{
			From: func(context.Context, Log) (uint64, error) { return at, nil },
			Handle: func(_ context.Context, _ string, records []Record) error {
				for _, r := range records {
					at = r.Sequence
					got <- string(r.Data)
				}
				return nil
			},
		}); err != nil {
			t.Error(err)
		}
	})
	defer following.Wait()
	defer cancel()
	if s := <-got; s != "a" {
		t.Fatalf("got %q, want a", s)
	}

	stream, err := b.current().js.Stream(ctx, logName)
	if err != nil {
		t.Fatal(err)
	}
	for name := range stream.ConsumerNames(ctx).Name() {
		if _, err := stream.PauseConsumer(ctx, name, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	publish("b")
	select {
	case s := <-got:
		if s != "b" {
			t.Errorf("got %q, want b", s)
		}
	case <-ctx.Done():
		t.Error("the record behind the silent consumer never came")
	}
}
