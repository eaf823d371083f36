package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"magpie/internal/media"
)

var errBroken = errors.New("broken")

func TestFailNth(t *testing.T) {
	m := NewMemory(nil)
	m.SetFaults(Faults{Before: FailNth(OpWrite, 2, errBroken)})
	u := create(t, m, []byte("first"))
	if _, err := u.Write([]byte("second")); !errors.Is(err, errBroken) {
		t.Errorf("second write: %v", err)
	}
	if err := u.Commit(context.Background(), "a"); !errors.Is(err, errBroken) {
		t.Errorf("commit after a failed write: %v", err)
	}
	wantKeys(t, m, "")
	put(t, m, "b", []byte("fine"))
}

func TestFailEveryOp(t *testing.T) {
	ctx := context.Background()
	m := NewMemory(nil)
	put(t, m, "a", []byte("a"))
	u := create(t, m, []byte("b"))
	r, err := m.Open(ctx, "a", 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	for op, call := range map[Op]func() error{
		OpCreate: func() error { _, err := m.Create(ctx, 0, 0); return err },
		OpCommit: func() error { return u.Commit(ctx, "b") },
		OpOpen:   func() error { _, err := m.Open(ctx, "a", 0, 1); return err },
		OpRead:   func() error { _, err := r.Read(make([]byte, 1)); return err },
		OpStat:   func() error { _, err := m.Stat(ctx, "a"); return err },
		OpDelete: func() error { return m.Delete(ctx, "a") },
		OpReady:  func() error { return m.Ready(ctx) },
		OpList: func() (last error) {
			for _, last = range m.List(ctx, "") {
			}
			return last
		},
	} {
		m.SetFaults(Faults{Before: FailAll(op, errBroken)})
		if err := call(); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", op, err)
		}
	}
	m.SetFaults(Faults{})
	wantKeys(t, m, "", "a")
}

func TestFull(t *testing.T) {
	m := NewMemory(nil)
	m.SetFaults(Faults{Before: FailNth(OpCreate, 1, Full())})
	if _, err := m.Create(context.Background(), 10, 0); media.CodeOf(err) != media.CodeFull {
		t.Errorf("got %v, want CodeFull", err)
	}
}

func TestCommitLosesItsAnswer(t *testing.T) {
	m := NewMemory(nil)
	m.SetFaults(Faults{After: FailAll(OpCommit, errBroken)})
	if err := tryPut(context.Background(), m, "a", []byte("a")); !errors.Is(err, errBroken) {
		t.Fatalf("put: %v", err)
	}
	wantBytes(t, m, "a", []byte("a"))
	m.Crash()
	wantMissing(t, m, "a")

	if err := tryPut(context.Background(), m, "b", []byte("b")); !errors.Is(err, errBroken) {
		t.Fatalf("put: %v", err)
	}
	m.Sync()
	m.Crash()
	wantBytes(t, m, "b", []byte("b"))
}

func TestCrashInsideCommit(t *testing.T) {
	m := NewMemory(nil)
	crash := func(c Call) error {
		if c.Op == OpCommit {
			m.Crash()
		}
		return nil
	}
	for _, f := range []Faults{{Before: crash}, {After: crash}} {
		m.SetFaults(f)
		if err := tryPut(context.Background(), m, "a", []byte("a")); !errors.Is(err, ErrCrashed) {
			t.Errorf("commit over a crash: %v", err)
		}
		wantKeys(t, m, "")
	}
}

func TestHookHoldsAnOperation(t *testing.T) {
	m := NewMemory(nil)
	reached, proceed := make(chan struct{}), make(chan struct{})
	m.SetFaults(Faults{After: func(Call) error {
		close(reached)
		<-proceed
		return nil
	}})
	done := make(chan error)
	go func() { done <- tryPut(context.Background(), m, "a", []byte("a")) }()
	<-reached
	wantBytes(t, m, "a", []byte("a")) // seen before it is on disk
	close(proceed)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	m.Crash()
	wantBytes(t, m, "a", []byte("a"))
}

func TestReadFaults(t *testing.T) {
	data := noise(1, 1000)
	m := NewMemory(nil)
	put(t, m, "a", data)
	put(t, m, "b", data)

	m.SetFaults(Faults{Read: FlipBit("a", 8*500+3)})
	flipped := bytes.Clone(data)
	flipped[500] ^= 1 << 3
	if got := get(t, m, "a", 0, 1000); !bytes.Equal(got, flipped) {
		t.Error("the bit was not flipped")
	}
	if got := get(t, m, "a", 490, 20); !bytes.Equal(got, flipped[490:510]) {
		t.Error("the bit was not flipped in a range")
	}
	wantBytes(t, m, "b", data)

	m.SetFaults(Faults{Read: EndAt("a", 600)})
	if got := get(t, m, "a", 100, 900); !bytes.Equal(got, data[100:600]) {
		t.Errorf("got %d bytes, want 500", len(got))
	}

	m.SetFaults(Faults{Read: Pieces(3)})
	r, err := m.Open(context.Background(), "a", 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.Read(make([]byte, 100)); n != 3 || err != nil {
		t.Errorf("got %d bytes, %v, want 3", n, err)
	}
	if rest, err := io.ReadAll(r); err != nil || !bytes.Equal(rest, data[3:]) {
		t.Errorf("the rest: %d bytes, %v", len(rest), err)
	}
	m.SetFaults(Faults{})
	wantBytes(t, m, "a", data)
}
