package catalog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWALIndex: while nobody writes, the answer comes from the header alone.
func TestWALIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "magpie.db")
	c, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	before, ok := c.version.index.now()
	if !ok {
		t.Fatal("the wal-index can't be looked at")
	}
	if _, err := c.TokenByHash(t.Context(), "none"); err == nil {
		t.Fatal("there is a token")
	}
	if now, ok := c.version.index.now(); !ok || now != before {
		t.Errorf("reading made %v of %v", now, before)
	}
	if _, _, err := c.Version(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked := c.version.last.Load()
	for range 3 {
		if n, ok, err := c.Version(t.Context()); err != nil || !ok || n != asked.n || c.version.last.Load() != asked {
			t.Errorf("asked again: %d, %v, %v", n, ok, err)
		}
	}
	if err := c.CreateToken(t.Context(), Token{ID: "a", Hash: strings.Repeat("a", 64), User: "1", Scopes: []string{"tweet.read"}, CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if now, ok := c.version.index.now(); !ok || now == before {
		t.Error("a commit does not show")
	}
}

// TestVersionWithoutWALIndex: SQLite itself is asked where there is no header that
// is understood.
func TestVersionWithoutWALIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "magpie.db")
	c, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	mine, err := os.ReadFile(path + "-shm")
	if err != nil {
		t.Fatal(err)
	}
	if h, ok := (walIndex{&[12]uint32{walVersion + 1}}).now(); ok {
		t.Errorf("of another SQLite: %v", h)
	}
	other := filepath.Join(t.TempDir(), "other.db")
	for i, content := range [][]byte{
		nil,
		make([]byte, 64),
		mine, // but in another file
	} {
		if content != nil {
			if err := os.WriteFile(other+"-shm", content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c.version.index = openWALIndex(other)
		if h, ok := c.version.index.now(); ok {
			t.Errorf("%d: %v", i, h)
		}
		before, ok, err := c.Version(t.Context())
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		id := strings.Repeat(string(rune('a'+i)), 64)
		if err := c.CreateToken(t.Context(), Token{ID: id, Hash: id, User: "1", Scopes: []string{"tweet.read"}, CreatedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if now, ok, err := c.Version(t.Context()); err != nil || !ok || now == before {
			t.Errorf("%d: %d after a write as before, %v, %v", i, now, ok, err)
		}
		_ = os.Remove(other + "-shm")
	}
}
