package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// serverName is what the connections of a server are called on a PostgreSQL
// server.
const serverName = "magpie"

// tables are all tables but those about the schema, those that others refer to
// before them.
func tables() []string {
	return []string{
		"session", "part", "tus", "media", "rendition", "metadata", "subtitle", "fault", "redo", "history", "audit", "manager",
		"playback_hour", "playback_owner", "playback_total", "playback_seen", "playback_offset",
		"search", "mention", "kept", "storage",
		"account", "signin", "client", "consent", "code", "refresh_token", "user_token", "token", "console_session", "signing_key", "deed",
		"event", "event_counter", "webhook", "webhook_delivery",
	}
}

// CopyFrom takes over every row of another catalogue, of the same schema, in one
// transaction, so that all are there or none. It reads the other as it is at one
// instant. This one must be empty, and with PostgreSQL nobody else can use it
// meanwhile; one that has rows is a *media.Error of media.CodeConflict. told is
// called once for each table.
func (c *Catalog) CopyFrom(ctx context.Context, from *Catalog, told func(table string, rows int64)) error {
	if c.writer == nil {
		return errReadOnly
	}
	return during(c.copyFrom(ctx, from, told), "copy the catalogue")
}

func (c *Catalog) copyFrom(ctx context.Context, from *Catalog, told func(table string, rows int64)) error {
	source, err := from.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return err
	}
	defer source.Rollback()
	target, err := c.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer target.Rollback()
	read, write := from.bound(source), c.bound(target)
	for _, of := range []struct {
		*Catalog
		db queries.DBTX
	}{{from, read}, {c, write}} {
		if of.link == nil {
			continue
		}
		// One table may take longer to read than any request does, and one side
		// waits while the other works.
		if _, err := of.db.ExecContext(ctx, "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
			return err
		}
	}
	if c.link != nil {
		if _, err := write.ExecContext(ctx, "LOCK TABLE "+strings.Join(tables(), ", ")+" IN ACCESS EXCLUSIVE MODE"); err != nil {
			return err
		}
	}
	if err := emptyIn(ctx, write); err != nil {
		return err
	}
	if _, err := write.ExecContext(ctx, "DELETE FROM event_counter"); err != nil {
		return err
	}
	for _, table := range tables() {
		n, err := copyTable(ctx, write, read, table)
		if err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		told(table, n)
	}
	return ended(ctx, target.Commit())
}

// bound fits a transaction to the SQL that the queries are written in.
func (c *Catalog) bound(tx *sql.Tx) queries.DBTX {
	if c.link != nil {
		return postgresDB{tx}
	}
	return c.bind(tx)
}

// copyRows and copyBytes bound what one statement writes: a row with the longest
// manifest has some 200 kB.
const (
	copyRows  = 200
	copyBytes = 1 << 20
)

func copyTable(ctx context.Context, to, from queries.DBTX, table string) (n int64, err error) {
	rows, err := from.QueryContext(ctx, "SELECT * FROM "+table)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	var args []any
	bytes := 0
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		_, err := to.ExecContext(ctx, insertText(table, columns, len(args)/len(columns)), args...)
		args, bytes = nil, 0
		return err
	}
	for rows.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return n, err
		}
		for i, v := range values {
			if b, ok := v.([]byte); ok {
				values[i] = string(b)
			}
			if s, ok := values[i].(string); ok {
				bytes += len(s)
			}
		}
		args = append(args, values...)
		n++
		if len(args) == copyRows*len(columns) || bytes >= copyBytes {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
	return n, errors.Join(rows.Err(), flush())
}

// insertText inserts so many rows.
func insertText(table string, columns []string, rows int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", table, strings.Join(columns, ", "))
	for i := range rows * len(columns) {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%len(columns) == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	return b.String() + ")"
}

// Empty is a *media.Error of media.CodeConflict, which says in words what is
// there, for a catalogue that somebody has used.
func (c *Catalog) Empty(ctx context.Context) error {
	db := queries.DBTX(c.reader)
	if c.link == nil {
		db = c.bind(c.reader)
	}
	return during(emptyIn(ctx, db), "look whether the catalogue is empty")
}

func emptyIn(ctx context.Context, db queries.DBTX) error {
	for _, table := range tables() {
		if table == "deed" { // commands that were refused leave some
			continue
		}
		query := "SELECT count(*) FROM (SELECT 1 FROM " + table + " LIMIT 1) AS found"
		if table == "event_counter" { // which has its row from the beginning
			query = "SELECT count(*) FROM event_counter WHERE last > 0"
		}
		var found int64
		if err := db.QueryRowContext(ctx, query).Scan(&found); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		if found > 0 {
			return media.Errorf(media.CodeConflict, "the catalogue is not empty: its table %s has rows", table)
		}
	}
	return nil
}

// Others counts the connections that other magpies have to the same database,
// those of servers and of commands. It is 0 for one that is a file. Servers whose
// URL gives their connections another name are not seen.
func (c *Catalog) Others(ctx context.Context) (n int64, err error) {
	if c.link == nil {
		return 0, nil
	}
	err = c.reader.QueryRowContext(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1", serverName).Scan(&n)
	return n, during(err, "see who else uses the database")
}

// Standing is a text that is another once uploads have begun or ended, or media
// have changed.
func (c *Catalog) Standing(ctx context.Context) (string, error) {
	db := queries.DBTX(c.reader)
	if c.link == nil {
		db = c.bind(c.reader)
	}
	var n [4]int64
	err := db.QueryRowContext(ctx, `SELECT (SELECT last FROM event_counter WHERE id = 1), (SELECT count(*) FROM session),
    (SELECT count(*) FROM media), (SELECT CAST(coalesce(sum(attempt), 0) AS BIGINT) FROM media)`).Scan(&n[0], &n[1], &n[2], &n[3])
	return fmt.Sprint(n), during(err, "see how the catalogue stands")
}
