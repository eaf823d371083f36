package upload

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"magpie/internal/media"
)

func counted(n int64) func() (int64, error) { return func() (int64, error) { return n, nil } }

func acquired(t *testing.T, h *held, id media.ID, n int64) *tally {
	t.Helper()
	tally, err := h.acquire(id, counted(n))
	if err != nil {
		t.Fatal(err)
	}
	return tally
}

func TestHeldTake(t *testing.T) {
	h := newHeld()
	a := acquired(t, h, 1, 90)
	for _, c := range []struct {
		n    int64
		want bool
	}{{11, false}, {10, true}, {1, false}, {0, true}} {
		if got := a.take(c.n, 100); got != c.want {
			t.Errorf("take %d: %t", c.n, got)
		}
	}
	a.give(4)
	if !a.take(4, 100) || a.take(1, 100) {
		t.Error("what was given back can't be taken exactly once")
	}
	if other := acquired(t, h, 2, 0); !other.take(100, 100) {
		t.Error("one session's bytes count for another")
	}
	// Who comes later shares the count, and nobody counts again.
	if later := acquired(t, h, 1, 0); later != a || later.take(1, 100) {
		t.Error("a second append has a count of its own")
	}
}

// Of many that take at once as many succeed as there is room for.
func TestHeldTakeConcurrently(t *testing.T) {
	h := newHeld()
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			tally, err := h.acquire(7, counted(10))
			if err != nil {
				t.Error(err)
				return
			}
			defer h.release(tally)
			for range 10 {
				if tally.take(3, 100) {
					taken.Add(3)
				}
				if tally.take(5, 100) {
					tally.give(5) // sent in vain
				}
			}
		})
	}
	wg.Wait()
	left := acquired(t, h, 7, 0)
	if n := taken.Load(); left.bytes != 10+n || n > 90 || n < 90-5-3 {
		t.Errorf("%d were taken, %d are counted", n, left.bytes)
	}
	if left.users != 1 {
		t.Errorf("%d use it, want 1", left.users)
	}
}

// Of two that count at once the first to be done is believed: what it took
// meanwhile must not be lost.
func TestHeldCountAlong(t *testing.T) {
	h := newHeld()
	slow, err := h.acquire(7, func() (int64, error) {
		acquired(t, h, 7, 0).take(30, 100)
		return 0, nil
	})
	if err != nil || slow.bytes != 30 || slow.users != 2 {
		t.Errorf("%+v, %v", slow, err)
	}
}

func TestHeldCountFails(t *testing.T) {
	h := newHeld()
	if _, err := h.acquire(7, func() (int64, error) { return 0, errAway }); !errors.Is(err, errAway) {
		t.Errorf("acquire = %v", err)
	}
	if a := acquired(t, h, 7, 5); a.bytes != 5 || a.users != 1 {
		t.Errorf("after a count that failed: %+v", a)
	}
}

// A session that ended is forgotten with the last append that was on its way.
func TestHeldForget(t *testing.T) {
	h := newHeld()
	a := acquired(t, h, 7, 10)
	a.take(5, 100)
	h.forget(7)
	h.forget(8) // unknown
	if b := acquired(t, h, 7, 10); b.bytes != 15 {
		t.Errorf("with an append on its way %d bytes are counted", b.bytes)
	}
	h.release(a)
	if len(h.sessions) != 1 {
		t.Error("forgotten while an append is on its way")
	}
	h.release(a)
	if len(h.sessions) != 0 {
		t.Error("not forgotten with the last")
	}
	idle := acquired(t, h, 9, 0)
	h.release(idle)
	h.forget(9)
	if len(h.sessions) != 0 {
		t.Error("not forgotten at once where nothing is on its way")
	}
}

// Idle sessions beyond a bound are forgotten, those in use never.
func TestHeldMakeRoom(t *testing.T) {
	h := newHeld()
	const busy = 50
	for id := media.ID(1); id <= busy; id++ {
		acquired(t, h, id, 1)
	}
	for id := media.ID(busy + 1); id <= maxTallies+500; id++ {
		h.release(acquired(t, h, id, 1))
		if len(h.sessions) > maxTallies {
			t.Fatalf("%d are remembered", len(h.sessions))
		}
	}
	if len(h.sessions) != maxTallies {
		t.Errorf("%d are remembered", len(h.sessions))
	}
	for id := media.ID(1); id <= busy; id++ {
		if h.sessions[id] == nil {
			t.Fatalf("%s was forgotten while an append was on its way", id)
		}
	}
}

// TestRoomUnderWay: what is on its way may fail, so that a segment which only has
// no room beside it may come again; one that has none beside what is kept may not.
func TestRoomUnderWay(t *testing.T) {
	r := newRig(t, Config{})
	s := r.initialize(11)
	r.sent(s.ID, 0, subtitles+"1")
	moving, err := r.sessions.Append(t.Context(), owner, s.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer moving.Abort()
	if _, err := io.WriteString(moving, subtitles+"2"); err != nil {
		t.Fatal(err)
	}
	if err := r.append(s.ID, 1, "12345"); media.CodeOf(err) != media.CodeBusy {
		t.Errorf("five bytes beside nine that are kept and nine on their way: %v", err)
	}
	moving.Abort()
	r.sent(s.ID, 1, "12345")
	r.sent(s.ID, 2, "12345678")
	if err := r.append(s.ID, 1, "1"); media.CodeOf(err) != media.CodeTooLarge {
		t.Errorf("one byte beside 22 that are kept: %v", err)
	}
}

// A whole file in one request takes no place from sessions that get segments.
func TestHeldKnowsOfNoOneShot(t *testing.T) {
	r := newRig(t, Config{})
	other := r.initialize(100)
	if _, err := r.finish(nil); err != nil {
		t.Fatal(err)
	}
	all := r.sessions.held.sessions
	if len(all) != 1 || all[other.ID] == nil {
		t.Errorf("%d sessions are remembered, and of the one that is open %v", len(all), all[other.ID])
	}
}
