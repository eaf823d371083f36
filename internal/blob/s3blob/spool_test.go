package s3blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"magpie/internal/media"
)

func testSpool(t *testing.T, limit int64) *spool {
	t.Helper()
	s, err := openSpool(filepath.Join(t.TempDir(), "spool"), limit)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSpoolBounds: what can never fit is refused for good, what doesn't fit now
// waits until there is room.
func TestSpoolBounds(t *testing.T) {
	s := testSpool(t, 100)
	if err := s.take(t.Context(), 101, true); media.CodeOf(err) != media.CodeFull {
		t.Errorf("more than the limit: got %v, want media.CodeFull", err)
	}
	if err := s.take(t.Context(), 60, false); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.take(ctx, 41, true); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	taken := make(chan error)
	go func() { taken <- s.take(t.Context(), 41, true) }()
	s.give(60)
	if err := <-taken; err != nil {
		t.Fatal(err)
	}
	s.give(41)
	if s.used != 0 {
		t.Errorf("%d bytes are taken at the end", s.used)
	}
}

// TestSpoolRefuses: a request doesn't wait for ever, and what it gets is
// something to come back after.
func TestSpoolRefuses(t *testing.T) {
	t.Parallel()
	s := testSpool(t, 100)
	p, err := s.newPiece(t.Context(), 80, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	defer p.drop()
	var busy *media.Error
	if err := s.take(t.Context(), 30, false); !errors.As(err, &busy) || busy.Code != media.CodeBusy || busy.RetryAfter <= 0 {
		t.Errorf("got %v, want media.CodeBusy with a time", err)
	}
}

// TestPiece: bytes come back from behind a hole and, once it is filled, from in
// front; nothing is seen in the folder; all room is given back.
func TestPiece(t *testing.T) {
	s := testSpool(t, 10<<20)
	p, err := s.newPiece(t.Context(), 0, 1000, false)
	if err != nil {
		t.Fatal(err)
	}
	data := noise(1, 3_000_000)
	for _, piece := range [][]byte{data[1000:5000], data[5000:2_000_000], data[2_000_000:]} {
		if err := p.write(t.Context(), piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.fillHole(data[:1000]); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(p.body(0, p.size))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes come back, %v", len(got), err)
	}
	if entries, err := os.ReadDir(s.folder); err != nil || len(entries) > 0 {
		t.Errorf("the folder shows %v, %v", entries, err)
	}
	if s.used < 3_000_000 || s.used > 5<<20 {
		t.Errorf("%d bytes are taken", s.used)
	}
	p.drop()
	p.drop()
	if s.used != 0 {
		t.Errorf("%d bytes are taken at the end", s.used)
	}
}

// TestSpoolForgets: what a killed process left is gone with the next.
func TestSpoolForgets(t *testing.T) {
	folder := t.TempDir()
	left, other := filepath.Join(folder, "spool-123"), filepath.Join(folder, "other")
	for _, path := range []string{left, other} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := openSpool(folder, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file of a process that was killed: %v", err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("a file that is none of ours: %v", err)
	}
}
