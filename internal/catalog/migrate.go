package catalog

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// There is no way back down. A magpie that does not know the newest of them runs
// all the same on a schema that says so: see checkReach.
//
//go:embed migrations/*.sql
var migrations embed.FS

// deadlocks is how often a migration is begun again that PostgreSQL ended because it
// and what a running magpie does waited for each other. Finding that takes a second.
const deadlocks = 30

// migrate brings the schema up to what this magpie knows, and names the
// migrations that it ran. Each is one transaction. Several processes may do it at
// once, and while others write.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect) (done []string, err error) {
	p, err := migrator(db, dialect)
	if err != nil {
		return nil, err
	}
	for tries := 1; ; tries++ {
		current, target, err := p.GetVersions(ctx)
		if err != nil {
			return done, fmt.Errorf("read schema version: %w", err)
		}
		if current >= target {
			return done, checkReach(ctx, db, current, target)
		}
		ran, err := p.Up(ctx)
		var part *goose.PartialError
		if errors.As(err, &part) {
			ran = part.Applied
		}
		for _, r := range ran {
			done = append(done, strings.TrimSuffix(path.Base(r.Source.Path), ".sql"))
		}
		if err == nil {
			return done, nil
		}
		if isState(err, "40P01") && tries < deadlocks {
			continue
		}
		// Another process may have applied the same migration between the look
		// and the try. Then the version has moved, and is looked at again.
		if now, _, e := p.GetVersions(ctx); e != nil || now <= current {
			return done, fmt.Errorf("migrate schema from version %d: %w", current, err)
		}
	}
}

// OldSchemaError is a catalogue opened for reading whose schema is older than this
// magpie needs.
type OldSchemaError struct {
	Version int64 // of the schema; 0: there is none
	Needed  int64
}

func (e *OldSchemaError) Error() string {
	return fmt.Sprintf("its schema has version %d and this magpie needs %d: start the server or run magpie migrate first", e.Version, e.Needed)
}

// checkSchema fails unless the schema is the one this magpie knows, or a newer one
// that it can run on. Of an older one the error is *OldSchemaError.
func checkSchema(ctx context.Context, db *sql.DB, dialect goose.Dialect) error {
	p, err := migrator(db, dialect)
	if err != nil {
		return err
	}
	var target int64
	for _, s := range p.ListSources() {
		target = max(target, s.Version)
	}
	store, err := database.NewStore(dialect, goose.DefaultTablename)
	if err != nil {
		return err
	}
	current, err := store.GetLatestVersion(ctx, db)
	switch {
	case errors.Is(err, database.ErrVersionNotFound), isState(err, "42P01"): // undefined_table
		current = 0
	case err != nil:
		return fmt.Errorf("read schema version: %w", err)
	}
	if current < target {
		return &OldSchemaError{Version: current, Needed: target}
	}
	return checkReach(ctx, db, current, target)
}

// checkReach fails if the schema has the version current, which is newer than
// target, the newest that this magpie knows, and is not for magpies as old. Two
// versions of magpie so run side by side while one takes the other's place, and
// the older may be started again.
func checkReach(ctx context.Context, db *sql.DB, current, target int64) error {
	if current == target {
		return nil
	}
	var from int64
	if err := db.QueryRowContext(ctx, "SELECT version FROM compatible_from WHERE id = 1").Scan(&from); err != nil {
		return fmt.Errorf("read which schema version a magpie must know: %w", err)
	}
	if from > target {
		return fmt.Errorf("its schema has version %d, for which a magpie must know version %d, and this one knows only %d: a newer magpie wrote it", current, from, target)
	}
	return nil
}

func migrator(db *sql.DB, dialect goose.Dialect) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if dialect == goose.DialectSQLite3 {
		dir = rowKeys{dir}
	}
	return goose.NewProvider(dialect, db, dir, goose.WithDisableGlobalRegistry(true))
}
