package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver called "sqlite"
)

// sqliteReaders is how many reads may run at once; more wait their turn.
const sqliteReaders = 8

// readerCache and writerCache bound the pages that a connection keeps in memory,
// in KiB. What isn't kept is in the system's memory, and a reader's is dropped whenever
// somebody writes: of each tree it is worth to have the upper pages. Left out it is
// 2,000 for each, which the readers come to one by one in days.
const readerCache, writerCache = 64, 1000

// busyTimeout is how long a statement waits for another process's write.
const busyTimeout = 10 * time.Second

// OpenSQLite opens the catalogue in the file at path, whose folder must exist,
// and brings its schema up to date. A file that is not there is created,
// readable by its owner only. Other processes may have it open. The caller
// closes it. A schema that a newer magpie wrote is refused unless it says that this
// one may run on it.
func OpenSQLite(ctx context.Context, path string) (*Catalog, error) {
	c, err := openSQLite(ctx, path)
	return c, during(err, "open catalogue %s", path)
}

func openSQLite(ctx context.Context, path string) (*Catalog, error) {
	if err := createFile(path); err != nil {
		return nil, err
	}
	writer, err := sql.Open("sqlite", sqliteDSN(path, url.Values{
		"mode":    {"rw"},
		"_txlock": {"immediate"}, // a writer waits at the start, and never fails halfway
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "journal_size_limit(67108864)", cacheSize(writerCache)},
	}))
	if err != nil {
		return nil, err
	}
	setPool(writer, 1)
	if err := pingUnlocked(ctx, writer); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	migrated, err := migrate(ctx, writer, goose.DialectSQLite3)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	reader, err := sql.Open("sqlite", sqliteDSN(path, url.Values{
		"mode":        {"rw"},
		"_query_only": {"1"},
		"_pragma":     {cacheSize(readerCache)},
	}))
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	setPool(reader, sqliteReaders+1)
	version, err := newVersion(ctx, reader, path)
	if err != nil {
		return nil, errors.Join(err, reader.Close(), writer.Close())
	}
	kept := newStatements(writer)
	bind := bindSQLite(newStatements(reader), kept)
	c := &Catalog{reader: reader, writer: writer, bind: bind, group: &group{db: writer, kept: kept, bind: bind}, version: version, migrated: migrated}
	if err := c.countOnce(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// OpenSQLiteReadOnly opens the catalogue at path for reading, beside a server
// that may be writing to it. It must exist (else errors.Is(err,
// fs.ErrNotExist)) and have the schema that this magpie knows, or a newer one that
// is for it too. Methods that write fail. The folder must be writable unless another process has the
// catalogue open: SQLite keeps its -shm file there.
func OpenSQLiteReadOnly(ctx context.Context, path string) (*Catalog, error) {
	c, err := openSQLiteReadOnly(ctx, path)
	return c, during(err, "open catalogue %s for reading", path)
}

func openSQLiteReadOnly(ctx context.Context, path string) (*Catalog, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	reader, err := sql.Open("sqlite", sqliteDSN(path, url.Values{
		"mode":        {"ro"},
		"_query_only": {"1"},
		"_pragma":     {cacheSize(readerCache)},
	}))
	if err != nil {
		return nil, err
	}
	setPool(reader, sqliteReaders)
	if err := pingUnlocked(ctx, reader); err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	if err := checkSchema(ctx, reader, goose.DialectSQLite3); err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	return &Catalog{reader: reader, bind: bindSQLite(newStatements(reader), nil)}, nil
}

// sqliteDSN names the file and what every connection sets on itself. Pragmas
// belong here: run on the pool they would reach one connection only.
func sqliteDSN(path string, extra url.Values) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	q := url.Values{
		"_busy_timeout": {fmt.Sprint(busyTimeout.Milliseconds())},
		"_foreign_keys": {"1"},
		"_dqs":          {"0"},
	}
	for k, v := range extra {
		q[k] = v
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// cacheSize is the pragma for so many KiB of pages.
func cacheSize(kibibytes int) string { return fmt.Sprintf("cache_size(%d)", -kibibytes) }

// setPool keeps connections open once made: opening one reads the schema anew.
func setPool(db *sql.DB, n int) {
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
}

// createFile makes an empty file at path for its owner only, if nothing is
// there. It links a finished file into place instead of opening path: closing
// any descriptor of a database drops the locks that this process holds on it.
func createFile(path string) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".catalog-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// pingUnlocked connects. Turning a new file to WAL fails at once where another
// process does the same, whatever the busy timeout, so that is tried again.
func pingUnlocked(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for {
		err := db.PingContext(ctx)
		if cause(err) != causeLocked {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}
