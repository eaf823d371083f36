package upload

import (
	"crypto/rand"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// A finalize that its process did not live to end does not hold the next one
// up, where the process that comes after knows that it is alone.
func TestFinalizeAfterCrash(t *testing.T) {
	ctx, now := t.Context(), time.Now()
	clock := func() time.Time { return now }
	rows, err := catalog.OpenSQLite(ctx, filepath.Join(t.TempDir(), "magpie.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	store := blob.New(blobtest.NewMemory(clock))
	boot := func() *Sessions {
		return New(Config{AloneSince: now}, rows, store, clock, rand.Reader, slog.New(slog.DiscardHandler))
	}
	s := boot()
	session, err := s.Initialize(ctx, Request{Owner: owner, TotalBytes: media.Undeclared})
	if err != nil {
		t.Fatal(err)
	}
	g, err := s.Append(ctx, owner, session.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(g, "WEBVTT\n\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Commit(ctx, 0); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	if _, took, err := rows.BeginClosing(ctx, session.ID, "of the dead", now, s.staleBefore(now)); !took || err != nil {
		t.Fatal(took, err)
	}
	now = now.Add(time.Second)
	if _, took, _ := rows.BeginClosing(ctx, session.ID, "too early", now, s.staleBefore(now)); took {
		t.Error("a finalize of this process was taken for dead")
	}

	s = boot()
	now = now.Add(time.Second)
	if _, err := s.Finalize(ctx, owner, session.ID); err != nil {
		t.Error(err)
	}
}

func TestStaleBefore(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, row := range []struct{ alone, now, want time.Time }{
		{time.Time{}, start, start.Add(-time.Minute)},
		{start, start.Add(time.Second), start},
		{start, start.Add(time.Hour), start.Add(59 * time.Minute)},
		{start, start.Add(-time.Second), start.Add(-61 * time.Second)}, // the clock was set back
	} {
		s := &Sessions{cfg: Config{ClosingLimit: time.Minute, AloneSince: row.alone}}
		if got := s.staleBefore(row.now); !got.Equal(row.want) {
			t.Errorf("alone since %v, at %v: %v, want %v", row.alone, row.now, got, row.want)
		}
	}
}
