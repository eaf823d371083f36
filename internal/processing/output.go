package processing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"magpie/internal/media"
)

// output keeps what an engine makes and passes its progress on.
type output struct {
	w       *Worker
	m       media.Media
	touched chan struct{}

	mu      sync.Mutex
	percent int
	saved   []media.Rendition
}

var errSuperseded = errors.New("the attempt was superseded or its media deleted")

// Save stores one rendition under the attempt's own prefix.
func (o *output) Save(ctx context.Context, r media.Rendition, from io.Reader) error {
	key := fmt.Sprintf("renditions/%s/%d/%s", o.m.ID, o.m.Attempt, r.Name)
	kept, err := o.w.blobs.Put(ctx, key, from)
	if err != nil {
		return fmt.Errorf("save rendition %s: %w", r.Name, err)
	}
	r.Blob = kept
	o.mu.Lock()
	defer o.mu.Unlock()
	o.saved = append(o.saved, r)
	return nil
}

// Progress notes the percentage and wakes follow.
func (o *output) Progress(percent int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if percent > o.percent {
		o.percent = min(percent, 99)
		select {
		case o.touched <- struct{}{}:
		default:
		}
	}
}

// follow writes progress to the catalogue, at most once a second and at least
// every Touch, and cancels the attempt once it is superseded. The channel
// closes when it has stopped.
func (o *output) follow(ctx context.Context, cancel context.CancelCauseFunc) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		alive := time.NewTicker(o.w.cfg.Touch)
		defer alive.Stop()
		var pause <-chan time.Time // closed season after a write
		wake := o.touched
		for {
			select {
			case <-ctx.Done():
				return
			case <-pause:
				pause, wake = nil, o.touched
				continue
			case <-wake:
			case <-alive.C:
			}
			o.mu.Lock()
			percent := o.percent
			o.mu.Unlock()
			held, err := o.w.catalog.SetProgress(ctx, o.m.ID, o.m.Attempt, percent, o.w.now())
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				o.w.log.Warn("progress not recorded", "media", o.m.ID, "err", err)
			case !held:
				cancel(errSuperseded)
				return
			}
			pause, wake = time.After(time.Second), nil
		}
	}()
	return done
}
