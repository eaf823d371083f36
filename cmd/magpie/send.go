package main

import (
	"context"
	"sync"
	"time"

	"magpie/internal/media"
)

// sendLimit is how long one job may take to reach the bus.
const sendLimit = 5 * time.Second

// sender hands media to the workers while the client has its answer already: the
// catalogue says that they are pending, and whatever a crash or the bus keeps from
// being sent is sent again.
type sender struct {
	app     *app
	running sync.WaitGroup
}

// send never fails; what does is logged.
func (s *sender) send(ctx context.Context, m media.Media) error {
	ctx = context.WithoutCancel(ctx)
	s.running.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, sendLimit)
		defer cancel()
		if err := s.app.queue.Send(ctx, m); err != nil {
			s.app.log.WarnContext(ctx, "job not sent; the sweeper will send it", "media", m.ID, "err", err)
		}
	})
	return nil
}

// Close waits for what is being sent.
func (s *sender) Close() error {
	s.running.Wait()
	return nil
}
