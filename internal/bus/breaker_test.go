package bus

import (
	"testing"
	"time"
)

// TestBreaker: after a try without an answer nobody tries for a while, then one
// does, and after one that was answered everybody.
func TestBreaker(t *testing.T) {
	t.Parallel()
	var k breaker
	now := time.Unix(1e9, 0)
	allowed := func(want bool, when string) {
		t.Helper()
		if got := k.enter(now); got != want {
			t.Errorf("%s: %v", when, got)
		}
	}
	allowed(true, "at first")
	allowed(true, "another beside it")
	k.leave(now, true)
	allowed(false, "after silence")
	now = now.Add(breakTime)
	allowed(true, "one, later")
	allowed(false, "another beside that one")
	k.leave(now, true)
	now = now.Add(breakTime)
	allowed(true, "one, later still")
	k.leave(now, false)
	allowed(true, "after an answer")
	allowed(true, "and another")
}
