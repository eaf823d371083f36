package bus

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// knownIll is why the last heal failed, nil if it did not.
func (b *Bus) knownIll() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ill
}

// diagnose is what is wrong, as far as can be told without asking over the wire.
func (b *Bus) diagnose() error {
	if err := b.current().healthy(); err != nil {
		return err
	}
	return b.knownIll()
}

// heal restarts an embedded server whose store has stopped taking writes, which
// it does for good after one that failed: a disk that was full for a moment
// would otherwise end the queue until the next start. Then, embedded or not, it
// makes the queue where it is missing and tries whether that takes a message.
func (b *Bus) heal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*answerTime)
	defer cancel()
	select {
	case b.healing <- struct{}{}:
		defer func() { <-b.healing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if b.isClosing() {
		return ErrClosed
	}
	if err := b.waitForServer(); err != nil {
		return err
	}
	err := b.mend(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ill = err
	return err
}

// waitForServer fails while there is no connection to a server that is
// elsewhere: the client makes one as soon as it can.
func (b *Bus) waitForServer() error {
	if l := b.current(); l.engine == nil && !l.isGone() && !l.nc.IsConnected() {
		return errAway
	}
	return nil
}

func (b *Bus) mend(ctx context.Context) error {
	l := b.current()
	if ill := l.healthy(); ill != nil {
		b.cfg.Logger.Error("bus server is restarted", "because", ill)
		l.close()
		// Not cut short with the caller, or there would be no server at all.
		fresh, err := openLink(context.WithoutCancel(ctx), b.cfg)
		if err != nil {
			return fmt.Errorf("restart the bus: %w", err)
		}
		b.mu.Lock()
		b.link = fresh
		b.mu.Unlock()
		l = fresh
	} else if err := l.makeQueue(ctx); err != nil {
		return err
	}
	return l.probe(ctx)
}

// probe puts a message that is nobody's job on the queue and takes it off again.
func (l *link) probe(ctx context.Context) error {
	const nobody = subjectPrefix + "probe.0"
	s, err := l.js.Stream(ctx, streamName)
	if err != nil {
		return fmt.Errorf("look up the job queue: %w", err)
	}
	clear := func() error { return s.Purge(ctx, jetstream.WithPurgeSubject(nobody)) }
	write := func() error { _, err := l.js.Publish(ctx, nobody, nil); return err }
	for _, step := range []func() error{clear, write, clear} { // a crash may have left one
		if err := step(); err != nil {
			return fmt.Errorf("try to write to the job queue: %w", err)
		}
	}
	return nil
}
