package catalog

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

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

// TestMigrationMeetsAWriter: a migration locks one table after the other, and what a
// magpie writes meanwhile may have these the other way round. PostgreSQL then ends one
// of the two; when it is the migration, that is begun again.
func TestMigrationMeetsAWriter(t *testing.T) {
	config, err := postgresConfig(newTestPostgres(t), postgresOptions())
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	ctx := t.Context()
	p, err := migrator(db, goose.DialectPostgres)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(ctx, 14); err != nil { // the next one locks media, and token behind it
		t.Fatal(err)
	}
	writer, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	exec := func(statements ...string) {
		t.Helper()
		for _, s := range statements {
			if _, err := writer.ExecContext(ctx, s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	// Who has waited for this long looks whether it is in vain, and is ended.
	exec("ALTER DATABASE magpie SET deadlock_timeout = '4s'", "SET deadlock_timeout = '1min'")
	exec("SET lock_timeout = 0", "SET statement_timeout = 0", "BEGIN", "LOCK TABLE token IN ROW EXCLUSIVE MODE")

	type outcome struct {
		ran []string
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		ran, err := migratePostgres(ctx, config)
		done <- outcome{ran, err}
	}()
	for waits := false; !waits; {
		if err := db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'token'::regclass)").Scan(&waits); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-done:
			t.Fatalf("it met nobody: ran %v, %v", got.ran, got.err)
		default:
		}
	}
	exec("LOCK TABLE media IN ROW EXCLUSIVE MODE", "COMMIT")
	if got := <-done; got.err != nil || len(got.ran) == 0 || got.ran[0] != "0015_operator" {
		t.Errorf("ran %v, %v", got.ran, got.err)
	}
}
