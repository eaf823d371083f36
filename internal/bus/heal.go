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

// diagnose is what is wrong as far as can be told without asking over the wire.
func (b *Bus) diagnose() error {
	if b.engine != nil {
		if err := b.engine.healthy(); err != nil {
			return err
		}
	}
	return b.knownIll()
}

// heal restarts an embedded store that has stopped taking writes, which it does
// for good after one that failed: a disk that was full for a moment would
// otherwise end the queue until the next start. Then, embedded or not, it makes
// the queue and tries whether that takes a message.
func (b *Bus) heal(ctx context.Context) error {
	b.healing.Lock()
	defer b.healing.Unlock()
	if b.isClosing() {
		return ErrClosed
	}
	err := b.restart()
	if err == nil {
		err = b.makeQueue(ctx)
	}
	if err == nil {
		err = b.probe(ctx)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ill = err
	return err
}

// restart restarts the embedded store if it needs that.
func (b *Bus) restart() error {
	if b.engine == nil {
		return nil
	}
	ill := b.engine.healthy()
	if ill == nil {
		return nil
	}
	b.cfg.Logger.Error("bus store is restarted", "because", ill)
	b.lapse() // the leases are in the memory of what is about to stop
	if err := b.engine.restartStore(b.cfg); err != nil {
		return fmt.Errorf("restart the bus's store: %w", err)
	}
	return nil
}

// probe puts a message that is nobody's job on the queue and takes it off again.
func (b *Bus) probe(ctx context.Context) error {
	const nobody = subjectPrefix + "probe.0"
	s, err := b.js.Stream(ctx, streamName)
	if err != nil {
		return fmt.Errorf("look up the job queue: %w", err)
	}
	for _, step := range []func() error{
		func() error { return s.Purge(ctx, jetstream.WithPurgeSubject(nobody)) }, // a crash may have left one
		func() error { _, err := b.js.Publish(ctx, nobody, nil); return err },
		func() error { return s.Purge(ctx, jetstream.WithPurgeSubject(nobody)) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("try to write to the job queue: %w", err)
		}
	}
	return nil
}

// lapse ends every lease that this process holds.
func (b *Bus) lapse() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.lapsed)
	b.lapsed = make(chan struct{})
}

// whenLapsed is closed when the leases that are given now all end at once.
func (b *Bus) whenLapsed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lapsed
}
