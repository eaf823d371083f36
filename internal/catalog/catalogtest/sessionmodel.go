package catalogtest

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// testSessionModel runs random calls on one session beside a model of it.
func testSessionModel(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	c := open(t)
	var next media.ID
	rapid.Check(t, func(t *rapid.T) {
		next++
		create(t, c, next)
		m := &sessionModel{c: c, want: session(next)}
		steps(t, map[string]func(*rapid.T){
			"begin":  m.begin,
			"reopen": m.reopen,
			"close":  m.close,
			"expire": m.expire,
			"prune":  m.prune,
			"again":  m.createAgain,
			"":       m.check,
		})
	})
}

type sessionModel struct {
	c      *catalog.Catalog
	want   media.Session
	media  *media.Media
	pruned bool
}

// now is any instant, not in order: clocks of several servers differ.
func now(t *rapid.T, label string) int {
	return rapid.SampledFrom([]int{1, 500, 998, 999, 1000, 1001, 1500, 2000}).Draw(t, label)
}

func token(t *rapid.T) string { return rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "token") }

func (m *sessionModel) begin(t *rapid.T) {
	token, now, stale := token(t), now(t, "now"), now(t, "stale before")
	got, took, err := m.c.BeginClosing(t.Context(), m.want.ID, token, at(now), at(stale))
	if m.pruned {
		wantNotFound(t, "BeginClosing", err)
		return
	}
	may := m.want.State == media.SessionOpen && m.want.ExpiresAt.After(at(now)) ||
		m.want.State == media.SessionClosing && m.want.ClosingSince.Before(at(stale))
	want(t, "BeginClosing", took, err, may)
	if may {
		m.want.State = media.SessionClosing
		m.want.ClosingToken = token
		m.want.ClosingSince = at(now)
	}
	wantEqual(t, got, m.want)
}

func (m *sessionModel) held(token string) bool {
	return !m.pruned && m.want.State == media.SessionClosing && m.want.ClosingToken == token
}

func (m *sessionModel) end(state media.SessionState, now int) {
	m.want.State = state
	m.want.ClosingToken = ""
	m.want.ClosingSince = session(0).ClosingSince
	if state != media.SessionOpen {
		m.want.EndedAt = at(now)
	}
}

func (m *sessionModel) reopen(t *rapid.T) {
	token := token(t)
	ok, err := m.c.Reopen(t.Context(), m.want.ID, token)
	want(t, "Reopen", ok, err, m.held(token))
	if ok {
		m.end(media.SessionOpen, 0)
	}
}

func (m *sessionModel) close(t *rapid.T) {
	token, now := token(t), now(t, "now")
	became := finalized(m.want.ID)
	became.Slug = fmt.Sprint("slug", m.want.ID)
	ok, err := m.c.CloseSession(t.Context(), token, became, at(now))
	want(t, "CloseSession", ok, err, m.held(token))
	if ok {
		m.end(media.SessionClosed, now)
		m.media = &became
	}
}

func (m *sessionModel) expire(t *rapid.T) {
	now, stale := now(t, "now"), now(t, "stale before")
	ids, err := m.c.ExpireSessions(t.Context(), at(now), at(stale), 1_000_000)
	may := !m.pruned && !m.want.ExpiresAt.After(at(now)) &&
		(m.want.State == media.SessionOpen ||
			m.want.State == media.SessionClosing && m.want.ClosingSince.Before(at(stale)))
	want(t, "ExpireSessions", slices.Contains(ids, m.want.ID), err, may)
	if may {
		m.end(media.SessionExpired, now)
	}
}

func (m *sessionModel) prune(t *rapid.T) {
	before := now(t, "before")
	ids, err := m.c.Prune(t.Context(), at(before), 1_000_000)
	may := !m.pruned && m.want.State == media.SessionExpired && m.want.EndedAt.Before(at(before))
	want(t, "Prune", slices.Contains(ids, m.want.ID), err, may)
	m.pruned = m.pruned || may
}

func (m *sessionModel) createAgain(t *rapid.T) {
	if m.pruned {
		return
	}
	wantConflict(t, "CreateSession", m.c.CreateSession(t.Context(), session(m.want.ID)))
}

func (m *sessionModel) check(t *rapid.T) {
	if m.pruned {
		_, err := m.c.Session(t.Context(), m.want.ID)
		wantNotFound(t, "Session", err)
	} else {
		wantSession(t, m.c, m.want)
	}
	if m.media != nil {
		wantMedia(t, m.c, *m.media)
		return
	}
	_, err := m.c.Media(t.Context(), m.want.ID)
	wantNotFound(t, "Media", err)
}
