package bus

import (
	"context"
	"time"
)

// tendEvery is how often it is looked whether a cluster has more servers now.
const tendEvery = time.Minute

// tend keeps the streams of a server that is elsewhere as they should be until
// the bus is closed: where it was away at the start, they are made when it comes,
// and where a cluster had too few servers for copies, they are made once it has
// more.
func (b *Bus) tend() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-b.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		wait := tendEvery + time.Duration(float64(tendEvery)*b.cfg.chance())
		if b.knownIll() != nil {
			wait = b.pause(4)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		switch ill := b.knownIll(); {
		case b.waitForServer() != nil:
		case ill != nil:
			if err := b.heal(ctx); err == nil {
				b.cfg.Logger.Info("bus is well again")
			} else if ctx.Err() == nil {
				b.cfg.Logger.Debug("bus is not well", "error", err)
			}
		default:
			b.grow(ctx)
		}
	}
}

// grow makes what a cluster can keep more copies of now.
func (b *Bus) grow(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*answerTime)
	defer cancel()
	if err := b.current().makeQueue(ctx); err != nil && ctx.Err() == nil {
		b.cfg.Logger.Debug("bus streams not looked after", "error", err)
	}
}
