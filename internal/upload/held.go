package upload

import (
	"sync"

	"magpie/internal/media"
)

// held counts the bytes that each session keeps in the store, so that a session
// can't hold more than its allowance. The store's listing is the truth: a
// session's count begins with it and is dropped when the session is idle here,
// so the room stays small. Processes that share a store count apart; each may
// let the session go past by what the others took in meanwhile, and Finalize
// still checks the sum.
type held struct {
	mu       sync.Mutex
	sessions map[media.ID]*tally
}

type tally struct {
	users int // appends that hold it now
	once  sync.Once
	err   error
	mu    sync.Mutex
	bytes int64
}

func newHeld() *held { return &held{sessions: map[media.ID]*tally{}} }

// acquire gives the session's tally, counting what is stored on first use.
// release must follow.
func (h *held) acquire(id media.ID, count func() (int64, error)) (*tally, error) {
	h.mu.Lock()
	t := h.sessions[id]
	if t == nil {
		t = &tally{}
		h.sessions[id] = t
	}
	t.users++
	h.mu.Unlock()
	t.once.Do(func() { t.bytes, t.err = count() })
	if t.err != nil {
		h.release(id, t)
		return nil, t.err
	}
	return t, nil
}

func (h *held) release(id media.ID, t *tally) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.users--; t.users == 0 && h.sessions[id] == t {
		delete(h.sessions, id)
	}
}

// take adds n bytes unless that would pass limit.
func (t *tally) take(n, limit int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bytes+n > limit {
		return false
	}
	t.bytes += n
	return true
}

// give returns n bytes that were not kept.
func (t *tally) give(n int64) {
	t.mu.Lock()
	t.bytes -= n
	t.mu.Unlock()
}
