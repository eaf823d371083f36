package auth

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magpie/internal/media"
)

func TestNonces(t *testing.T) {
	n := newNonces(5*time.Minute, 3)
	now := time.Unix(1_800_000_000, 0)
	claim := func(nonce string, stamp time.Time, want media.Code) func() {
		t.Helper()
		release, err := n.claim("key", "token", nonce, stamp, now)
		if media.CodeOf(err) != want {
			t.Errorf("%s at %v: %v, want %q", nonce, stamp.Sub(now), err, want)
		}
		return release
	}
	claim("a", now, "")
	claim("a", now, media.CodeSignature)
	claim("a", now.Add(time.Second), "") // another timestamp
	release := claim("b", now, "")
	claim("c", now, media.CodeRateLimited) // full: nothing is forgotten for it
	claim("a", now, media.CodeSignature)
	release()
	release() // changes nothing
	claim("b", now, "")
	if _, err := n.claim("key", "tokena", "", now, now); media.CodeOf(err) != media.CodeRateLimited {
		t.Errorf("full for others too: %v", err)
	}

	// Until its timestamp is out of the window a request is remembered.
	now = now.Add(5 * time.Minute)
	claim("a", now.Add(-5*time.Minute), media.CodeSignature)
	now = now.Add(n.width + time.Second)
	claim("d", now, "")
	if n.held != 1 {
		t.Errorf("%d are held", n.held)
	}
	// And a clock that is set back doesn't let its copy pass.
	now = now.Add(-n.width - time.Second)
	claim("a", now.Add(-5*time.Minute), media.CodeSignature)
}

func TestNonceInWindow(t *testing.T) {
	n := newNonces(5*time.Minute, 1)
	now := time.Unix(1_800_000_000, 0)
	for off, words := range map[time.Duration]string{
		0: "", 5 * time.Minute: "", -5 * time.Minute: "",
		5*time.Minute + time.Second:  "5m1s ahead of this server's clock, which says 1800000000; it may be off by 5m0s",
		-5*time.Minute - time.Second: "5m1s behind this server's clock",
		-24 * 365 * time.Hour:        "8760h0m0s behind",
		200 * 365 * 24 * time.Hour:   "ahead of",
	} {
		err := n.inWindow(now.Add(off), now)
		if (err == nil) != (words == "") || err != nil && (media.CodeOf(err) != media.CodeSignature || !strings.Contains(err.Error(), words)) {
			t.Errorf("%v: %v, want %q", off, err, words)
		}
	}
}

// Of many copies at once one passes.
func TestNoncesAtOnce(t *testing.T) {
	n := newNonces(5*time.Minute, 100)
	now := time.Unix(1_800_000_000, 0)
	var passed atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := n.claim("k", "t", "n", now, now); err == nil {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 1 || n.held != 1 {
		t.Errorf("%d passed, %d are held", passed.Load(), n.held)
	}
}

// Whatever clocks do, no request passes twice, and what is held is counted.
func TestNoncesModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := newNonces(time.Minute, 10)
		now := time.Unix(1_800_000_000, 0)
		passed := map[string]bool{}
		for range rapid.IntRange(1, 100).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(-40, 60).Draw(t, "seconds")) * time.Second)
			stamp := now.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "off")) * time.Second).Truncate(20 * time.Second)
			if n.inWindow(stamp, now) != nil {
				continue
			}
			id := fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "nonce"), stamp.Unix())
			release, err := n.claim("k", "t", id[:1], stamp, now)
			if err == nil && passed[id] {
				t.Fatalf("%s passed twice", id)
			}
			if err == nil {
				if rapid.Bool().Draw(t, "released") {
					release()
				} else {
					passed[id] = true
				}
			}
			held := 0
			for _, b := range n.buckets {
				held += len(b)
			}
			if held != n.held || held > 10 {
				t.Fatalf("%d are held, %d counted", held, n.held)
			}
		}
	})
}
