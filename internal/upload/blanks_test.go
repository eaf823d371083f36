package upload

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"magpie/internal/media"
)

// Of pictures that follow each other ever more take a row that is there, up to a
// bound, and their ids are in the order in which they came.
func TestBlanks(t *testing.T) {
	r := newRig(t, Config{})
	var ids []media.ID
	written := map[int]uint64{} // transactions up to the upload of that number
	first := r.rows.Writes()
	for n := range 200 {
		r.pass(2 * time.Millisecond)
		m, err := r.finish(r.working(nil))
		if err != nil || m.State != media.Succeeded {
			t.Fatalf("%+v, %v", m, err)
		}
		ids = append(ids, m.ID)
		written[n+1] = r.rows.Writes() - first
		s, err := r.rows.Session(t.Context(), m.ID)
		if err != nil || s.Owner != owner || s.State != media.SessionClosed || !s.CreatedAt.Equal(m.CreatedAt) || s.TotalBytes != int64(len(subtitles)) || s.Type != m.Type || s.Category != m.Category {
			t.Fatalf("the session is %+v, %v", s, err)
		}
	}
	if !slices.IsSorted(ids) {
		t.Errorf("the ids are %v", ids)
	}
	// 1, 2, 4, 8 and 16 at once, and then 32.
	if got := written[31]; got != 31+5 {
		t.Errorf("31 uploads took %d transactions", got)
	}
	if got := written[200] - written[31]; got != 169+6 {
		t.Errorf("the next 169 took %d", got)
	}
	if left := mostBlanks - 169%mostBlanks; len(r.sessions.blanks.left) != left {
		t.Errorf("%d are left, want %d", len(r.sessions.blanks.left), left)
	}
	r.pass(oneShotLifetime + blankFresh)
	swept, err := r.sessions.Expire(t.Context())
	if err != nil || swept.SessionsExpired != len(r.sessions.blanks.left) {
		t.Errorf("%+v, %v", swept, err)
	}
	if m, err := r.finish(r.working(nil)); err != nil || m.State != media.Succeeded {
		t.Errorf("after that %+v, %v", m, err)
	}
}

// Who comes seldom has a row of their own and leaves none.
func TestBlanksOfWhoComesSeldom(t *testing.T) {
	r := newRig(t, Config{})
	before := r.rows.Writes()
	for range 5 {
		r.pass(blankFresh)
		if _, err := r.finish(r.working(nil)); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.rows.Writes() - before; n != 10 || len(r.sessions.blanks.left) != 0 {
		t.Errorf("5 uploads took %d transactions and left %d blanks", n, len(r.sessions.blanks.left))
	}
	r.pass(-time.Hour) // the clock is set back
	if _, err := r.finish(r.working(nil)); err != nil || len(r.sessions.blanks.left) != 0 {
		t.Errorf("%v, %d left", err, len(r.sessions.blanks.left))
	}
}

// An upload that is counted before it is stored has a row of its owner's.
func TestBlanksAreNotForQuotas(t *testing.T) {
	for name, set := range map[string]func(r *rig){
		"the server's": func(r *rig) { r.sessions.cfg.Quota = 1 << 20 },
		"their own": func(r *rig) {
			if err := r.rows.SetQuota(t.Context(), owner, 1<<20); err != nil {
				t.Fatal(err)
			}
		},
	} {
		r := newRig(t, Config{})
		set(r)
		m, err := r.finish(r.making(func(ctx context.Context, m media.Media, publish func(context.Context, media.Outcome) error, o media.Outcome) error {
			if s, err := r.rows.Session(ctx, m.ID); err != nil || s.Owner != owner {
				t.Errorf("%s: the session is %+v, %v", name, s, err)
			}
			if used, err := r.rows.Storage(ctx, owner); err != nil || used.Uploads != int64(len(subtitles)) {
				t.Errorf("%s: the storage is %+v, %v", name, used, err)
			}
			return publish(ctx, o)
		}))
		if err != nil || m.State != media.Succeeded {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

// Two that want one at once make one batch, and none is given twice; whoever fails to
// make some lets others try.
func TestBlanksAtOnce(t *testing.T) {
	var b blanks
	now := time.Unix(1000, 0)
	if n := b.more(now); n != 0 {
		t.Errorf("the first makes %d more", n)
	}
	if n := b.more(now); n != 1 {
		t.Errorf("the second makes %d more", n)
	}
	if n := b.more(now); n != 0 {
		t.Errorf("another makes %d more meanwhile", n)
	}
	b.put(now, []media.ID{7}, "t")
	if id, token, ok := b.take(now); !ok || id != 7 || token != "t" {
		t.Errorf("%d, %s, %t", id, token, ok)
	}
	if _, _, ok := b.take(now); ok {
		t.Error("it is given twice")
	}
	if n := b.more(now); n != 3 {
		t.Errorf("the next makes %d more", n)
	}
	b.put(now, nil, "t") // which failed
	if n := b.more(now); n != 7 {
		t.Errorf("after that somebody makes %d more", n)
	}
	b.put(now, []media.ID{8, 9}, "u")
	b.put(now.Add(-blankFresh), []media.ID{1}, "old") // who was slow
	if id, token, ok := b.take(now); !ok || id != 8 || token != "u" {
		t.Errorf("%d, %s, %t", id, token, ok)
	}
	for _, age := range []time.Duration{blankFresh, -1} {
		if _, _, ok := b.take(now.Add(age)); ok {
			t.Errorf("one of the age %v is taken", age)
		}
	}
}

// A row that can't be written fails the upload that it was for, keeps nothing, and
// the next one is well.
func TestBlanksNotWritten(t *testing.T) {
	r := newRig(t, Config{})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("gone"))
	id, token, begun, err := r.sessions.blank(ctx)
	if err != nil || id == 0 || token == "" {
		t.Fatal(err)
	}
	for range 2 {
		if begun() == nil {
			t.Error("a row is written for nobody")
		}
	}
	if m, err := r.finish(r.working(nil)); err != nil || m.State != media.Succeeded {
		t.Errorf("%+v, %v", m, err)
	}
}
