package auth

import (
	"context"
	"sync"
	"time"

	"magpie/internal/catalog"
)

// known remembers tokens, so that a client's many requests look its own up once.
// Where the catalogue tells whether anybody wrote, what is remembered holds until
// then; elsewhere for knownFor, which is then how long a revoked token may last.
type known struct {
	catalog *catalog.Catalog
	now     func() time.Time

	mu  sync.Mutex
	new map[string]knownToken // by hash; once it is full
	old map[string]knownToken // it becomes this, in whose place it was
}

type knownToken struct {
	row  catalog.Token
	when knownWhen
}

// knownWhen is when something was read.
type knownWhen struct {
	at      time.Time
	version int64
	exact   bool // whether the version tells
}

const (
	knownFor  = time.Second
	knownMost = 2048 // in either map
)

func newKnown(c *catalog.Catalog, now func() time.Time) *known {
	return &known{catalog: c, now: now, new: map[string]knownToken{}}
}

// token gives the token with this hash. One that is not there is CodeNotFound,
// and not remembered.
func (k *known) token(ctx context.Context, hash string) (catalog.Token, error) {
	version, exact, err := k.catalog.Version(ctx)
	when := knownWhen{k.now(), version, exact && err == nil}
	if row, ok := k.remembered(hash, when); ok && err == nil {
		return row, nil
	}
	row, err := k.catalog.TokenByHash(ctx, hash)
	if err == nil {
		k.remember(hash, knownToken{row, when})
	}
	return row, err
}

func (k *known) remembered(hash string, now knownWhen) (catalog.Token, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t, ok := k.new[hash]
	if !ok {
		t, ok = k.old[hash]
	}
	age := now.at.Sub(t.when.at)
	fresh := now.exact && t.when.exact && now.version == t.when.version || !now.exact && age >= 0 && age < knownFor
	return t.row, ok && fresh
}

func (k *known) remember(hash string, t knownToken) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.new) >= knownMost {
		k.new, k.old = map[string]knownToken{}, k.new
	}
	k.new[hash] = t
}
