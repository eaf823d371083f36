package catalog

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
)

// version asks SQLite whether anybody wrote.
type version struct {
	index walIndex
	last  atomic.Pointer[answer]

	mu   sync.Mutex
	conn *sql.Conn // of its own: the answer is about what others did
	stmt *sql.Stmt
}

// answer is what SQLite said, and holds for as long as the header does that was
// looked at before.
type answer struct {
	header walHeader
	n      int64
}

// newVersion takes a connection of the pool for good, which is to the database at
// path.
func newVersion(ctx context.Context, pool *sql.DB, path string) (*version, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	stmt, err := conn.PrepareContext(ctx, "PRAGMA data_version") // https://sqlite.org/pragma.html#pragma_data_version
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	v := &version{conn: conn, stmt: stmt}
	if _, err := v.ask(ctx); err != nil {
		return nil, errors.Join(err, v.close())
	}
	v.index = openWALIndex(path) // there is one, since something was read
	return v, nil
}

// ask gives the number.
func (v *version) ask(ctx context.Context) (n int64, err error) {
	header, ok := v.index.now()
	if last := v.last.Load(); ok && last != nil && last.header == header {
		return last.n, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	// Watching the context costs more than the statement.
	err = v.stmt.QueryRowContext(context.WithoutCancel(ctx)).Scan(&n)
	if ok && err == nil {
		v.last.Store(&answer{header, n})
	}
	return n, err
}

// close closes the statement first: with it open the connection would stay, and
// the log beside the file.
func (v *version) close() error {
	if v == nil {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.last.Store(nil)
	err := errors.Join(v.stmt.Close(), v.conn.Close())
	if errors.Is(err, sql.ErrConnDone) { // closed before
		return nil
	}
	return err
}

// Version is a number that is another once anybody, in whatever process, has
// committed a change: who asks for it and then reads has what is there for as
// long as it stays. ok is false where the database can't tell, as PostgreSQL.
// It costs next to nothing while nobody writes, and then less than any reading.
func (c *Catalog) Version(ctx context.Context) (n int64, ok bool, err error) {
	if c.version == nil || ctx.Err() != nil {
		return 0, false, ctx.Err()
	}
	n, err = c.version.ask(ctx)
	return n, err == nil, during(err, "ask for the catalogue's version")
}
