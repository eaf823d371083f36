package catalog

import (
	"context"
	"database/sql"
	"strings"
	"sync"
)

// statements keeps the generated queries prepared on the connections of one
// pool: reading the text of a small statement costs SQLite several times what
// running it does. Texts that are put together for one call, such as lists of
// ids, are not kept, so what it holds is bounded by the number of queries there
// are. Closing the pool closes the statements.
type statements struct {
	db *sql.DB

	mu     sync.RWMutex
	ready  map[string]*sql.Stmt // by the text before sqliteText
	wanted map[string]bool
}

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, ready: map[string]*sql.Stmt{}, wanted: map[string]bool{}}
}

// generated begins the text of every query that sqlc made.
const generated = "-- name: "

// of gives the prepared statement of a query. It is nil for one that is not
// kept, and for one that is seen for the first time, which prepare then sees to.
func (s *statements) of(query string) *sql.Stmt {
	if s == nil || !strings.HasPrefix(query, generated) {
		return nil
	}
	s.mu.RLock()
	stmt := s.ready[query]
	s.mu.RUnlock()
	if stmt == nil {
		s.mu.Lock()
		s.wanted[query] = true
		s.mu.Unlock()
	}
	return stmt
}

// prepare prepares what was asked for. It needs a connection of the pool, so it
// is called by nobody who holds one. A statement that can't be prepared is run
// from its text, and that then says why.
func (s *statements) prepare(ctx context.Context) {
	if s == nil {
		return
	}
	s.mu.RLock()
	n := len(s.wanted)
	s.mu.RUnlock()
	if n == 0 {
		return
	}
	s.mu.Lock()
	texts := s.wanted
	s.wanted = map[string]bool{}
	s.mu.Unlock()
	for text := range texts {
		stmt, err := s.db.PrepareContext(ctx, sqliteText(text))
		if err != nil {
			continue
		}
		s.mu.Lock()
		if s.ready[text] == nil {
			s.ready[text], stmt = stmt, nil
		}
		s.mu.Unlock()
		if stmt != nil { // somebody else was as quick
			_ = stmt.Close()
		}
	}
}
