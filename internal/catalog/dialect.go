package catalog

import (
	"context"
	"database/sql"
	"strings"

	"magpie/internal/catalog/queries"
)

// sqliteDB runs the queries, which are written for PostgreSQL, on SQLite.
type sqliteDB struct {
	queries.DBTX
	tx     *sql.Tx     // where DBTX is one
	kept   *statements // of the pool that DBTX is, or is of; nil for none
	writes bool
}

// bindSQLite gives what fits a pool, or a transaction of it, to the queries.
// Either set of statements may be nil.
func bindSQLite(reader, writer *statements) func(queries.DBTX) queries.DBTX {
	return func(db queries.DBTX) queries.DBTX {
		switch db := db.(type) {
		case writing:
			return sqliteDB{DBTX: db, tx: db.Tx, kept: writer, writes: true}
		case *sql.Tx:
			return sqliteDB{DBTX: db, tx: db, kept: reader}
		}
		return sqliteDB{DBTX: db, kept: reader}
	}
}

// statement gives the prepared form of a query, nil if there is none.
func (s sqliteDB) statement(ctx context.Context, query string) *sql.Stmt {
	stmt := s.kept.of(query)
	switch {
	case stmt == nil && s.tx == nil:
		s.kept.prepare(ctx) // for the next time
	case stmt != nil && s.tx != nil:
		return s.tx.StmtContext(ctx, stmt)
	}
	return stmt
}

// whole is a context that does not end within a statement that writes, or that
// takes microseconds: an interrupted one undoes the whole transaction, in which
// others may write besides, and watching takes as long as reading a row.
func whole(ctx context.Context) context.Context {
	if ctx.Err() != nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

func (s sqliteDB) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = whole(ctx)
	if stmt := s.statement(ctx, query); stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return s.DBTX.ExecContext(ctx, sqliteText(query), args...)
}

func (s sqliteDB) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return s.DBTX.PrepareContext(ctx, sqliteText(query))
}

func (s sqliteDB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s.writes {
		ctx = whole(ctx)
	}
	if stmt := s.statement(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return s.DBTX.QueryContext(ctx, sqliteText(query), args...)
}

func (s sqliteDB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx = whole(ctx)
	if stmt := s.statement(ctx, query); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return s.DBTX.QueryRowContext(ctx, sqliteText(query), args...)
}

// sqliteText turns $1 into ?1, because SQLite numbers $1 by first appearance,
// and drops row locks, since its one writer needs none, and the collation that
// compares bytes, since that is its own. No query has a "$" elsewhere.
func sqliteText(query string) string {
	query = strings.ReplaceAll(query, "$", "?")
	query = strings.ReplaceAll(query, "FOR UPDATE SKIP LOCKED", "")
	query = strings.ReplaceAll(query, ` COLLATE "C"`, "")
	return strings.ReplaceAll(query, "FOR UPDATE", "")
}
