package catalog

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"magpie/internal/catalog/postgrestest"
)

// firstOfRule is the migration that made the table of the rule.
const firstOfRule = 12

// TestMigrationsAreCompatible holds the files to the rule in CONTRIBUTING.md.
func TestMigrationsAreCompatible(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	reach := int64(firstOfRule - 1)
	for i, path := range files { // in the order of their names
		text, err := migrations.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(path); !strings.HasPrefix(name, fmt.Sprintf("%04d_", i+1)) {
			t.Fatalf("%s is the migration number %d", name, i+1)
		}
		if i+1 <= firstOfRule {
			continue
		}
		now, err := checkMigration(int64(i+1), reach, string(text))
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		reach = now
	}
}

// takesAway finds statements after which those who know only what was before may
// fail. Everything else adds.
var takesAway = regexp.MustCompile(`(?i)\bDROP\s+(TABLE|COLUMN)|\bRENAME\b|\bSET\s+NOT\s+NULL|\bADD\s+CONSTRAINT|\bCREATE\s+UNIQUE|\bALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE|\bDROP\s+DEFAULT`)

var (
	setsReach = regexp.MustCompile(`(?m)^UPDATE compatible_from SET version = (\d+) WHERE id = 1;$`)
	addColumn = regexp.MustCompile(`(?i)\bADD\s+(COLUMN\s+)?\w+[^;,]*`)
	remark    = regexp.MustCompile(`(?m)--.*$`)
)

// checkMigration holds the text of one migration to the rule, and gives the
// oldest version that is for, where before was what it was until then.
func checkMigration(number, before int64, text string) (int64, error) {
	text = remark.ReplaceAllString(text, "")
	set := setsReach.FindAllStringSubmatch(text, -1)
	if len(set) != 1 {
		return before, fmt.Errorf("it has %d lines such as UPDATE compatible_from SET version = %d WHERE id = 1; instead of one", len(set), before)
	}
	now, err := strconv.ParseInt(set[0][1], 10, 64)
	if err != nil {
		return before, err
	}
	text = setsReach.ReplaceAllString(text, "")
	switch {
	case strings.Contains(text, "compatible_from"):
		return now, fmt.Errorf("it does something else to compatible_from than to set the version of the one row")
	case now < before:
		return now, fmt.Errorf("it lets version %d in, which %d shut out before", now, before)
	case now >= number:
		return now, fmt.Errorf("it wants version %d, so that the magpie before can't run beside the one that brings it", now)
	}
	if bad := takesAway.FindString(text); bad != "" && now == before {
		return now, fmt.Errorf("%q takes something away and leaves compatible_from at %d: raise it to the first version whose magpie does without", bad, now)
	}
	for _, column := range addColumn.FindAllString(text, -1) {
		if upper := strings.ToUpper(column); strings.Contains(upper, "NOT NULL") && !strings.Contains(upper, "DEFAULT") {
			return now, fmt.Errorf("%q needs a default: the magpie before leaves it out", column)
		}
	}
	return now, nil
}

// TestCheckMigration shows the rule what it must find.
func TestCheckMigration(t *testing.T) {
	const keep, raise = "UPDATE compatible_from SET version = 13 WHERE id = 1;\n", "UPDATE compatible_from SET version = 15 WHERE id = 1;\n"
	for _, tc := range []struct{ text, want string }{
		{keep + "CREATE TABLE a (id BIGINT NOT NULL PRIMARY KEY);\nCREATE INDEX b ON a (id);", ""},
		{keep + "ALTER TABLE media ADD COLUMN a TEXT NOT NULL DEFAULT '';", ""},
		{keep + "-- not to DROP TABLE a\n", ""},
		{raise + "ALTER TABLE media DROP COLUMN a;", ""},
		{"CREATE TABLE a (id BIGINT);", "0 lines"},
		{"-- " + keep, "0 lines"},
		{keep + keep, "2 lines"},
		{"UPDATE compatible_from SET version = 12 WHERE id = 1;\n", "lets version 12 in"},
		{"UPDATE compatible_from SET version = 16 WHERE id = 1;\n", "the magpie before"},
		{keep + "DELETE FROM compatible_from;", "something else"},
		{keep + "DROP TABLE a;", "takes something away"},
		{keep + "alter table media rename column a to b;", "takes something away"},
		{keep + "ALTER TABLE media ALTER COLUMN a SET NOT NULL;", "takes something away"},
		{keep + "CREATE UNIQUE INDEX b ON a (id);", "takes something away"},
		{keep + "ALTER TABLE media ADD COLUMN a TEXT NOT NULL;", "needs a default"},
	} {
		_, err := checkMigration(16, 13, tc.text)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s\n%v, want %q", tc.text, err, tc.want)
		}
	}
}

// TestNewerSchema opens schemas that a newer magpie has changed: those that are
// for this one too, and those that are not.
func TestNewerSchema(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	known := int64(len(files))

	check := func(t *testing.T, db *sql.DB, dialect goose.Dialect, open, read func() (*Catalog, error)) {
		for _, tc := range []struct {
			from int64
			want string
		}{{known - 1, ""}, {known, ""}, {known + 1, "a newer magpie"}} {
			for _, statement := range []string{
				"DELETE FROM goose_db_version WHERE version_id > " + fmt.Sprint(known),
				fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, %s)", known+1, map[goose.Dialect]string{goose.DialectPostgres: "true", goose.DialectSQLite3: "1"}[dialect]),
				fmt.Sprintf("UPDATE compatible_from SET version = %d WHERE id = 1", tc.from),
				"DELETE FROM session",
			} {
				if _, err := db.Exec(statement); err != nil {
					t.Fatal(err)
				}
			}
			for name, open := range map[string]func() (*Catalog, error){"to write": open, "to read": read} {
				c, err := open()
				if tc.want != "" {
					if err == nil || !strings.Contains(err.Error(), tc.want) {
						t.Errorf("a schema from version %d on, opened %s by %d: %v", tc.from, name, known, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("a schema from version %d on, opened %s by %d: %v", tc.from, name, known, err)
					continue
				}
				if len(c.Migrated()) > 0 {
					t.Errorf("ran %v", c.Migrated())
				}
				if name == "to write" {
					if err := c.CreateSession(t.Context(), testSession(1)); err != nil {
						t.Error(err)
					}
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}

	t.Run("SQLite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "catalog.db")
		c, err := OpenSQLite(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		check(t, c.writer, goose.DialectSQLite3,
			func() (*Catalog, error) { return OpenSQLite(t.Context(), path) },
			func() (*Catalog, error) { return OpenSQLiteReadOnly(t.Context(), path) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		c, url := openTestPostgres(t)
		check(t, c.writer, goose.DialectPostgres,
			func() (*Catalog, error) { return OpenPostgres(t.Context(), url, postgresOptions()) },
			func() (*Catalog, error) { return OpenPostgresReadOnly(t.Context(), url, postgresOptions()) })
	})
}

// openTestPostgres opens an empty catalogue on a server of its own until the test
// ends.
func openTestPostgres(t *testing.T) (c *Catalog, url string) {
	t.Helper()
	url = newTestPostgres(t)
	c, err := OpenPostgres(t.Context(), url, postgresOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, url
}

// newTestPostgres gives an empty database on a server of its own, which ends with the
// test.
func newTestPostgres(t *testing.T) (url string) {
	t.Helper()
	s, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	if url, err = s.Create(t.Context(), "magpie", ""); err != nil {
		t.Fatal(err)
	}
	return url
}

func postgresOptions() PostgresOptions {
	return PostgresOptions{Connections: 4, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}
}
