package upload

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"magpie/internal/media"
)

// More than a sweep looks at in one go, by two sweepers at once, while others
// upload.
func TestSweepMany(t *testing.T) {
	const many = 2*sweepBatch + 3
	r := newRig(t, Config{Lifetime: time.Hour, Grace: time.Minute})
	for id := media.ID(1); id <= many; id++ {
		err := r.rows.CreateSession(t.Context(), media.Session{ID: id, Owner: owner, State: media.SessionOpen, CreatedAt: r.now(), ExpiresAt: r.now()})
		if err != nil {
			t.Fatal(err)
		}
		r.put(segmentKey(id, 0, 1, 0, 0))
		r.put(segmentKey(id, 1, 1, 0, 0))
	}
	if got := r.sweep(); got.SessionsExpired != many {
		t.Errorf("%+v", got)
	}
	r.pass(time.Hour)
	s := r.initialize(media.Undeclared)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if _, err := r.sessions.Sweep(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		for i := range 20 {
			g, err := r.sessions.Append(context.Background(), owner, s.ID, 0)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err = io.WriteString(g, "x"); err == nil {
				_, err = g.Commit(context.Background(), i)
			}
			if err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	if n := len(r.keys()); n != 20 {
		t.Errorf("%d blobs are left", n)
	}
}

// A sweep over a large store leaves most of the machine to others, but where it
// makes room.
func TestSweepRests(t *testing.T) {
	const many = 2*sweepBatch + 3
	r := newRig(t, Config{Lifetime: time.Hour, Grace: time.Minute})
	for id := media.ID(1); id <= many; id++ {
		err := r.rows.CreateSession(t.Context(), media.Session{ID: id, Owner: owner, State: media.SessionOpen, CreatedAt: r.now(), ExpiresAt: r.now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		r.put(segmentKey(id, 0, 1, 0, 0))
	}
	start := r.now()
	looks := 0
	r.sessions.now = func() time.Time { looks++; return start.Add(time.Duration(looks) * time.Second) }
	var rests []time.Duration
	r.sessions.pause = func(_ context.Context, d time.Duration) error { rests = append(rests, d); return nil }
	if got, err := r.sessions.Sweep(t.Context()); err != nil || got != (Swept{}) {
		t.Errorf("%+v, %v", got, err)
	}
	if len(rests) != 2 || rests[0] < sweepRest*time.Second || rests[0] > 10*time.Second {
		t.Errorf("it rested for %v", rests)
	}
	broken := errors.New("the server ends")
	r.sessions.pause = func(context.Context, time.Duration) error { return broken }
	if _, err := r.sessions.Sweep(t.Context()); !errors.Is(err, broken) {
		t.Errorf("interrupted: %v", err)
	}

	r.sessions.now = r.now
	r.pass(time.Hour)
	if got, err := r.sessions.Expire(t.Context()); err != nil || got != (Swept{SessionsExpired: many}) || len(r.keys()) != many {
		t.Errorf("Expire: %+v, %v", got, err)
	}
	r.pass(time.Hour)
	looks, start = 0, r.now()
	r.sessions.now = func() time.Time { looks++; return start.Add(time.Duration(looks) * time.Second) }
	if got, err := r.sessions.Sweep(t.Context()); err != nil || got.BlobsDeleted != many { // and does not rest, which fails
		t.Errorf("%+v, %v", got, err)
	}
}
