package delivery

import (
	"sync"
	"time"

	"magpie/internal/catalog"
)

// recentFor is how long what was read from the catalogue is taken from memory,
// and so how long what another process writes may take to act.
const recentFor = time.Second

// recentKept is of how many keys at least the last readings are in memory; there
// are never more than twice as many.
const recentKept = 2048

// recent remembers for a moment what was read from the catalogue: a player asks
// for many ranges of one file. Its methods may be used from many goroutines.
type recent[K comparable, V any] struct {
	now    func() time.Time
	writes func() uint64 // a number that is another after each write that should act at once

	mu  sync.Mutex
	new map[K]reading[V] // and once it is full
	old map[K]reading[V] // it becomes this, in whose place it was
}

type reading[V any] struct {
	value V
	stamp stamp
}

// stamp says how new something is that was read after it was taken.
type stamp struct {
	at     time.Time
	writes uint64
}

// newRecent makes one for what only time makes old.
func newRecent[K comparable, V any](now func() time.Time) *recent[K, V] {
	return &recent[K, V]{now: now, writes: func() uint64 { return 0 }, new: map[K]reading[V]{}}
}

// newRecentOf makes one in which a write by this process makes all old.
func newRecentOf[K comparable, V any](c *catalog.Catalog, now func() time.Time) *recent[K, V] {
	return &recent[K, V]{now: now, writes: c.Writes, new: map[K]reading[V]{}}
}

// get gives what is remembered of a key, unless it is old. The stamp is for put.
func (c *recent[K, V]) get(key K) (value V, taken stamp, ok bool) {
	taken = stamp{c.now(), c.writes()}
	c.mu.Lock()
	known, ok := c.new[key]
	if !ok {
		known, ok = c.old[key]
	}
	c.mu.Unlock()
	age := taken.at.Sub(known.stamp.at)
	if !ok || age < 0 || age >= recentFor || known.stamp.writes != taken.writes {
		return value, taken, false
	}
	return known.value, taken, true
}

// put remembers what was read after the stamp was taken.
func (c *recent[K, V]) put(key K, value V, taken stamp) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.new) >= recentKept {
		c.new, c.old = map[K]reading[V]{}, c.new
	}
	c.new[key] = reading[V]{value, taken}
}
