package catalog

import (
	"path/filepath"
	"strings"
	"testing"

	"magpie/internal/media"
)

func TestSchemaVersions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	c, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CreateSession(t.Context(), testSession(1)); err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	again, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Session(t.Context(), 1); err != nil {
		t.Errorf("after opening again: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}

	if _, err := c.writer.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1); UPDATE compatible_from SET version = 9998"); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSQLite(t.Context(), path); err == nil || !strings.Contains(err.Error(), "a newer magpie") {
		t.Errorf("opening a newer schema: %v", err)
	}
	if _, err := OpenSQLiteReadOnly(t.Context(), path); err == nil || !strings.Contains(err.Error(), "a newer magpie") {
		t.Errorf("opening a newer schema for reading: %v", err)
	}
	if _, err := c.writer.Exec("DELETE FROM goose_db_version WHERE version_id > 0"); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSQLiteReadOnly(t.Context(), path); err == nil || !strings.Contains(err.Error(), "magpie migrate") {
		t.Errorf("opening an older schema for reading: %v", err)
	}
	// A migration that cannot be done is an error and not a loop.
	if _, err := OpenSQLite(t.Context(), path); err == nil {
		t.Error("migrating over tables that are there gave no error")
	}
}

func TestForeignKeysCascade(t *testing.T) {
	c := openTest(t)
	runAll(t, c)
	if _, err := c.writer.Exec("DELETE FROM session"); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"media", "rendition", "metadata"} {
		var n int
		if err := c.writer.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s has %d rows left, %v", table, n, err)
		}
	}
	if _, err := c.Media(t.Context(), 1); media.CodeOf(err) != media.CodeNotFound {
		t.Error(err)
	}
}
