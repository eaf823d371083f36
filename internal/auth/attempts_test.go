package auth

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"magpie/internal/media"
)

// guesser is Attempts with a clock that a test sets.
type guesser struct {
	*Attempts
	t     *testing.T
	clock time.Time
}

func newGuesser(t *testing.T) *guesser {
	g := &guesser{t: t, clock: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	g.Attempts = NewAttempts(func() time.Time { return g.clock })
	return g
}

// wait is how long the next attempt has to, which is counted if that is 0.
func (g *guesser) wait(name, address string) time.Duration {
	g.t.Helper()
	err := g.Begin(name, address)
	if err == nil {
		return 0
	}
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeRateLimited || e.RetryAfter <= 0 {
		g.t.Fatalf("%v", err)
	}
	return e.RetryAfter
}

func TestAttemptsOfAPairBackOff(t *testing.T) {
	g := newGuesser(t)
	for i := range pairFree {
		if w := g.wait("ann", "192.0.2.1:5000"); w != 0 {
			t.Fatalf("number %d waits %s", i, w)
		}
	}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		want *= time.Second
		if w := g.wait("ANN", "192.0.2.1:6000"); w != want {
			t.Fatalf("after %d too many it waits %s, want %s", i, w, want)
		}
		g.clock = g.clock.Add(want - time.Millisecond)
		if w := g.wait("ann", "192.0.2.1:6000"); w != time.Millisecond {
			t.Fatalf("a little early it waits %s", w)
		}
		g.clock = g.clock.Add(time.Millisecond)
		if w := g.wait("ann", "192.0.2.1:6000"); w != 0 {
			t.Fatalf("in time it waits %s", w)
		}
	}
	if w := g.wait("ann", "192.0.2.2:5000"); w != 0 {
		t.Errorf("from elsewhere it waits %s", w)
	}
	if w := g.wait("bob", "192.0.2.1:5000"); w != 0 {
		t.Errorf("another waits %s", w)
	}
	g.clock = g.clock.Add(forgetAfter)
	for range pairFree {
		if w := g.wait("ann", "192.0.2.1:5000"); w != 0 {
			t.Errorf("an hour later it waits %s", w)
		}
	}
}

func TestAttemptsThatGoWell(t *testing.T) {
	g := newGuesser(t)
	for range 10 * addressFree {
		if w := g.wait("ann", "192.0.2.1:5000"); w != 0 {
			t.Fatalf("it waits %s", w)
		}
		g.Right("ann", "192.0.2.1:5000")
	}
	if len(g.tries) != 0 {
		t.Errorf("remembers %v", g.tries)
	}
}

func TestAttemptsOfAnAddressAndOfAName(t *testing.T) {
	g := newGuesser(t)
	for i := range addressFree {
		if w := g.wait(fmt.Sprint("user", i), "192.0.2.1:5000"); w != 0 {
			t.Fatalf("number %d waits %s", i, w)
		}
	}
	if w := g.wait("one more", "192.0.2.1:5000"); w != time.Second {
		t.Errorf("from an address that guesses it waits %s", w)
	}
	for i := range nameFree {
		if w := g.wait("ann", fmt.Sprintf("198.51.100.%d:5000", i)); w != 0 {
			t.Fatalf("number %d waits %s", i, w)
		}
	}
	if w := g.wait("ann", "203.0.113.9:5000"); w != time.Second {
		t.Errorf("a name that is guessed at waits %s", w)
	}
	for i := range 20 { // never long, so that ann gets in
		w := g.wait("ann", fmt.Sprintf("203.0.113.%d:5000", i))
		if w > nameMost {
			t.Fatalf("it waits %s", w)
		}
		g.clock = g.clock.Add(w)
	}
	// An IPv6 customer is one address.
	g = newGuesser(t)
	for i := range addressFree {
		if w := g.wait(fmt.Sprint("user", i), fmt.Sprintf("[2001:db8::%x]:5000", i)); w != 0 {
			t.Fatalf("number %d waits %s", i, w)
		}
	}
	if w := g.wait("one more", "[2001:db8::ffff]:5000"); w == 0 {
		t.Error("from the same network it waits not")
	}
	if w := g.wait("one more", "[2001:db8:1::1]:5000"); w != 0 {
		t.Errorf("from another network it waits %s", w)
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	g := newGuesser(t)
	for i := range maxTries {
		_ = g.Begin(fmt.Sprint("user", i), fmt.Sprintf("[2001:db8:%x:%x::1]:5000", i>>16, i&0xffff))
	}
	if len(g.tries) > maxTries {
		t.Errorf("remembers %d", len(g.tries))
	}
}

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1:80": "192.0.2.1", "192.0.2.1": "192.0.2.1", "[::ffff:192.0.2.1]:80": "192.0.2.1", "[2001:db8:1:2:3::4]:80": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80": "fe80::/64", "pipe": "pipe", "": "",
	} {
		if got := network(address); got != want {
			t.Errorf("%q is %q, want %q", address, got, want)
		}
	}
}
