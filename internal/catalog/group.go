package catalog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"magpie/internal/catalog/queries"
)

// maxGroup bounds how many changes share one commit, and so how long the first
// of them waits for the last.
const maxGroup = 64

// group lets changes that wait for SQLite's one writer share a transaction, and
// so the commit's sync. One that fails takes nothing of the others with it: they are
// made once more, each with a savepoint. All are told once the commit is on stable
// storage. Whoever comes while nobody writes does not wait for company.
type group struct {
	db   *sql.DB
	kept *statements
	bind func(queries.DBTX) queries.DBTX

	mu      sync.Mutex
	busy    bool // somebody leads
	waiting []*change

	// For how many more transactions each change has a savepoint from the
	// beginning, which costs a tenth of a transaction: where one failed others
	// will. It belongs to who leads.
	careful int
}

// carefulFor is how many transactions are careful behind one that had to be made
// twice.
const carefulFor = 32

var errOneFailed = errors.New("one of the changes failed")

// lasting is when a change must be on stable storage.
type lasting bool

const (
	synced lasting = true  // before its caller is told of it
	step   lasting = false // with the next that must: Catalog.writeStep
)

// change is one caller's part of a transaction.
type change struct {
	ctx   context.Context
	fn    func(*queries.Queries) error
	lasts lasting
	turn  chan struct{} // has something once done is set, or it is this one's to lead
	done  bool
	err   error
}

// writing marks a transaction of the writer's pool.
type writing struct{ *sql.Tx }

// write is Catalog.write. A change that began goes on when its context ends, and
// is then undone.
func (g *group) write(ctx context.Context, fn func(*queries.Queries) error, lasts lasting) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &change{ctx: ctx, fn: fn, lasts: lasts, turn: make(chan struct{}, 1)}
	g.mu.Lock()
	if g.busy {
		g.waiting = append(g.waiting, c)
		g.mu.Unlock()
		select {
		case <-c.turn:
		case <-ctx.Done():
			if g.withdraw(c) {
				return ctx.Err()
			}
			<-c.turn
		}
		if c.done {
			return c.err
		}
	} else {
		g.busy = true
		g.mu.Unlock()
	}
	g.lead(c)
	return c.err
}

// withdraw takes a change out of the line, unless somebody took it already.
func (g *group) withdraw(c *change) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, w := range g.waiting {
		if w == c {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// lead makes c and what waits behind it, and hands the lead on.
func (g *group) lead(c *change) {
	g.mu.Lock()
	n := min(len(g.waiting), maxGroup-1)
	all := append([]*change{c}, g.waiting[:n]...)
	g.waiting = append([]*change(nil), g.waiting[n:]...)
	g.mu.Unlock()

	g.make(all)
	for _, other := range all[1:] {
		other.done = true
		other.turn <- struct{}{}
	}
	g.kept.prepare(context.WithoutCancel(c.ctx))

	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.busy = false
		return
	}
	next := g.waiting[0]
	g.waiting = g.waiting[1:]
	next.turn <- struct{}{}
}

// make runs the changes in one transaction. If that began and can't be
// committed, each is tried in one of its own.
func (g *group) make(all []*change) {
	savepoints := len(all) > 1 && g.careful > 0
	if savepoints {
		g.careful--
	}
	began, err := g.together(all, savepoints)
	if errors.Is(err, errOneFailed) {
		g.careful = carefulFor
		began, err = g.together(all, true)
	}
	if err == nil {
		return
	}
	for _, c := range all {
		if c.err = err; began && len(all) > 1 {
			_, c.err = g.together([]*change{c}, false)
		}
	}
}

// together runs changes in one transaction and sets what each came to, unless
// the transaction as a whole failed. One that is alone fails with it; of several
// without savepoints the first that fails makes that errOneFailed.
func (g *group) together(all []*change, savepoints bool) (began bool, err error) {
	// Of one context none of the others should end; who is alone need not wait for
	// the connection any longer than they like.
	ctx, wait := context.WithoutCancel(all[0].ctx), all[0].ctx
	if len(all) > 1 {
		wait = ctx
	}
	conn, err := g.db.Conn(wait)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	if !slices.ContainsFunc(all, func(c *change) bool { return c.lasts == synced }) {
		back, err := unsynced(ctx, conn)
		if err != nil {
			return false, err
		}
		defer back()
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	for _, c := range all {
		c.err = nil
	}
	return true, g.fill(ctx, tx, all, savepoints)
}

// unsynced lets commits of a connection go without a sync until back is called. What
// they wrote is in the log, of which the next sync is a sync of all
// (https://sqlite.org/pragma.html#pragma_synchronous).
func unsynced(ctx context.Context, conn *sql.Conn) (back func(), err error) {
	back = func() {
		if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = FULL"); err != nil {
			// Nobody is to write by it any more.
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
		back()
		return nil, err
	}
	return back, nil
}

func (g *group) fill(ctx context.Context, tx *sql.Tx, all []*change, savepoints bool) error {
	q := queries.New(g.bind(writing{tx}))
	for _, c := range all {
		if !savepoints {
			err := c.run(q)
			if err != nil && len(all) > 1 {
				err = errOneFailed
			}
			if err != nil {
				return errors.Join(err, ignoreDone(tx.Rollback()))
			}
			continue
		}
		if _, err := tx.ExecContext(ctx, "SAVEPOINT change"); err != nil {
			return errors.Join(err, ignoreDone(tx.Rollback()))
		}
		if c.err = c.run(q); c.err != nil {
			// Fails where the fault has undone the transaction, as a full disk does.
			if _, err := tx.ExecContext(ctx, "ROLLBACK TO change"); err != nil {
				return errors.Join(err, ignoreDone(tx.Rollback()))
			}
		}
		if _, err := tx.ExecContext(ctx, "RELEASE change"); err != nil {
			return errors.Join(err, ignoreDone(tx.Rollback()))
		}
	}
	return tx.Commit()
}

// run makes the change, a panic of it becoming an error: it must not reach
// another's goroutine, nor keep the others from their turn.
func (c *change) run(q *queries.Queries) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if err := c.fn(q); err != nil {
		return err
	}
	return c.ctx.Err()
}
