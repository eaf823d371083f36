package catalog

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
)

func TestOpenSQLiteCreatesAPrivateFile(t *testing.T) {
	// A name that means something in a DSN is a name all the same.
	path := filepath.Join(t.TempDir(), "a b?mode=memory&x#y%41;é.db")
	c, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.CreateSession(t.Context(), testSession(1)); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		seen[strings.TrimPrefix(e.Name(), filepath.Base(path))] = true
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", e.Name(), info.Mode().Perm())
		}
	}
	if len(seen) != 3 || !seen[""] || !seen["-wal"] || !seen["-shm"] {
		t.Errorf("in the folder: %v", seen)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err = os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("after Close, in the folder: %v, %v", entries, err)
	}
}

func TestOpenSQLiteKeepsAFileAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	if err := os.WriteFile(path, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	c, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %o, %v", info.Mode().Perm(), err)
	}
}

func TestOpenSQLiteRefuses(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", dir, filepath.Join(dir, "no", "folder.db"), garbage, garbage + "/x"} {
		if c, err := OpenSQLite(t.Context(), path); err == nil || c != nil {
			t.Errorf("OpenSQLite(%q) = %v, %v", path, c, err)
		}
		if c, err := OpenSQLiteReadOnly(t.Context(), path); err == nil || c != nil {
			t.Errorf("OpenSQLiteReadOnly(%q) = %v, %v", path, c, err)
		}
	}
	after, err := os.ReadFile(garbage)
	if err != nil || string(after) != strings.Repeat("not a database ", 1000) {
		t.Errorf("the file that is no database was changed, %v", err)
	}
}

// TestPragmas asks every connection of both pools but the one that is held for the
// version.
func TestPragmas(t *testing.T) {
	c := openTest(t)
	check := func(db *sql.DB, held, n int, want map[string]string) {
		t.Helper()
		if got := db.Stats().MaxOpenConnections; got != held+n {
			t.Errorf("a pool of %d connections, want %d", got, held+n)
		}
		var conns []*sql.Conn
		for range n {
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, conn)
			for pragma, want := range want {
				var got string
				if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%s is %q, %v, want %q", pragma, got, err, want)
				}
			}
		}
		for _, conn := range conns {
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	check(c.writer, 0, 1, map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000", "query_only": "0", "cache_size": "-1000",
	})
	check(c.reader, 1, sqliteReaders, map[string]string{
		"journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "10000", "query_only": "1", "cache_size": "-64",
	})
	if _, err := c.reader.Exec("DELETE FROM session"); err == nil {
		t.Error("the readers can write")
	}
}

func TestReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	if _, err := OpenSQLiteReadOnly(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where there is none: %v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 0 {
		t.Errorf("opening it left %v, %v", entries, err)
	}
	server, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.CreateSession(t.Context(), testSession(1)); err != nil {
		t.Fatal(err)
	}

	check := func() *Catalog {
		t.Helper()
		c, err := OpenSQLiteReadOnly(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := c.Session(t.Context(), 1); err != nil {
			t.Error(err)
		}
		if err := c.CreateSession(t.Context(), testSession(9)); !errors.Is(err, errReadOnly) {
			t.Errorf("writing to it: %v", err)
		}
		return c
	}
	beside := check()
	if err := server.CreateSession(t.Context(), testSession(2)); err != nil {
		t.Fatal(err)
	}
	if _, err := beside.Session(t.Context(), 2); err != nil {
		t.Errorf("what the server wrote since: %v", err)
	}
	if err := beside.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.CreateSession(t.Context(), testSession(3)); err != nil {
		t.Errorf("the server after the reader has gone: %v", err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	alone := check()
	if err := alone.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := again.CreateSession(t.Context(), testSession(4)); err != nil {
		t.Error(err)
	}
}

func TestOpenManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	const n = 8
	errs := make(chan error)
	for i := range n {
		go func() {
			c, err := OpenSQLite(context.Background(), path)
			if err == nil {
				err = errors.Join(c.CreateSession(context.Background(), testSession(media.ID(i+1))), c.Close())
			}
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	c, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	seen := 0
	if err := c.EachSession(t.Context(), func(media.Session) error { seen++; return nil }); err != nil || seen != n {
		t.Errorf("%d sessions, %v", seen, err)
	}
}

func TestTwoHandles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	server, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	command, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	hash := strings.Repeat("a", 64)
	if err := command.CreateToken(t.Context(), Token{ID: "a", Hash: hash, CreatedAt: time.UnixMilli(1)}); err != nil {
		t.Fatal(err)
	}
	if _, err := server.TokenByHash(t.Context(), hash); err != nil {
		t.Errorf("the server after the command's write: %v", err)
	}
	if err := command.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.CreateSession(t.Context(), testSession(1)); err != nil {
		t.Errorf("the server after the command's end: %v", err)
	}
}
