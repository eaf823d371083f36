package catalog

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// together queues changes behind one that holds the writer until all are in
// line, and gives what each came to.
func together(t *testing.T, c *Catalog, changes ...func(context.Context, *queries.Queries) error) []error {
	t.Helper()
	held, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := c.write(t.Context(), func(*queries.Queries) error {
			close(held)
			<-release
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	<-held
	out := make([]error, len(changes))
	for i, change := range changes {
		wg.Go(func() {
			out[i] = c.write(t.Context(), func(q *queries.Queries) error { return change(t.Context(), q) })
		})
	}
	c.waitFor(len(changes))
	close(release)
	wg.Wait()
	return out
}

func insert(id int64) func(context.Context, *queries.Queries) error {
	return func(ctx context.Context, q *queries.Queries) error {
		_, err := q.InsertSession(ctx, queries.InsertSessionParams{ID: id, State: "open", AdditionalOwners: "[]"})
		return err
	}
}

func (c *Catalog) has(t *testing.T, id media.ID) bool {
	t.Helper()
	_, err := c.Session(t.Context(), id)
	if err != nil && media.CodeOf(err) != media.CodeNotFound {
		t.Fatal(err)
	}
	return err == nil
}

// TestGroupKeepsOthers lets changes share a transaction of which some fail after
// they wrote.
func TestGroupKeepsOthers(t *testing.T) {
	c := openTest(t)
	stop := errors.New("stop")
	fails := func(id int64, how func() error) func(context.Context, *queries.Queries) error {
		return func(ctx context.Context, q *queries.Queries) error {
			return errors.Join(insert(id)(ctx, q), how())
		}
	}
	errs := together(t, c,
		insert(1),
		fails(2, func() error { return stop }),
		insert(3),
		fails(4, func() error { panic("tripped") }),
		func(ctx context.Context, q *queries.Queries) error { // a statement that fails
			_ = insert(5)(ctx, q)
			_, err := q.InsertSession(ctx, queries.InsertSessionParams{ID: 6, State: "no state", AdditionalOwners: "[]"})
			return err
		},
		insert(7),
	)
	for i, want := range []bool{true, false, true, false, false, false, true} {
		id := media.ID(i + 1)
		if c.has(t, id) != want {
			t.Errorf("session %d is there: %v", id, !want)
		}
	}
	if errs[0] != nil || errs[2] != nil || errs[5] != nil {
		t.Errorf("those that went well: %v", errs)
	}
	if !errors.Is(errs[1], stop) || errs[3] == nil || !strings.Contains(errs[3].Error(), "tripped") || errs[4] == nil {
		t.Errorf("those that did not: %v", errs)
	}
}

// TestGroupGetsCareful counts how often changes are made that share a transaction
// with one that fails.
func TestGroupGetsCareful(t *testing.T) {
	c := openTest(t)
	id := int64(0)
	share := func(err error) (runs int) {
		id += 2
		errs := together(t, c, insert(id), func(ctx context.Context, q *queries.Queries) error {
			runs++
			return errors.Join(insert(id+1)(ctx, q), err)
		})
		if errs[0] != nil || !errors.Is(errs[1], err) || !c.has(t, media.ID(id)) || c.has(t, media.ID(id+1)) != (err == nil) {
			t.Errorf("write gives %v, where one fails with %v", errs, err)
		}
		return runs
	}
	stop := errors.New("stop")
	if n := share(nil); n != 1 {
		t.Errorf("what goes well ran %d times", n)
	}
	if n := share(stop); n != 2 {
		t.Errorf("the first that fails ran %d times, want once more with a savepoint", n)
	}
	if n := share(stop); n != 1 {
		t.Errorf("the next that fails ran %d times, want once: it has a savepoint", n)
	}
	for range carefulFor {
		share(nil)
	}
	if n := share(stop); n != 2 {
		t.Errorf("one that fails much later ran %d times", n)
	}
}

// TestGroupCountsOnce prunes beside a change that fails, so that it is done twice.
func TestGroupCountsOnce(t *testing.T) {
	c := openTest(t)
	who := Account{ID: "1", Username: "one", PasswordHash: "hash", CreatedAt: time.UnixMilli(1000)}
	if err := c.CreateAccount(t.Context(), who); err != nil {
		t.Fatal(err)
	}
	in := SignIn{Hash: strings.Repeat("a", 64), User: who.ID, CreatedAt: time.UnixMilli(1000), ExpiresAt: time.UnixMilli(2000)}
	if ok, err := c.CreateSignIn(t.Context(), in, who.PasswordHash); err != nil || !ok {
		t.Fatal(ok, err)
	}
	stop := errors.New("stop")
	pruned := make(chan int64, 1)
	err := c.write(t.Context(), func(*queries.Queries) error {
		go func() {
			n, err := c.PruneGrants(t.Context(), time.UnixMilli(3000), 10)
			if err != nil {
				t.Error(err)
			}
			pruned <- n
		}()
		c.waitFor(1)
		go func() { _ = c.write(t.Context(), func(*queries.Queries) error { return stop }) }()
		c.waitFor(2)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := <-pruned; n != 1 {
		t.Errorf("%d rows were pruned, want 1", n)
	}
}

// waitFor waits until so many changes are in line.
func (c *Catalog) waitFor(n int) {
	for {
		c.group.mu.Lock()
		waiting := len(c.group.waiting)
		c.group.mu.Unlock()
		if waiting == n {
			return
		}
		runtime.Gosched()
	}
}

// TestGroupLosesItsTransaction undoes the whole transaction in the middle, as
// SQLite does when the disk is full: everybody else's change is made all the same.
func TestGroupLosesItsTransaction(t *testing.T) {
	c := openTest(t)
	stop := errors.New("stop")
	var tx queries.DBTX
	bind := c.group.bind
	c.group.bind = func(db queries.DBTX) queries.DBTX {
		tx = db
		return bind(db)
	}
	tries := 0
	errs := together(t, c, insert(1), func(ctx context.Context, _ *queries.Queries) error {
		tries++
		if _, err := tx.ExecContext(ctx, "ROLLBACK"); err != nil {
			t.Error(err)
		}
		return stop
	}, insert(2))
	if errs[0] != nil || !errors.Is(errs[1], stop) || errs[2] != nil {
		t.Errorf("write gives %v", errs)
	}
	if !c.has(t, 1) || !c.has(t, 2) {
		t.Error("a change is lost that went well")
	}
	if tries != 3 {
		t.Errorf("the one at fault ran %d times, want twice with the others, and once alone", tries)
	}
	if err := c.write(t.Context(), func(q *queries.Queries) error { return insert(3)(t.Context(), q) }); err != nil || !c.has(t, 3) {
		t.Errorf("the next write: %v", err)
	}
}

// TestGroupCancelled ends the contexts of a change that waits and of one that has
// begun, beside one that stays.
func TestGroupCancelled(t *testing.T) {
	c := openTest(t)
	waits, cancelWaits := context.WithCancel(t.Context())
	held, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = c.write(t.Context(), func(*queries.Queries) error {
			close(held)
			<-release
			return nil
		})
	})
	<-held
	cancelWaits()
	if err := c.write(waits, func(q *queries.Queries) error { return insert(1)(t.Context(), q) }); !errors.Is(err, context.Canceled) {
		t.Errorf("a change that waits gives %v", err)
	}
	close(release)
	wg.Wait()

	begun, cancelBegun := context.WithCancel(t.Context())
	defer cancelBegun()
	err := c.write(begun, func(q *queries.Queries) error {
		defer cancelBegun()
		return insert(3)(begun, q)
	})
	if !errors.Is(err, context.Canceled) || c.has(t, 3) {
		t.Errorf("a change whose context ended in it gives %v", err)
	}
	if err := c.write(t.Context(), func(q *queries.Queries) error { return insert(2)(t.Context(), q) }); err != nil {
		t.Error(err)
	}
	if !c.has(t, 2) || c.has(t, 1) {
		t.Error("the wrong change is there")
	}
}

// TestStepsNeedNoSync: commits go without a sync only where nothing that must be on
// stable storage is among them, and the connection is as before behind it.
func TestStepsNeedNoSync(t *testing.T) {
	c := openTest(t)
	conn, err := c.writer.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	of := func(ask func(context.Context, string, ...any) *sql.Row) (level int) {
		t.Helper()
		if err := ask(t.Context(), "PRAGMA synchronous").Scan(&level); err != nil {
			t.Fatal(err)
		}
		return level
	}
	const normal, full = 1, 2
	back, err := unsynced(t.Context(), conn)
	if err != nil || of(conn.QueryRowContext) != normal {
		t.Fatalf("without a sync the level is %d, %v", of(conn.QueryRowContext), err)
	}
	back()
	if err := conn.Close(); err != nil || of(c.writer.QueryRowContext) != full {
		t.Fatalf("then it is %d, %v", of(c.writer.QueryRowContext), err)
	}

	s := testSession(1)
	if err := c.CreateSession(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if _, took, err := c.BeginClosing(t.Context(), s.ID, "token", s.CreatedAt, s.CreatedAt); !took || err != nil || of(c.writer.QueryRowContext) != full {
		t.Errorf("behind a step: took it %v, %v, and the level is %d", took, err, of(c.writer.QueryRowContext))
	}
	stop := errors.New("stop")
	err = c.writeStep(t.Context(), func(q *queries.Queries, _ bool) error { return errors.Join(insert(2)(t.Context(), q), stop) })
	if !errors.Is(err, stop) || c.has(t, 2) || of(c.writer.QueryRowContext) != full {
		t.Errorf("behind one that failed: %v, it is there %v, and the level is %d", err, c.has(t, 2), of(c.writer.QueryRowContext))
	}
}

// TestGroupMany writes from many goroutines at once.
func TestGroupMany(t *testing.T) {
	c := openTest(t)
	const n = 200
	var wg sync.WaitGroup
	for i := range int64(n) {
		wg.Go(func() {
			err := c.write(t.Context(), func(q *queries.Queries) error { return insert(i+1)(t.Context(), q) })
			if err != nil {
				t.Errorf("change %d: %v", i, err)
			}
			if !c.has(t, media.ID(i+1)) {
				t.Errorf("change %d was acknowledged and is not there", i)
			}
		})
	}
	wg.Wait()
	if c.group.busy || len(c.group.waiting) != 0 {
		t.Errorf("afterwards somebody leads (%v) or waits (%d)", c.group.busy, len(c.group.waiting))
	}
}

// TestStatementsAreKept looks at what is prepared, and that lists are not.
func TestStatementsAreKept(t *testing.T) {
	c := openTest(t)
	for i := range 3 {
		id := media.ID(i + 1)
		if err := c.CreateSession(t.Context(), testSession(id)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Session(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if _, err := c.MediaList(t.Context(), make([]media.ID, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	kept := c.group.kept
	if len(kept.ready) == 0 {
		t.Error("no statement of the writer's is prepared")
	}
	for text := range kept.ready {
		if !strings.HasPrefix(text, generated) {
			t.Errorf("kept: %q", text)
		}
	}
	if len(kept.wanted) != 0 {
		t.Errorf("not prepared after a write: %v", kept.wanted)
	}
}
