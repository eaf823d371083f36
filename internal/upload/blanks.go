package upload

import (
	"context"
	"slices"
	"sync"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// blanks are sessions that are nobody's yet: rows that were written for small
// one-shot uploads before these came, many by one transaction, so that such an upload
// waits for one alone, its own. How many there are follows what is asked for.
// What nobody takes is left to the sweep, and so is what a crash forgets.
type blanks struct {
	mu     sync.Mutex
	left   []media.ID // in ascending order
	token  string     // which closes each
	at     time.Time  // when their ids were made
	made   int        // how many
	making bool
}

const (
	// blankFresh is how old a blank may be: its id tells when it was made, and lists
	// are in the order of ids.
	blankFresh = time.Second
	mostBlanks = 32
)

// take gives one that is there.
func (b *blanks) take(now time.Time) (media.ID, string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.fresh(now) || len(b.left) == 0 {
		return 0, "", false
	}
	id := b.left[0]
	b.left = b.left[1:]
	return id, b.token, true
}

// fresh reports whether what was made last may still be taken. A clock that was set
// back makes it stale.
func (b *blanks) fresh(now time.Time) bool {
	age := now.Sub(b.at)
	return age >= 0 && age < blankFresh
}

// more says how many are to be made by whoever found none and makes one: with it
// twice as many as last time where these were used up while they were fresh, and
// none where somebody makes some. put follows, unless whoever it was fails: then
// the next may try once this is stale.
func (b *blanks) more(now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fresh(now) && (b.making || len(b.left) > 0) {
		return 0
	}
	if !b.fresh(now) {
		b.made = 0
	}
	b.made = min(max(1, 2*b.made), mostBlanks)
	b.left, b.at, b.making = nil, now, b.made > 1
	return b.made - 1
}

// put has those taken that were made, after more asked for some at that time. Where
// that took so long that somebody else makes newer ones, these are left to the sweep.
func (b *blanks) put(at time.Time, ids []media.ID, token string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !at.Equal(b.at) {
		return
	}
	b.making = false
	b.left, b.token = ids, token
}

// blank gives a session that is nobody's, and what writes its row, if it isn't
// written, once.
func (s *Sessions) blank(ctx context.Context) (id media.ID, token string, begun func() error, err error) {
	now := s.now()
	if id, token, ok := s.blanks.take(now); ok {
		return id, token, once(func() error { s.cfg.Watch.opened(ctx); return nil }), nil
	}
	if token, err = s.name(12); err != nil {
		return 0, "", nil, err
	}
	ids := make([]media.ID, 1+s.blanks.more(now))
	for i := range ids {
		if ids[i], err = s.newID(now); err != nil {
			return 0, "", nil, err
		}
	}
	slices.Sort(ids) // who comes first has the lowest
	return ids[0], token, once(func() error { return s.makeBlanks(ctx, ids, token, now) }), nil
}

// makeBlanks writes rows, of which the first is taken.
func (s *Sessions) makeBlanks(ctx context.Context, ids []media.ID, token string, now time.Time) error {
	made, err := s.catalog.CreateBlanks(ctx, ids, token, now, now.Add(min(oneShotLifetime, s.cfg.Lifetime)+blankFresh))
	mine := err == nil && len(made) > 0 && made[0] == ids[0]
	if mine {
		made = made[1:]
	}
	if len(ids) > 1 {
		s.blanks.put(now, made, token)
	}
	if err == nil && !mine {
		err = catalog.ErrConflict
	}
	if err == nil {
		s.cfg.Watch.opened(ctx)
	}
	return err
}
