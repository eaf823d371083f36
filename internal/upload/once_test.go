package upload

import (
	"errors"
	"strings"
	"sync"
	"testing"
)

// However many call it, it runs once, and its panic ends none of them.
func TestOnce(t *testing.T) {
	failed := errors.New("failed")
	for name, c := range map[string]struct {
		run  func() error
		want func(error) bool
	}{
		"well":   {func() error { return nil }, func(err error) bool { return err == nil }},
		"fails":  {func() error { return failed }, func(err error) bool { return err == failed }},
		"panics": {func() error { panic("tripped") }, func(err error) bool { return err != nil && strings.Contains(err.Error(), "tripped") }},
	} {
		runs := 0
		run := once(func() error {
			runs++
			return c.run()
		})
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if err := run(); !c.want(err) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		all.Wait()
		if runs != 1 {
			t.Errorf("%s: it ran %d times", name, runs)
		}
	}
}
