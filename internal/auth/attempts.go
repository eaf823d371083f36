package auth

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"magpie/internal/media"
)

// How many sign-ins may go wrong before the next has to wait: of one username
// from one address, of one address, and of one username from anywhere. The wait
// begins at a second and doubles up to the most. A username's own wait is short,
// so that nobody can keep its owner out.
const (
	pairFree, pairMost       = 5, 15 * time.Minute
	addressFree, addressMost = 50, 15 * time.Minute
	nameFree, nameMost       = 50, 10 * time.Second

	forgetAfter = time.Hour // without another one that goes wrong
	maxTries    = 30_000    // usernames and addresses that are remembered
)

// Attempts slows down who guesses passwords. It remembers nothing over a
// restart. Its methods may be used from many goroutines.
type Attempts struct {
	now func() time.Time

	mu    sync.Mutex
	tries map[string]tries
}

// tries are the sign-ins of somebody that went wrong.
type tries struct {
	wrong int
	last  time.Time
	until time.Time // when the next may be
}

// NewAttempts makes Attempts.
func NewAttempts(now func() time.Time) *Attempts {
	return &Attempts{now: now, tries: map[string]tries{}}
}

// bound is what one key of an attempt may do.
type bound struct {
	key  string
	free int
	most time.Duration
}

func boundsOf(username, address string) []bound {
	username = strings.ToLower(username)
	if len(username) > 64 { // longer than any that exists
		username = username[:64]
	}
	address = network(address)
	return []bound{
		{"pair " + address + " " + username, pairFree, pairMost},
		{"address " + address, addressFree, addressMost},
		{"name " + username, nameFree, nameMost},
	}
}

// Begin counts an attempt to sign in with a username from an address, host or
// host:port, as one that goes wrong until Right is called. If too many went
// wrong before, it is not counted but refused as CodeRateLimited with
// RetryAfter.
func (a *Attempts) Begin(username, address string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	bounds := boundsOf(username, address)
	var wait time.Duration
	for _, b := range bounds {
		wait = max(wait, a.tries[b.key].until.Sub(now))
	}
	if wait > 0 {
		e := media.Errorf(media.CodeRateLimited, "Too many sign-ins went wrong. Wait a little and try again.")
		e.RetryAfter = wait
		return e
	}
	a.makeRoom(now, len(bounds))
	for _, b := range bounds {
		t := a.tries[b.key]
		if now.Sub(t.last) >= forgetAfter {
			t = tries{}
		}
		t.wrong++
		t.last = now
		if over := t.wrong - b.free; over >= 0 {
			t.until = now.Add(min(time.Second<<min(over, 30), b.most))
		}
		a.tries[b.key] = t
	}
	return nil
}

// Right says that the attempt which began last with a username from an address
// went well: the pair's count starts anew, and the others go back by one.
func (a *Attempts) Right(username, address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, b := range boundsOf(username, address) {
		t := a.tries[b.key]
		if t.wrong--; i == 0 || t.wrong <= 0 {
			delete(a.tries, b.key)
			continue
		}
		if t.wrong < b.free {
			t.until = time.Time{}
		}
		a.tries[b.key] = t
	}
}

// makeRoom forgets a tenth of a full table: what is old, and if that isn't
// enough whatever comes first. Who can fill it has that many addresses to guess
// from anyway.
func (a *Attempts) makeRoom(now time.Time, n int) {
	if len(a.tries)+n <= maxTries {
		return
	}
	for key, t := range a.tries {
		if now.Sub(t.last) >= forgetAfter {
			delete(a.tries, key)
		}
	}
	for key := range a.tries {
		if len(a.tries) <= maxTries*9/10 {
			return
		}
		delete(a.tries, key)
	}
}

// network is what counts as one address: of IPv6 the half that a customer gets.
func network(address string) string {
	host := address
	if ap, err := netip.ParseAddrPort(address); err == nil {
		host = ap.Addr().String()
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}
