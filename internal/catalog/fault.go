package catalog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"magpie/internal/media"
)

// during says which operation on what met err, nil if it met none. An error
// with words for the client keeps its place in the chain.
func during(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, fault(err))...)
}

// notFound turns "no rows" into words about what was looked for.
func notFound(err error, format string, args ...any) error {
	if errors.Is(err, sql.ErrNoRows) {
		return media.Errorf(media.CodeNotFound, format, args...)
	}
	return err
}

// fault gives a database's error a code where the client should read one.
func fault(err error) error {
	switch cause(err) {
	case causeFull:
		return &media.Error{
			Code:   media.CodeFull,
			Detail: "The server has no room to record this; it can be tried again once there is.",
			Cause:  err,
		}
	case causeLocked, causeConflict:
		e := media.Busy(time.Second, "The server's records are locked by another task; try again.")
		e.Cause = err
		return e
	case causeAway:
		e := media.Busy(2*time.Second, "The server can't reach its records just now; try again.")
		e.Cause = err
		return e
	}
	return err
}

type faultCause int

const (
	causeOther    faultCause = iota
	causeFull                // no room to write
	causeLocked              // others are in the way, and the wait was too long
	causeConflict            // lost against another transaction: it may be tried again at once
	causeAway                // the server was not reached, or went away
)

func cause(err error) faultCause {
	if err == nil {
		return causeOther
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return causeOfSQLite(lite.Code())
	}
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		return causeOfState(state.SQLState())
	}
	if errors.Is(err, errCrowded) {
		return causeLocked
	}
	var connect *pgconn.ConnectError
	var wire *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return causeOther
	case errors.As(err, &connect), errors.As(err, &wire), errors.Is(err, errRefused), errors.Is(err, driver.ErrBadConn),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, errSilent):
		return causeAway
	case errors.Is(err, context.DeadlineExceeded):
		return causeOther
	case pgconn.SafeToRetry(err): // a connection that was found to be closed
		return causeAway
	}
	return causeOther
}

func causeOfSQLite(code int) faultCause {
	switch code {
	// A quota or a lost device shows as a failed write, not as FULL.
	case sqlitelib.SQLITE_IOERR_WRITE, sqlitelib.SQLITE_IOERR_FSYNC, sqlitelib.SQLITE_IOERR_DIR_FSYNC,
		sqlitelib.SQLITE_IOERR_TRUNCATE, sqlitelib.SQLITE_IOERR_SHMSIZE:
		return causeFull
	}
	switch code & 0xff {
	case sqlitelib.SQLITE_FULL:
		return causeFull
	case sqlitelib.SQLITE_BUSY:
		return causeLocked
	}
	return causeOther
}

// isState tells one of PostgreSQL's codes.
func isState(err error, code string) bool {
	var state interface{ SQLState() string }
	return errors.As(err, &state) && state.SQLState() == code
}

// causeOfState reads PostgreSQL's codes.
// https://www.postgresql.org/docs/15/errcodes-appendix.html
func causeOfState(state string) faultCause {
	switch state {
	case "53100": // disk_full
		return causeFull
	case "55P03", "57014": // lock_not_available; query_canceled, which is the statement's time-out
		return causeLocked
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return causeConflict
	case "23503": // foreign_key_violation: the row was deleted after it was read
		return causeConflict
	case "53300", "25006": // too_many_connections; read_only_sql_transaction, after a failover
		return causeAway
	case "57P01", "57P02", "57P03", "57P05": // the server stops, starts, or ended an idle session
		return causeAway
	case "25P03": // idle_in_transaction_session_timeout
		return causeAway
	}
	if strings.HasPrefix(state, "08") { // connection_exception
		return causeAway
	}
	return causeOther
}
