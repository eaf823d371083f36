package catalog

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

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
	case causeLocked:
		e := media.Busy(time.Second, "The server's records are locked by another task; try again.")
		e.Cause = err
		return e
	}
	return err
}

type faultCause int

const (
	causeOther faultCause = iota
	causeFull
	causeLocked
)

func cause(err error) faultCause {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() {
		// A quota or a lost device shows as a failed write, not as FULL.
		case sqlitelib.SQLITE_IOERR_WRITE, sqlitelib.SQLITE_IOERR_FSYNC, sqlitelib.SQLITE_IOERR_DIR_FSYNC,
			sqlitelib.SQLITE_IOERR_TRUNCATE, sqlitelib.SQLITE_IOERR_SHMSIZE:
			return causeFull
		}
		switch lite.Code() & 0xff {
		case sqlitelib.SQLITE_FULL:
			return causeFull
		case sqlitelib.SQLITE_BUSY:
			return causeLocked
		}
		return causeOther
	}
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		switch state.SQLState() {
		case "53100": // disk_full
			return causeFull
		case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
			return causeLocked
		}
	}
	return causeOther
}
