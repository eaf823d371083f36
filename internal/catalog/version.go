package catalog

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// version asks SQLite whether anybody wrote.
type version struct {
	mu   sync.Mutex
	conn *sql.Conn // of its own: the answer is about what others did
	stmt *sql.Stmt
}

// newVersion takes a connection of the pool for good.
func newVersion(ctx context.Context, pool *sql.DB) (*version, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	stmt, err := conn.PrepareContext(ctx, "PRAGMA data_version") // https://sqlite.org/pragma.html#pragma_data_version
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return &version{conn: conn, stmt: stmt}, nil
}

// close closes the statement first: with it open the connection would stay, and
// the log beside the file.
func (v *version) close() error {
	if v == nil {
		return nil
	}
	err := errors.Join(v.stmt.Close(), v.conn.Close())
	if errors.Is(err, sql.ErrConnDone) { // closed before
		return nil
	}
	return err
}

// Version is a number that is another once anybody, in whatever process, has
// committed a change: who asks for it and then reads has what is there for as
// long as it stays. ok is false where the database can't tell, as PostgreSQL.
// It costs less than any reading.
func (c *Catalog) Version(ctx context.Context) (n int64, ok bool, err error) {
	if c.version == nil || ctx.Err() != nil {
		return 0, false, ctx.Err()
	}
	c.version.mu.Lock()
	defer c.version.mu.Unlock()
	// Watching the context costs more than the statement.
	err = c.version.stmt.QueryRowContext(context.WithoutCancel(ctx)).Scan(&n)
	return n, err == nil, during(err, "ask for the catalogue's version")
}
