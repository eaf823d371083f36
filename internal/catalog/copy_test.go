package catalog_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// values that a column must have by a CHECK; all others are 1, or text with what
// may be lost on the way.
func valueOf(table, column, kind string) any {
	switch table + "." + column {
	case "session.state":
		return "open"
	case "session.closing_token":
		return ""
	case "media.state":
		return "in_progress"
	case "webhook.status":
		return "active"
	case "webhook_delivery.state":
		return "waiting"
	case "event_counter.last":
		return 1 << 60
	}
	switch {
	case kind == "BIGINT":
		return 1
	case strings.HasSuffix(column, "id"):
		return "1"
	}
	return "1 'quoted' \"twice\" \\ ü 🐦\n"
}

// fillAll puts a row into every table of a catalogue in SQLite, whatever tables
// there are, but those about the schema.
func fillAll(t *testing.T, db *sql.DB) (tables []string) {
	t.Helper()
	// In the order of their making, so that what others refer to comes first.
	rows, err := db.Query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' AND name <> 'compatible_from' ORDER BY rowid")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if _, err := db.Exec("DELETE FROM " + table); err != nil {
			t.Fatal(err)
		}
		columns, err := db.Query("SELECT name, type FROM pragma_table_info(?)", table)
		if err != nil {
			t.Fatal(err)
		}
		var names, marks []string
		var values []any
		for columns.Next() {
			var name, kind string
			if err := columns.Scan(&name, &kind); err != nil {
				t.Fatal(err)
			}
			names, marks, values = append(names, name), append(marks, "?"), append(values, valueOf(table, name, kind))
		}
		if err := errors.Join(columns.Err(), columns.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", values...); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
	return tables
}

// dump is every row of some tables as text.
func dump(t *testing.T, db *sql.DB, tables []string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, table := range tables {
		rows, err := db.Query("SELECT * FROM " + table + " ORDER BY 1")
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			out[table] = append(out[table], fmt.Sprintf("%#v", values))
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func openFile(t *testing.T) (*catalog.Catalog, *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "magpie.db")
	c, err := catalog.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return c, db
}

// Every row of every table gets from SQLite to PostgreSQL and back as it was.
func TestCopyFrom(t *testing.T) {
	first, raw := openFile(t)
	tables := fillAll(t, raw)
	const many = 1500 // more than one statement's
	for i := range many {
		if _, err := raw.Exec("INSERT INTO token SELECT ?, ?, user_id, scopes, app_only, label, 0, created_at, expires_at, revoked_at, client_id, consent_id FROM token WHERE id = '1'", fmt.Sprint("t", i), fmt.Sprint("h", i)); err != nil {
			t.Fatal(err)
		}
	}
	want := dump(t, raw, tables)

	middle := openPostgres(t, newDatabase(t), options(t))
	last, copied := openFile(t)
	for _, step := range []struct{ to, from *catalog.Catalog }{{middle, first}, {last, middle}} {
		told := map[string]int64{}
		if err := step.to.Empty(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := step.to.CopyFrom(t.Context(), step.from, func(table string, n int64) { told[table] = n }); err != nil {
			t.Fatal(err)
		}
		if len(told) != len(tables) || told["token"] != many+1 || told["event_counter"] != 1 {
			t.Errorf("told of %d tables, of %d tokens", len(told), told["token"])
		}
		a, err := step.from.Standing(t.Context())
		if b, e := step.to.Standing(t.Context()); err != nil || e != nil || a != b || a == "[0 0 0 0]" {
			t.Errorf("they stand at %s and %s, %v, %v", a, b, err, e)
		}
		// Nothing is taken over twice.
		err = step.to.CopyFrom(t.Context(), step.from, func(string, int64) {})
		if media.CodeOf(err) != media.CodeConflict || media.CodeOf(step.to.Empty(t.Context())) != media.CodeConflict {
			t.Errorf("into one that is not empty: %v", err)
		}
	}
	if diff := cmp.Diff(want, dump(t, copied, tables)); diff != "" {
		t.Errorf("there and back (-before +after):\n%s", diff)
	}
}

// A copy that breaks off leaves nothing.
func TestCopyFromBrokenOff(t *testing.T) {
	first, raw := openFile(t)
	fillAll(t, raw)
	file, _ := openFile(t)
	for name, to := range map[string]*catalog.Catalog{"sqlite": file, "postgres": openPostgres(t, newDatabase(t), options(t))} {
		ctx, cancel := context.WithCancel(t.Context())
		err := to.CopyFrom(ctx, first, func(table string, _ int64) {
			if table == "token" {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if err := to.Empty(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A magpie that runs on the same database is seen, and one that copies is not.
func TestOthers(t *testing.T) {
	url := newDatabase(t)
	o := options(t)
	o.Name = "magpie copy"
	mine := openPostgres(t, url, o)
	if n, err := mine.Others(t.Context()); err != nil || n != 0 {
		t.Errorf("alone: %d, %v", n, err)
	}
	theirs := openPostgres(t, url, options(t))
	if err := theirs.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := mine.Others(t.Context()); err != nil || n == 0 {
		t.Errorf("beside a server: %d, %v", n, err)
	}
}
