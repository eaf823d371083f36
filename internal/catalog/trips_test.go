package catalog

import (
	"context"
	"database/sql"
	"testing"
	"time"

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

// TestRoundTrips holds what an upload asks of its database to a budget. The same
// statements run on PostgreSQL, where each is a round trip.
func TestRoundTrips(t *testing.T) {
	c := openTest(t)
	n := 0
	bind := bindSQLite(nil, nil)
	c.bind = func(db queries.DBTX) queries.DBTX { return counter{bind(db), &n} }
	c.group.bind = c.bind
	ctx, now := t.Context(), time.UnixMilli(1500)
	ids := make([]media.ID, 100)
	for i := range ids {
		ids[i] = media.ID(i + 1)
	}
	m := media.Media{ID: 1, Owner: "1", Slug: "a", State: media.Pending}
	for _, step := range []struct {
		name               string
		statements, writes uint64 // at most; transactions that write
		do                 func() error
	}{
		{"initialize", 3, 1, func() error { return c.CreateSessionWithin(ctx, testSession(1), 1<<40) }},
		{"append", 1, 0, func() error { _, err := c.Session(ctx, 1); return err }},
		{"finalize: begin", 1, 1, func() error { _, _, err := c.BeginClosing(ctx, 1, "t", now, time.Time{}); return err }},
		{"finalize: end", 5, 1, func() error { _, err := c.CloseSession(ctx, "t", m, now); return err }},
		{"status", 1, 0, func() error { _, err := c.Media(ctx, 1); return err }},
		{"lookup of 100", 1, 0, func() error { _, err := c.MediaList(ctx, ids); return err }},
		{"renditions of 100", 1, 0, func() error { _, err := c.Renditions(ctx, ids); return err }},
		{"metadata of 100", 1, 0, func() error { _, err := c.Metadata(ctx, ids); return err }},
	} {
		before := c.Writes()
		n = 0
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if uint64(n) > step.statements || c.Writes()-before != step.writes {
			t.Errorf("%s: %d statements and %d transactions that write; want at most %d, and %d", step.name, n, c.Writes()-before, step.statements, step.writes)
		}
	}
}
