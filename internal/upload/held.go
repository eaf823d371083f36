package upload

import (
	"sync"

	"magpie/internal/media"
)

// maxTallies is how many sessions held remembers; idle ones beyond that are
// counted again when they go on.
const maxTallies = 10_000

// held counts the bytes that each session keeps in the store, so that a session
// can't hold more than its allowance. The store's listing is the truth: a count
// begins with it, and then follows what this process takes in. Processes that
// share a store count apart; each may let a session go past by what the others
// took in meanwhile, and Finalize still checks the sum.
type held struct {
	mu       sync.Mutex
	sessions map[media.ID]*tally
}

type tally struct {
	id    media.ID
	users int  // appends that use it now
	over  bool // to be dropped with its last user
	mu    sync.Mutex
	bytes int64
	kept  int64 // of them: what is stored, and not on its way
}

func newHeld() *held { return &held{sessions: map[media.ID]*tally{}} }

// begin remembers a session that is new and so holds nothing.
func (h *held) begin(id media.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sessions[id] == nil {
		h.makeRoom()
		h.sessions[id] = &tally{id: id}
	}
}

// acquire gives the session's tally, with count for what is stored already.
// release must follow.
func (h *held) acquire(id media.ID, count func() (int64, error)) (*tally, error) {
	if t := h.known(id); t != nil {
		return t, nil
	}
	n, err := count() // may be slow; whoever counts along is done sooner or later
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.sessions[id]
	if t == nil {
		h.makeRoom()
		t = &tally{id: id, bytes: n, kept: n}
		h.sessions[id] = t
	}
	t.users++
	return t, nil
}

func (h *held) known(id media.ID) *tally {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.sessions[id]
	if t != nil {
		t.users++
	}
	return t
}

// makeRoom forgets some idle sessions when there are many.
func (h *held) makeRoom() {
	for id, t := range h.sessions {
		if len(h.sessions) < maxTallies {
			return
		}
		if t.users == 0 {
			delete(h.sessions, id)
		}
	}
}

func (h *held) release(t *tally) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t.users--
	h.drop(t)
}

// forget drops a session that takes no more segments, once those on their way
// have come: a new count would not see them.
func (h *held) forget(id media.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.sessions[id]; t != nil {
		t.over = true
		h.drop(t)
	}
}

func (h *held) drop(t *tally) {
	if t.over && t.users == 0 {
		delete(h.sessions, t.id)
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

// keep says that n bytes that were taken are stored.
func (t *tally) keep(n int64) {
	t.mu.Lock()
	t.kept += n
	t.mu.Unlock()
}

// fits reports whether n bytes would have room but for what is on its way.
func (t *tally) fits(n, limit int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kept+n <= limit
}

// exceeds reports whether more is held than so many bytes.
func (t *tally) exceeds(limit int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes > limit
}

// sum is how many bytes are held.
func (t *tally) sum() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes
}

// give returns n bytes that were not kept.
func (t *tally) give(n int64) {
	t.mu.Lock()
	t.bytes -= n
	t.mu.Unlock()
}
