// Package catalog is everything magpie remembers, in SQL: upload sessions,
// media with their manifests and renditions, metadata, and access tokens; users'
// accounts, clients, and what the ones let the others do. Each method of Catalog
// is one transaction whose comment is its contract, and each step of a life
// (open to closing, pending to in progress, …) is a compare-and-set on the row,
// so that any number of processes may try the same step and one succeeds.
//
// It holds no bytes of any upload, only the names of blobs; it sends nothing,
// schedules nothing and decides nothing about who may see what.
//
// With PostgreSQL (OpenPostgres), the transactions that write are READ COMMITTED:
// each statement sees what was committed before it began. So whatever a
// transaction reads and builds on is locked by it (FOR UPDATE, or by being changed
// first), and where it locks several rows they are of the session before its media
// before its other rows, and of many in order. Reading several things at one
// instant is REPEATABLE READ. What loses to a deadlock, or to a row that was
// deleted under it, is run again. Events are numbered by the row event_counter,
// which stays locked from the number to the commit, so whoever reads events after
// one with some id never misses an earlier one that was committed late.
//
// On disk, with SQLite: the file at the path given, readable by its owner only,
// and beside it -wal and -shm while it is open or after a crash. A commit is on
// stable storage before its method returns. Several processes may have it open.
//
// Times are kept to the millisecond in UTC: what is read back is what was
// stored without what is below a millisecond, and the zero time (or the instant
// 1970-01-01T00:00:00Z) comes back as the zero time. Empty lists come back nil.
//
// Errors: what is not there is a *media.Error with media.CodeNotFound; no room
// to write is media.CodeFull; a database that another process keeps locked is
// media.CodeBusy, and so is a database server that can't be reached; all others
// are wrapped causes. After an error from a writing
// method nothing was written, unless the context ended or the connection broke
// while it committed: then it may have been.
//
// Text that PostgreSQL can't hold, a NUL or what is not UTF-8, is kept and looked
// for with U+FFFD in its place.
//
// The SQL in queries/ is one text for SQLite and PostgreSQL; catalogtest holds
// every database to the comments here.
package catalog
