package catalog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"magpie/internal/catalog/queries"
)

// link is the way to a database server. All that is done about a server which is
// away is here: what is tried again and when, how long is waited, and when it is
// not even tried.
//
// A transaction is tried again where it surely did not happen: where it lost
// against another (a deadlock, a serialization failure, a row that went away
// under it), or the connection broke before the commit was sent. One that knows
// itself again (writeOnce) is also tried again where the commit was sent and no
// answer came. Reading is tried again always. After openAfter failures to reach
// the server in a row only one call every probeEvery is let through, until one
// gets there; all others fail at once.
type link struct {
	now    func() time.Time
	random io.Reader
	log    *slog.Logger
	refuse *sql.DB // whose every call fails
	forget func()  // lets go of connections that nobody uses

	mu     sync.Mutex
	missed int       // how often in a row the server was not reached
	probed time.Time // when the last call was let through
}

const (
	openAfter  = 3
	probeEvery = time.Second
	maxTries   = 4
	// patience is how long a call may have taken and be tried again all the same:
	// what took longer met a server that is silent.
	patience = 5 * time.Second
	// acquireFor is how long a transaction or a reading waits for one of the
	// connections.
	acquireFor = 10 * time.Second
)

var (
	errRefused = errors.New("the database server could not be reached a moment ago")
	errCrowded = errors.New("all connections to the database server are in use")
	errSilent  = errors.New("the database server does not answer on any connection")
)

func newLink(o PostgresOptions) *link {
	return &link{now: o.Now, random: o.Random, log: o.Log, refuse: sql.OpenDB(refusing{}), forget: func() {}}
}

func (l *link) close() error { return l.refuse.Close() }

// do runs once, again where that is safe and may help. once says whether it is.
func (l *link) do(ctx context.Context, once func() (safe bool, err error)) error {
	began := l.now()
	for try := 1; ; try++ {
		if !l.allows() {
			return errRefused
		}
		safe, err := once()
		why := cause(err)
		l.note(ctx, why, err)
		if !safe || try == maxTries || l.now().Sub(began) > patience || !l.pause(ctx, why, try) {
			return err
		}
	}
}

// pause waits before another try, and says whether one makes sense.
func (l *link) pause(ctx context.Context, why faultCause, try int) bool {
	var wait time.Duration
	switch why {
	case causeConflict:
		wait = 4 * time.Millisecond << try
	case causeAway:
		wait = 50 * time.Millisecond << try
	default:
		return false
	}
	timer := time.NewTimer(l.jitter(wait))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// jitter is between half of d and d, so that those who lost together do not
// come back together.
func (l *link) jitter(d time.Duration) time.Duration {
	var b [4]byte
	if _, err := io.ReadFull(l.random, b[:]); err != nil {
		return d
	}
	return d/2 + time.Duration(float64(d/2)*float64(binary.BigEndian.Uint32(b[:]))/(1<<32))
}

// allows tells whether to try at all.
func (l *link) allows() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.missed < openAfter {
		return true
	}
	now := l.now()
	if now.Sub(l.probed) < probeEvery {
		return false
	}
	l.probed = now
	return true
}

// note counts how a try went.
func (l *link) note(ctx context.Context, why faultCause, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case why == causeAway:
		if l.missed++; l.missed == openAfter {
			l.probed = l.now()
			l.log.WarnContext(ctx, "database server away", "err", err)
			// Who tries whether it is back does so on a new connection: the old ones
			// may lead nowhere, and take long to say so. So may closing them.
			go l.forget()
		}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errCrowded): // which tell nothing
	case l.missed > 0:
		if l.missed >= openAfter {
			l.log.InfoContext(ctx, "database server back")
		}
		l.missed = 0
	}
}

// acquire is db.Conn that does not wait for a connection for ever.
func (l *link) acquire(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	waiting, cancel := context.WithTimeout(ctx, acquireFor)
	defer cancel()
	conn, err := db.Conn(waiting)
	if err != nil && cause(err) != causeAway && waiting.Err() != nil && ctx.Err() == nil {
		if s := db.Stats(); s.InUse < s.MaxOpenConnections {
			return nil, errSilent
		}
		return nil, errCrowded
	}
	return conn, err
}

// begin is db.BeginTx that does not wait for a connection for ever. The caller
// calls release at the end.
func (l *link) begin(ctx context.Context, db *sql.DB, o *sql.TxOptions) (tx *sql.Tx, release func(), err error) {
	conn, err := l.acquire(ctx, db)
	if err != nil {
		return nil, nil, err
	}
	release = func() { _ = conn.Close() } // which only gives it back
	if tx, err = conn.BeginTx(ctx, o); err != nil {
		release()
		return nil, nil, err
	}
	return tx, release, nil
}

// write is Catalog.write. Each statement sees what was committed before it began
// (READ COMMITTED), so what must not change in between is locked.
func (l *link) write(ctx context.Context, db *sql.DB, fn func(*queries.Queries) error) error {
	return l.transact(ctx, db, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, fn, func(tx *sql.Tx) (bool, error) {
		err := tx.Commit()
		return cause(err) != causeAway, err
	})
}

// writeOnce is Catalog.writeOnce.
func (l *link) writeOnce(ctx context.Context, db *sql.DB, fn func(q *queries.Queries, before bool) error) error {
	before := false
	change := func(q *queries.Queries) error { return fn(q, before) }
	return l.transact(ctx, db, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, change, func(tx *sql.Tx) (bool, error) {
		err := tx.Commit()
		before = before || cause(err) == causeAway
		return true, err
	})
}

// snapshot is Catalog.snapshot.
func (l *link) snapshot(ctx context.Context, db *sql.DB, fn func(*queries.Queries) error) error {
	o := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	return l.transact(ctx, db, o, fn, func(tx *sql.Tx) (bool, error) {
		_ = tx.Rollback() // nothing was written: what was read is read
		return true, nil
	})
}

// transact runs fn and end in a transaction. end says whether all of it may be
// tried again.
func (l *link) transact(ctx context.Context, db *sql.DB, o *sql.TxOptions, fn func(*queries.Queries) error, end func(*sql.Tx) (safe bool, err error)) error {
	return l.do(ctx, func() (safe bool, err error) {
		tx, release, err := l.begin(ctx, db, o)
		if err != nil {
			return true, err
		}
		defer release()
		if err := fn(queries.New(postgresDB{tx})); err != nil {
			_ = tx.Rollback() // or the connection is gone, and the transaction with it
			return true, ended(ctx, err)
		}
		safe, err = end(tx)
		return safe, ended(ctx, err)
	})
}

// read is Catalog.read.
func (l *link) read(db *sql.DB) *queries.Queries {
	return queries.New(postgresDB{linked{DBTX: db, db: db, link: l}})
}

// linked reads from a pool by a link.
type linked struct {
	queries.DBTX
	db   *sql.DB
	link *link
}

func (r linked) QueryContext(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	err = r.on(ctx, func(conn *sql.Conn) error {
		rows, err = conn.QueryContext(ctx, query, args...)
		return err
	})
	return rows, err
}

func (r linked) QueryRowContext(ctx context.Context, query string, args ...any) (row *sql.Row) {
	err := r.on(ctx, func(conn *sql.Conn) error {
		row = conn.QueryRowContext(ctx, query, args...)
		return row.Err()
	})
	if err != nil { // no row says so but a database's
		return r.link.refuse.QueryRowContext(context.WithValue(ctx, refusal{}, err), query)
	}
	return row
}

// on reads on one of the connections, which goes back once what ask gave is
// closed: until then Close waits.
func (r linked) on(ctx context.Context, ask func(*sql.Conn) error) error {
	return r.link.do(ctx, func() (bool, error) {
		conn, err := r.link.acquire(ctx, r.db)
		if err != nil {
			return true, err
		}
		if err = ask(conn); err != nil {
			_ = conn.Close()
		} else {
			go func() { _ = conn.Close() }()
		}
		return true, err
	})
}

// refusing is a database that can't be reached, for the reason that is in the
// context.
type (
	refusing struct{}
	refusal  struct{} // the key of the reason
)

func (refusing) Connect(ctx context.Context) (driver.Conn, error) {
	if err, ok := ctx.Value(refusal{}).(error); ok {
		return nil, err
	}
	return nil, errRefused
}
func (refusing) Driver() driver.Driver            { return refusing{} }
func (refusing) Open(string) (driver.Conn, error) { return nil, errRefused }
