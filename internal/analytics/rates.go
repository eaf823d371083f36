package analytics

import (
	"sync"
	"time"
)

const (
	// perMinute is how many messages are taken under one token within a minute.
	perMinute = 60
	// maxTracked is how many tokens are kept an eye on at once. Past it new ones
	// are not counted until the minute is over: what they could add is bounded by
	// what counts of a token.
	maxTracked = 200_000
)

// rates counts messages of each session in fixed windows of a minute. It is in
// memory: forgotten at a restart, it does no harm.
type rates struct {
	limit, tracked int

	mu     sync.Mutex
	window int64
	counts map[string]int
}

func newRates(limit, tracked int) *rates {
	return &rates{limit: limit, tracked: tracked, counts: map[string]int{}}
}

// take counts one message, or says how long to wait for the next window.
func (r *rates) take(session string, now time.Time) (wait time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	window := now.Unix() / 60
	if window != r.window {
		r.window, r.counts = window, map[string]int{}
	}
	n, known := r.counts[session]
	if n >= r.limit {
		return time.Unix((window+1)*60, 0).Sub(now), false
	}
	if known || len(r.counts) < r.tracked {
		r.counts[session] = n + 1
	}
	return 0, true
}
