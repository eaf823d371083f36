package upload

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

var errCut = errors.New("it was cut off")

// once gives run as something that may be called from many goroutines and runs
// once: all wait for it, and have what it gave. A panic of it becomes an error, since
// the first who calls may be a goroutine that nobody catches it in; what ended with its
// goroutine is errCut.
func once(run func() error) func() error {
	var first sync.Once
	err := errCut
	return func() error {
		first.Do(func() {
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				}
			}()
			err = run()
		})
		return err
	}
}
