package analytics

import (
	"testing"
	"time"
)

func TestRates(t *testing.T) {
	r := newRates(2, 2)
	at := func(second int) time.Time { return noon.Add(time.Duration(second) * time.Second) }
	for _, c := range []struct {
		session string
		second  int
		ok      bool
	}{
		{"a", 0, true},
		{"a", 1, true},
		{"a", 2, false},
		{"b", 3, true},
		{"a", 59, false},
		{"c", 59, true},
		{"c", 59, true},
		{"c", 59, true}, // one more than is kept an eye on
		{"b", 59, true},
		{"b", 59, false},
		{"a", 60, true},
		{"a", 60, true},
		{"a", 61, false},
	} {
		wait, ok := r.take(c.session, at(c.second))
		if ok != c.ok || !ok && wait != time.Duration(60-c.second%60)*time.Second {
			t.Errorf("%+v: %v, %s", c, ok, wait)
		}
	}
}
