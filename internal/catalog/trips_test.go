package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"magpie/internal/catalog/postgrestest"
	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// counter counts statements.
type counter struct {
	queries.DBTX
	n *int
}

func (c counter) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	*c.n++
	return c.DBTX.ExecContext(ctx, query, args...)
}

func (c counter) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	*c.n++
	return c.DBTX.QueryContext(ctx, query, args...)
}

func (c counter) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	*c.n++
	return c.DBTX.QueryRowContext(ctx, query, args...)
}

// TestRoundTrips holds what an upload asks of its database to a budget: in
// statements where it is a file, and in what goes over the wire where it is a
// server.
func TestRoundTrips(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		c := openTest(t)
		n := 0
		bind := bindSQLite(nil, nil)
		c.bind = func(db queries.DBTX) queries.DBTX { return counter{bind(db), &n} }
		c.group.bind = c.bind
		for _, step := range budget(t, c, 1) {
			before := c.Writes()
			n = 0
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			if n > step.statements || c.Writes()-before != step.writes {
				t.Errorf("%s: %d statements and %d transactions that write; want at most %d, and %d", step.name, n, c.Writes()-before, step.statements, step.writes)
			}
		}
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		s, err := postgrestest.Start()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Stop()
		if _, err := s.Create(t.Context(), "magpie", ""); err != nil {
			t.Fatal(err)
		}
		var trips postgrestest.Trips
		address, stop, err := s.Forward("127.0.0.1:0", trips.Watch)
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		c, err := OpenPostgres(t.Context(), "postgres://magpie@"+address+"/magpie?sslmode=disable", postgresOptions())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, step := range budget(t, c, 1) { // so that statements are prepared
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
		}
		trips.Take()
		for _, step := range budget(t, c, 2) {
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			got := trips.Take()
			// The pool looks at a connection that nobody used for a second, and at a new one.
			asked := slices.DeleteFunc(slices.Clone(got.Statements), func(s string) bool { return s == "-- ping" || s == "select pg_is_in_recovery()" })
			got.Trips -= len(got.Statements) - len(asked)
			got.Statements = asked
			most := step.statements
			if step.writes > 0 {
				most += 2 // its begin and its end
			}
			if len(got.Statements) > step.statements || got.Transactions != int(step.writes) || got.Trips > most {
				t.Errorf("%s: %d round trips, %d transactions, statements %v; want at most %d, %d, %d", step.name, got.Trips, got.Transactions, got.Statements, most, step.writes, step.statements)
			}
		}
	})
}

// spent is what one step of an upload may cost.
type spent struct {
	name       string
	statements int    // at most
	writes     uint64 // transactions that write
	do         func() error
}

// budget is what the steps of the upload with an id may cost.
func budget(t *testing.T, c *Catalog, id media.ID) []spent {
	ctx, now := t.Context(), time.UnixMilli(1500)
	ids := make([]media.ID, 100)
	for i := range ids {
		ids[i] = media.ID(i + 1)
	}
	token := fmt.Sprint("t", id)
	m := media.Media{ID: id, Owner: "1", Slug: fmt.Sprint("a", id), State: media.Pending}
	shot := testSession(id + 100)
	shot.State, shot.ClosingToken, shot.ClosingSince = media.SessionClosing, token, now
	made := media.Media{ID: shot.ID, Owner: "1", Slug: fmt.Sprint("b", id), State: media.InProgress, Attempt: 1, CreatedAt: now}
	var blanks []media.ID
	for i := range media.ID(32) {
		blanks = append(blanks, 1000*id+i)
	}
	blank := made
	blank.ID, blank.Slug = blanks[0], fmt.Sprint("c", id)
	outcome := media.Outcome{Width: 3}
	for _, name := range []string{"orig.png", "large.jpg", "medium.jpg", "small.jpg", "thumb.jpg"} {
		outcome.Renditions = append(outcome.Renditions, media.Rendition{Name: name, Blob: media.Blob{Key: "renditions/" + name, Size: 5}})
	}
	return []spent{
		{"initialize", 2, 1, func() error { return c.CreateSessionWithin(ctx, testSession(id), 1<<40) }},
		{"append", 1, 0, func() error { _, err := c.Session(ctx, id); return err }},
		{"finalize: begin", 1, 1, func() error { _, _, err := c.BeginClosing(ctx, id, token, now, time.Time{}); return err }},
		{"finalize: end", 4, 1, func() error { _, err := c.CloseSession(ctx, token, m, now); return err }},
		{"one-shot: begin", 2, 1, func() error { return c.CreateSessionWithin(ctx, shot, 1<<40) }},
		{"one-shot: end", 9, 1, func() error { _, _, err := c.CloseMade(ctx, token, made, outcome, now); return err }},
		{"one-shots: begin 32", 1, 1, func() error { _, err := c.CreateBlanks(ctx, blanks, token, now, now); return err }},
		{"one-shot: end of one of these", 10, 1, func() error { _, _, err := c.CloseMade(ctx, token, blank, outcome, now); return err }},
		{"status", 1, 0, func() error { _, err := c.Media(ctx, id); return err }},
		{"lookup of 100", 1, 0, func() error { _, err := c.ShownList(ctx, ids); return err }},
		{"media of 100", 1, 0, func() error { _, err := c.MediaList(ctx, ids); return err }},
		{"renditions of 100", 1, 0, func() error { _, err := c.Renditions(ctx, ids); return err }},
		{"metadata of 100", 1, 0, func() error { _, err := c.Metadata(ctx, ids); return err }},
		{"subtitles of 100", 1, 0, func() error { _, err := c.Subtitles(ctx, ids); return err }},
	}
}
