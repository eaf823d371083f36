package catalog

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestVersion: it stays while nobody writes, and is another after each write of
// this process and of others, as soon as that can be read.
func TestVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "magpie.db")
	open := func() *Catalog {
		c, err := OpenSQLite(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	mine, other := open(), open()
	version := func() int64 {
		t.Helper()
		n, ok, err := mine.Version(t.Context())
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		return n
	}
	seen := map[int64]bool{}
	for i, c := range []*Catalog{mine, other, mine, mine, other} {
		before := version()
		if seen[before] || version() != before {
			t.Fatalf("%d: %d comes again, or does not stay", i, before)
		}
		seen[before] = true
		id := strings.Repeat(string(rune('a'+i)), 64)
		if err := c.CreateToken(t.Context(), Token{ID: id, Hash: id, User: "1", Scopes: []string{"tweet.read"}, CreatedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if version() == before {
			t.Errorf("%d: nothing shows of a write", i)
		}
	}
	if err := mine.Close(); err != nil {
		t.Error(err)
	}
	if _, ok, err := mine.Version(t.Context()); ok || err == nil {
		t.Error("a closed catalogue has a version")
	}
}

// TestVersionAfterCheckpoint: another process folds the log into the file and begins it
// anew, as often as it likes: no version comes again.
func TestVersionAfterCheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "magpie.db")
	c, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	other, err := sql.Open("sqlite", sqliteDSN(path, nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	if _, err := other.Exec("CREATE TABLE numbers (n INTEGER)"); err != nil {
		t.Fatal(err)
	}
	seen := map[int64]int{}
	for i := range 20 {
		if _, err := other.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Exec("INSERT INTO numbers VALUES (0)"); err != nil { // of the same length each time
			t.Fatal(err)
		}
		n, ok, err := c.Version(t.Context())
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if before, again := seen[n]; again {
			t.Errorf("after write %d the version is what it was after %d", i, before)
		}
		seen[n] = i
	}
}

func BenchmarkVersion(b *testing.B) {
	c, err := OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "magpie.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.CreateToken(b.Context(), Token{ID: "a", Hash: strings.Repeat("a", 64), User: "1", Scopes: []string{"tweet.read"}, CreatedAt: time.Now()}); err != nil {
		b.Fatal(err)
	}
	b.Run("version", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := c.Version(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("token", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.TokenByHash(b.Context(), strings.Repeat("a", 64)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("session", func(b *testing.B) {
		for b.Loop() {
			_, _ = c.Session(b.Context(), 1)
		}
	})
}
