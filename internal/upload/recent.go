package upload

import (
	"context"
	"sync"
	"time"

	"magpie/internal/media"
)

// recent remembers open sessions for a moment, so that each of many segments
// costs one read of its row at most: the one after it is stored, which decides, and
// for which what is remembered stands only where nobody has written since. Before,
// it tells early what would be refused then.
type recent struct {
	mu       sync.Mutex
	sessions map[media.ID]recentSession
}

type recentSession struct {
	media.Session
	until time.Time
	asOf  asOf
}

// asOf is the catalogue's version before a session was read; the zero value where that
// is not known, or where the catalogue has none.
type asOf struct {
	version int64
	known   bool
}

const (
	recentFor = 30 * time.Second
	maxRecent = 10_000
)

func newRecent() *recent { return &recent{sessions: map[media.ID]recentSession{}} }

func (r *recent) session(id media.ID, now time.Time) (media.Session, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.sessions[id]
	return s.Session, ok && now.Before(s.until)
}

// since gives a session that was read when the catalogue had this version, and
// remembers it for longer.
func (r *recent) since(id media.ID, version asOf, now time.Time) (media.Session, bool) {
	if !version.known {
		return media.Session{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.sessions[id]
	if !ok || s.asOf != version {
		return media.Session{}, false
	}
	s.until = now.Add(recentFor)
	r.sessions[id] = s
	return s.Session, true
}

// note remembers a session as it was read at now, if it is open.
func (r *recent) note(s media.Session, version asOf, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.State != media.SessionOpen {
		delete(r.sessions, s.ID)
		return
	}
	if len(r.sessions) >= maxRecent {
		clear(r.sessions)
	}
	r.sessions[s.ID] = recentSession{s, now.Add(recentFor), version}
}

func (r *recent) forget(id media.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sessions, id)
}

// version is how the catalogue is now: what is read afterwards holds while it stays.
func (s *Sessions) version(ctx context.Context) asOf {
	n, ok, err := s.catalog.Version(ctx)
	return asOf{n, ok && err == nil}
}

// appendable is Session, as it was a moment ago at most.
func (s *Sessions) appendable(ctx context.Context, user string, id media.ID) (media.Session, error) {
	now := s.now()
	if session, ok := s.recent.session(id, now); ok && session.UsableBy(user) {
		return session, nil
	}
	version := s.version(ctx)
	session, err := s.Session(ctx, user, id)
	if err == nil {
		s.recent.note(session, version, now)
	}
	return session, err
}

// latest is a session with all that anybody had committed when this was called.
func (s *Sessions) latest(ctx context.Context, id media.ID) (media.Session, error) {
	version := s.version(ctx)
	if session, ok := s.recent.since(id, version, s.now()); ok {
		return session, nil
	}
	session, err := s.catalog.Session(ctx, id)
	if err == nil {
		s.recent.note(session, version, s.now())
	}
	return session, err
}
