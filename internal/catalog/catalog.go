package catalog

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"

	"magpie/internal/catalog/queries"
)

// Catalog is an open database. Its methods may be used from many goroutines.
type Catalog struct {
	reader *sql.DB
	writer *sql.DB // nil if opened for reading only

	// bind fits a connection to the SQL that the queries are written in.
	bind func(queries.DBTX) queries.DBTX

	group   *group   // what writes to SQLite; else nil
	version *version // of SQLite; else nil

	link     *link    // nil where the database is a file
	migrated []string // names of the migrations that opening it ran

	writes atomic.Uint64 // transactions that wrote, or may have
}

// ErrConflict says that a row with that id (or slug, or hash) is already there:
// the caller makes another and tries again.
var ErrConflict = errors.New("already taken")

var errReadOnly = errors.New("the catalogue is open for reading only")

// Ping reads from the database. An error means that it cannot be used now.
func (c *Catalog) Ping(ctx context.Context) error {
	_, err := c.read().TokenExists(ctx, "")
	return during(err, "read the catalogue")
}

// Close lets go of the database, once methods that are running have ended. It
// may be called twice. Nothing else is called after it.
func (c *Catalog) Close() error {
	err := errors.Join(c.version.close(), c.reader.Close())
	if c.link != nil {
		err = errors.Join(err, c.link.close())
	}
	if c.writer != nil {
		// Last, so that SQLite folds the log back into the file.
		err = errors.Join(err, c.writer.Close())
	}
	return err
}

// Migrated lists the migrations of the schema that opening the catalogue ran, in
// their order; none if it was up to date.
func (c *Catalog) Migrated() []string { return c.migrated }

// write runs fn in a transaction that may write, and commits unless fn gives
// an error. Even single statements go through it: the answer to a bare UPDATE …
// RETURNING comes before its commit, and the commit's failure after it. fn may
// run several times, of which the last counts: it sets what it gives anew.
func (c *Catalog) write(ctx context.Context, fn func(*queries.Queries) error) error {
	if c.writer == nil {
		return errReadOnly
	}
	defer c.writes.Add(1) // after the commit, whose failure need not mean that nothing was written
	if c.group != nil {
		return c.group.write(ctx, fn, synced)
	}
	if c.link != nil {
		return c.link.write(ctx, c.writer, fn)
	}
	tx, err := c.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(queries.New(c.bind(tx))); err != nil {
		return ended(ctx, errors.Join(err, ignoreDone(tx.Rollback())))
	}
	return ended(ctx, tx.Commit())
}

// writeOnce is write for a change that knows itself again: where the answer to a
// commit was lost it is tried again, and fn is told that it may have been
// committed before.
func (c *Catalog) writeOnce(ctx context.Context, fn func(q *queries.Queries, before bool) error) error {
	if c.link == nil {
		return c.write(ctx, func(q *queries.Queries) error { return fn(q, false) })
	}
	if c.writer == nil {
		return errReadOnly
	}
	defer c.writes.Add(1)
	return c.link.writeOnce(ctx, c.writer, fn)
}

// writeStep is writeOnce for a step that nobody is told of, and nothing stored relies
// on, before a later write has completed it: the later one's sync is the step's as
// well. Where power fails before that, it may be as if it had not been made. Others
// see it at once. It saves a sync in SQLite only.
func (c *Catalog) writeStep(ctx context.Context, fn func(q *queries.Queries, before bool) error) error {
	if c.group == nil {
		return c.writeOnce(ctx, fn)
	}
	defer c.writes.Add(1)
	return c.group.write(ctx, func(q *queries.Queries) error { return fn(q, false) }, step)
}

// Writes is a number that changes with each write by this Catalog, once it can be
// read and before the method that wrote returns. Whoever asks for it and then reads
// has what is there for as long as the number stays, but for what other processes
// write.
func (c *Catalog) Writes() uint64 { return c.writes.Load() }

// snapshot runs fn in a transaction that reads one state of the database, of
// which every commit that returned before is part. fn may run several times, as
// for write.
func (c *Catalog) snapshot(ctx context.Context, fn func(*queries.Queries) error) error {
	if c.link != nil {
		return c.link.snapshot(ctx, c.reader, fn)
	}
	tx, err := c.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return err
	}
	return ended(ctx, errors.Join(fn(queries.New(c.bind(tx))), ignoreDone(tx.Rollback())))
}

// list is snapshot for a query over n ids. Where those fit into one statement, that
// is at one instant by itself, and a transaction around it would cost a server two
// round trips more.
func (c *Catalog) list(ctx context.Context, n int, fn func(*queries.Queries) error) error {
	if n <= queries.ListPage {
		return fn(c.read())
	}
	return c.snapshot(ctx, fn)
}

// read is for a method that is one reading statement.
func (c *Catalog) read() *queries.Queries {
	if c.link != nil {
		return c.link.read(c.reader)
	}
	return queries.New(c.bind(c.reader))
}

// ended says that the context ended, where database/sql says only that it has
// rolled the transaction back.
func ended(ctx context.Context, err error) error {
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// ignoreDone drops the complaint about a transaction that the end of its
// context has already rolled back.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
