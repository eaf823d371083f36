package upload

import (
	"context"
	"sync"
	"time"

	"magpie/internal/media"
)

// recent remembers open sessions for a moment, so that each of many segments
// costs one read of its row: the one after it is stored, which decides. What is
// remembered only tells early what would be refused then.
type recent struct {
	mu       sync.Mutex
	sessions map[media.ID]recentSession
}

type recentSession struct {
	media.Session
	until time.Time
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

// note remembers a session as it was read at now, if it is open.
func (r *recent) note(s media.Session, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.State != media.SessionOpen {
		delete(r.sessions, s.ID)
		return
	}
	if len(r.sessions) >= maxRecent {
		clear(r.sessions)
	}
	r.sessions[s.ID] = recentSession{s, now.Add(recentFor)}
}

func (r *recent) forget(id media.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sessions, id)
}

// appendable is Session, as it was a moment ago at most.
func (s *Sessions) appendable(ctx context.Context, user string, id media.ID) (media.Session, error) {
	now := s.now()
	if session, ok := s.recent.session(id, now); ok && session.UsableBy(user) {
		return session, nil
	}
	session, err := s.Session(ctx, user, id)
	if err == nil {
		s.recent.note(session, now)
	}
	return session, err
}
