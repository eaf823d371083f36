package upload

import (
	"crypto/rand"
	"io"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// fragments sends whole uploads that are to be joined.
func (r *rig) fragments(pieces ...string) []media.ID {
	r.t.Helper()
	var ids []media.ID
	for _, piece := range pieces {
		s, err := r.sessions.InitializeSerial(r.t.Context(), Request{Owner: owner, TotalBytes: int64(len(piece))}, media.Fragment, catalog.Tus{})
		if err != nil {
			r.t.Fatal(err)
		}
		if err := r.stream(Serial{Session: s}, piece); err != nil {
			r.t.Fatal(err)
		}
		ids = append(ids, s.ID)
	}
	return ids
}

func TestJoinFragments(t *testing.T) {
	r := newRig(t, Config{MaxSegment: 30})
	file := gifFile(100)
	ids := r.fragments(file[:40], file[40:])
	u, err := r.sessions.Join(t.Context(), Request{Owner: owner}, catalog.Tus{Concat: "both"}, ids)
	if err != nil || !u.Complete() || u.Parts != 4 {
		t.Fatalf("joined: %+v, %v", u, err)
	}
	m, err := r.sessions.Finalize(t.Context(), owner, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	body := r.sessions.blobs.Open(t.Context(), m.Manifest, 0, 100)
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || string(got) != file {
		t.Errorf("it has %d bytes, %v", len(got), err)
	}
	if len(r.keys()) != 4 {
		t.Errorf("there is %v", r.keys())
	}
	if again, err := r.sessions.Join(t.Context(), Request{Owner: owner}, catalog.Tus{Concat: "both"}, ids); err != nil || again.ID != u.ID {
		t.Errorf("again: %v, %v", again.ID, err)
	}
	if _, err := r.sessions.Join(t.Context(), Request{Owner: owner}, catalog.Tus{Concat: "other"}, ids); media.CodeOf(err) != media.CodeConflict {
		t.Errorf("in another way: %v", err)
	}
}

// begunJoin opens the upload of fragments, as a Join does that goes no further.
func (r *rig) begunJoin(said catalog.Tus, ids []media.ID) media.ID {
	r.t.Helper()
	s, err := r.sessions.initializeSerial(r.t.Context(), Request{Owner: owner, TotalBytes: 100}, media.Serial, said, ids)
	if err != nil {
		r.t.Fatal(err)
	}
	return s.ID
}

// hook is a source of randomness that does something before it is read.
type hook func()

func (f hook) Read(b []byte) (int, error) { f(); return rand.Read(b) }

// TestJoinOvertaken has another that joins the same be done, and the fragments
// gone, between any two copies.
func TestJoinOvertaken(t *testing.T) {
	for copies := range 4 {
		r := newRig(t, Config{MaxSegment: 30})
		file := gifFile(100)
		ids, said, join := r.fragments(file[:40], file[40:]), catalog.Tus{Concat: "both"}, Request{Owner: owner}
		id := r.begunJoin(said, ids)
		r.random.Reader = hook(func() { // once before each copy
			if copies--; copies >= 0 {
				return
			}
			r.random.Reader = rand.Reader
			if u, err := r.sessions.Join(t.Context(), join, said, ids); err != nil || u.ID != id || !u.Complete() {
				t.Errorf("the faster: %+v, %v", u, err)
			}
		})
		u, err := r.sessions.Join(t.Context(), join, said, ids)
		if err != nil || u.ID != id || !u.Complete() || u.Parts != 4 {
			t.Errorf("the slower: %+v, %v", u, err)
		}
		if keys := r.keys(); len(keys) != 4 {
			t.Errorf("there is %v", keys)
		}
	}
}

func TestJoinTooLate(t *testing.T) {
	r := newRig(t, Config{MaxSegment: 30, Lifetime: time.Hour, Grace: time.Minute})
	file := gifFile(100)
	ids, said := r.fragments(file[:40], file[40:]), catalog.Tus{Concat: "both"}
	r.begunJoin(said, ids)
	r.pass(2 * time.Minute)
	r.sweep()
	if _, err := r.sessions.Join(t.Context(), Request{Owner: owner}, said, ids); media.CodeOf(err) != media.CodeGone {
		t.Errorf("the fragments were swept: %v", err)
	}
}
