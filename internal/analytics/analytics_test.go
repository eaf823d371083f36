package analytics

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"magpie/internal/bus"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/policy"
)

// noon is when the tests' clock begins.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func ring() policy.Keyring {
	return policy.NewKeyring(policy.Key{ID: "k1", Secret: bytes.Repeat([]byte{1}, 32)})
}

// rig is the rooms that playback events go through.
type rig struct {
	t       *testing.T
	dir     string
	servers string // of the bus; "" for one inside this process
	clock   time.Time
	bus     *bus.Bus
	catalog *catalog.Catalog
	intake  *Intake
	random  *rand.ChaCha8
	log     bytes.Buffer
}

func newRig(t *testing.T) *rig { t.Helper(); return newRigOn(t, "") }

// newRigOn is newRig whose bus is on servers.
func newRigOn(t *testing.T, servers string) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), servers: servers, clock: noon, random: rand.NewChaCha8([32]byte{3})}
	var err error
	if r.catalog, err = catalog.OpenSQLite(t.Context(), filepath.Join(r.dir, "magpie.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.catalog.Close() })
	r.openBus()
	return r
}

func (r *rig) openBus() {
	r.t.Helper()
	var err error
	cfg := bus.Config{URL: r.servers}
	if r.servers == "" {
		cfg.Dir = filepath.Join(r.dir, "queue")
	}
	if r.bus, err = bus.Open(r.t.Context(), cfg); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(r.bus.Close)
	r.intake = NewIntake(r.bus, ring, func() time.Time { return r.clock })
}

func (r *rig) counter(keep time.Duration) *Counter {
	return NewCounter(r.bus, r.catalog, keep, func() time.Time { return r.clock }, slog.New(slog.NewTextHandler(&r.log, nil)))
}

// media makes a row to count for.
func (r *rig) media(id media.ID) {
	r.t.Helper()
	ctx := r.t.Context()
	s := media.Session{ID: id, Owner: "1", State: media.SessionOpen, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)}
	if err := r.catalog.CreateSession(ctx, s); err != nil {
		r.t.Fatal(err)
	}
	if _, ok, err := r.catalog.BeginClosing(ctx, id, "t", noon, noon); err != nil || !ok {
		r.t.Fatal(ok, err)
	}
	m := media.Media{ID: id, Owner: "1", Category: media.TweetVideo, Slug: "slug" + id.String(), State: media.Pending, CreatedAt: noon, TouchedAt: noon}
	if ok, err := r.catalog.CloseSession(ctx, "t", m, noon); err != nil || !ok {
		r.t.Fatal(ok, err)
	}
}

func (r *rig) mint(id media.ID) string {
	r.t.Helper()
	token, err := Mint(ring(), id, r.clock, r.random)
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

func (r *rig) take(token string, events ...Event) {
	r.t.Helper()
	if err := r.intake.Take(r.t.Context(), token, events); err != nil {
		r.t.Fatal(err)
	}
}

// counting runs so many counters until done says so of a media's totals.
func (r *rig) counting(n int, id media.ID, done func(media.PlaybackCounts) bool) media.PlaybackCounts {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, n)
	for range n {
		c := r.counter(0)
		if err := c.Prepare(ctx); err != nil {
			r.t.Fatal(err)
		}
		go func() { ended <- c.Run(ctx) }()
	}
	var got media.PlaybackCounts
	for !done(got) && ctx.Err() == nil {
		all, err := r.catalog.PlaybackTotals(ctx, []media.ID{id})
		if err != nil && ctx.Err() == nil {
			r.t.Fatal(err)
		}
		got = all[id]
	}
	if ctx.Err() != nil {
		r.t.Errorf("after a minute: %v\n%s", got, r.log.String())
	}
	cancel()
	for range n {
		if err := <-ended; err != nil {
			r.t.Error(err)
		}
	}
	return got
}

// starts runs one counter until the given number of starts is counted.
func (r *rig) starts(id media.ID, wanted int64) media.PlaybackCounts {
	r.t.Helper()
	return r.counting(1, id, func(n media.PlaybackCounts) bool { return n[media.PlaybackStart] >= wanted })
}
