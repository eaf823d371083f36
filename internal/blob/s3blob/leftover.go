package s3blob

import (
	"context"
	"time"
)

const (
	// forgetNow is how long a caller waits for the removal of what it failed to
	// store.
	forgetNow = 2 * time.Second

	// forgetEvery is how often what could not be removed is tried again, and
	// forgetTries how many times.
	forgetEvery = 5 * time.Second
	forgetTries = 240
)

// forget removes the object at a key that was not stored for all its caller
// knows: an answer may have been lost, or may still be on its way. What can't be
// removed now is tried again in the background.
func (d *Driver) forget(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetNow)
	defer cancel()
	if d.line.do(ctx, func(ctx context.Context) error { return d.remove(ctx, key) }) == nil {
		return
	}
	select {
	case d.leftovers <- key:
	default:
		d.opts.Log.Warn("an object that may be there is left to the sweep", "key", key)
	}
}

// clean removes what forget could not, until ctx ends.
func (d *Driver) clean(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case key := <-d.leftovers:
			if !d.cleanOne(ctx, key) && ctx.Err() == nil {
				d.opts.Log.Warn("an object that may be there is left to the sweep", "key", key)
			}
		}
	}
}

func (d *Driver) cleanOne(ctx context.Context, key string) bool {
	again := time.NewTicker(forgetEvery)
	defer again.Stop()
	for range forgetTries {
		if d.line.do(ctx, func(ctx context.Context) error { return d.remove(ctx, key) }) == nil {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-again.C:
		}
	}
	return false
}
