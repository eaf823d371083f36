package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrClosed is what Send, Work, Len and Ready return after Close.
var ErrClosed = errors.New("bus: closed")

// answerTime bounds how long one question to the server may take. A server that
// dies takes what it was asked with it, so that waiting longer helps nobody.
const answerTime = 10 * time.Second

// asking is the context of one question, or of a few that follow each other.
func asking(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, answerTime)
}

// Bus sends jobs and hands them to handlers. Its methods may be used from many
// goroutines.
type Bus struct {
	cfg     Config
	closing chan struct{} // closed when Close begins
	works   sync.WaitGroup
	healing chan struct{} // holds one while the link is replaced or closed
	breaker breaker

	mu     sync.Mutex // guards what follows, and the step to closing against works.Add
	closed bool
	link   *link
	ill    error // why the last heal failed; nil if it did not
}

// Open starts the embedded server in cfg.Dir, or connects to cfg.URL, and sees
// to it that the queue is there. When it returns, every job of an embedded
// store that had not been finished is deliverable at once: nobody else can hold
// a lease on it.
//
// A server that is away is no error: what needs it fails until it is there.
// One that refuses what there is to log in with is.
//
// An embedded store that cannot be opened, or that the last two starts died
// over, is set aside (logged as an error) and an empty one is used.
func Open(ctx context.Context, cfg Config) (*Bus, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	open := openLink
	if cfg.Dir != "" {
		open = openStore
	}
	b := &Bus{cfg: cfg, closing: make(chan struct{}), healing: make(chan struct{}, 1)}
	b.link, err = open(ctx, cfg)
	if errors.Is(err, errAway) {
		cfg.Logger.Warn("bus is not well; it goes on without", "error", err)
		b.ill, err = err, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the bus: %w", err)
	}
	if cfg.Dir == "" {
		b.works.Go(b.tend)
	}
	return b, nil
}

// Ready fails, saying why, when the server cannot be reached, or when a write to
// an embedded store has failed and one would fail again: it tries to mend that
// first.
func (b *Bus) Ready(ctx context.Context) error {
	if b.isClosing() {
		return ErrClosed
	}
	if err := b.waitForServer(); err != nil {
		return err
	}
	if b.diagnose() != nil {
		if err := b.heal(ctx); err != nil {
			return err
		}
	}
	ctx, cancel := asking(ctx)
	defer cancel()
	if _, err := b.current().js.Stream(ctx, streamName); err != nil {
		return fmt.Errorf("look up the job queue: %w", err)
	}
	return nil
}

// Close ends every Work as its context would, waits for their handlers, and
// then shuts the connection and the embedded server down. It may be called
// twice; both calls return when all of it is done.
func (b *Bus) Close() {
	b.mu.Lock()
	if !b.closed {
		b.closed = true
		close(b.closing)
	}
	b.mu.Unlock()
	b.works.Wait()
	b.healing <- struct{}{}
	defer func() { <-b.healing }()
	b.current().close()
}

func (b *Bus) isClosing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// begin counts a Work in, so that Close waits for its end. It reports false
// once Close has begun.
func (b *Bus) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.works.Add(1)
	return true
}

// current is the link that is in use now.
func (b *Bus) current() *link {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.link
}
