package catalog

import (
	"context"
	"database/sql"
	"strings"

	"magpie/internal/catalog/queries"
)

// sqliteDB runs the queries, which are written for PostgreSQL, on SQLite.
type sqliteDB struct{ queries.DBTX }

func bindSQLite(db queries.DBTX) queries.DBTX { return sqliteDB{db} }

func (s sqliteDB) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.DBTX.ExecContext(ctx, sqliteText(query), args...)
}

func (s sqliteDB) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return s.DBTX.PrepareContext(ctx, sqliteText(query))
}

func (s sqliteDB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.DBTX.QueryContext(ctx, sqliteText(query), args...)
}

func (s sqliteDB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return s.DBTX.QueryRowContext(ctx, sqliteText(query), args...)
}

// sqliteText turns $1 into ?1, because SQLite numbers $1 by first appearance,
// and drops row locks: its one writer needs none. No query has a "$" elsewhere.
func sqliteText(query string) string {
	query = strings.ReplaceAll(query, "$", "?")
	query = strings.ReplaceAll(query, "FOR UPDATE SKIP LOCKED", "")
	return strings.ReplaceAll(query, "FOR UPDATE", "")
}
