package upload

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// rig is Sessions over a new catalogue and a store in memory, with a clock and
// a source of randomness that a test holds.
type rig struct {
	t        *testing.T
	path     string // of the catalogue
	rows     *catalog.Catalog
	store    *blobtest.Memory
	sessions *Sessions
	random   *tap

	mu sync.Mutex
	at time.Time
}

// tap is a source of randomness that a test may put another in front of.
type tap struct{ io.Reader }

var errAway = errors.New("the bucket is away")

func newRig(t *testing.T, cfg Config) *rig {
	t.Helper()
	path := filepath.Join(t.TempDir(), "magpie.db")
	rows, err := catalog.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rows.Close() })
	r := &rig{t: t, path: path, rows: rows, random: &tap{rand.Reader}, at: time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)}
	r.store = blobtest.NewMemory(r.now)
	r.sessions = New(cfg, rows, blob.New(r.store), r.now, r.random, slog.New(slog.DiscardHandler))
	return r
}

func (r *rig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = r.at.Add(d)
}

// initialize opens a session of the usual owner's.
func (r *rig) initialize(total int64) media.Session {
	r.t.Helper()
	s, err := r.sessions.Initialize(r.t.Context(), Request{Owner: owner, TotalBytes: total})
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// append sends one segment as a client would.
func (r *rig) append(id media.ID, index int, content string) error {
	r.t.Helper()
	g, err := r.sessions.Append(context.Background(), owner, id, int64(len(content)))
	if err != nil {
		return err
	}
	defer g.Abort()
	if _, err := io.WriteString(g, content); err != nil {
		return err
	}
	_, err = g.Commit(context.Background(), index)
	return err
}

// sent is append that must succeed. Each segment is a little newer than the one
// before.
func (r *rig) sent(id media.ID, index int, content string) {
	r.t.Helper()
	r.pass(time.Millisecond)
	if err := r.append(id, index, content); err != nil {
		r.t.Fatalf("segment %d: %v", index, err)
	}
}

// uploaded makes a media of one segment.
func (r *rig) uploaded(content string) media.Media {
	r.t.Helper()
	s := r.initialize(media.Undeclared)
	r.sent(s.ID, 0, content)
	m, err := r.sessions.Finalize(r.t.Context(), owner, s.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// put stores a blob under a key that a test picked.
func (r *rig) put(key string) {
	r.t.Helper()
	u, err := r.store.Create(r.t.Context(), 0, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := io.WriteString(u, "x"); err != nil {
		r.t.Fatal(err)
	}
	if err := u.Commit(r.t.Context(), key); err != nil {
		r.t.Fatal(err)
	}
}

// keys lists everything in the store, sorted.
func (r *rig) keys() []string {
	r.t.Helper()
	var out []string
	for info, err := range r.store.List(context.Background(), "") {
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, info.Key)
	}
	slices.Sort(out)
	return out
}

// state reads the session's row.
func (r *rig) state(id media.ID) media.SessionState {
	r.t.Helper()
	s, err := r.rows.Session(context.Background(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return s.State
}

// sweep sweeps once.
func (r *rig) sweep() Swept {
	r.t.Helper()
	done, err := r.sessions.Sweep(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return done
}

// told is what a client reads of an error, or fails the test where it would
// read none.
func told(t *testing.T, err error) (media.Code, string) {
	t.Helper()
	var e *media.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v (%T) says nothing to a client", err, err)
	}
	return e.Code, e.Message()
}
