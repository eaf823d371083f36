package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ErrClosed is what Send, Work, Len and Ready return after Close.
var ErrClosed = errors.New("bus: closed")

// answerTime bounds how long one question to the server may take where the
// caller's context does not.
const answerTime = 10 * time.Second

// Bus sends jobs and hands them to handlers. Its methods may be used from many
// goroutines.
type Bus struct {
	cfg    Config
	engine *engine // nil when the server is elsewhere
	nc     *nats.Conn
	js     jetstream.JetStream

	closing   chan struct{} // closed when Close begins
	closeOnce sync.Once
	works     sync.WaitGroup

	healing sync.Mutex    // held while the embedded store is restarted or stopped
	mu      sync.Mutex    // guards the two below, and the step to closing against works.Add
	lapsed  chan struct{} // closed, and replaced, when every lease ends at once
	ill     error         // why the last heal failed
}

// Open starts the embedded server in cfg.Dir, or connects to cfg.URL, and sees
// to it that the queue is there. When it returns, every job of an embedded
// store that had not been finished is deliverable at once: nobody else can hold
// a lease on it.
//
// An embedded store that cannot be opened, or that the last two starts died
// over, is set aside (logged as an error) and an empty one is used.
func Open(ctx context.Context, cfg Config) (*Bus, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if cfg.Dir != "" {
		return openStore(ctx, cfg)
	}
	nc, err := connect(cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to nats: %w", err)
	}
	b, err := newBus(ctx, cfg, nil, nc)
	if err != nil {
		nc.Close()
		return nil, err
	}
	return b, nil
}

// newBus makes the queue's parts on a connection. It closes nothing when it
// fails.
func newBus(ctx context.Context, cfg Config, e *engine, nc *nats.Conn) (*Bus, error) {
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(answerTime))
	if err != nil {
		return nil, fmt.Errorf("set up jetstream: %w", err)
	}
	b := &Bus{cfg: cfg, engine: e, nc: nc, js: js, closing: make(chan struct{}), lapsed: make(chan struct{})}
	if e != nil {
		if err := b.dropLeases(ctx); err != nil {
			return nil, err
		}
	}
	if err := b.makeQueue(ctx); err != nil {
		return nil, err
	}
	return b, nil
}

// connect dials cfg.URL, or whatever opts name instead. Nothing is buffered
// while there is no connection: a renewal of a lease or a job that goes out
// late is worse than one that fails now.
func connect(cfg Config, opts ...nats.Option) (*nats.Conn, error) {
	log := cfg.Logger
	opts = append(opts,
		nats.Name("magpie"),
		nats.Timeout(answerTime),
		nats.MaxReconnects(-1),
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("bus disconnected", "error", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) { log.Info("bus connected again", "server", c.ConnectedUrlRedacted()) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Warn("bus connection error", "error", err)
		}),
	)
	return nats.Connect(cfg.URL, opts...)
}

// Ready fails, saying why, when the server cannot be reached, or when a write to
// an embedded store has failed and one would fail again: it tries to mend that
// first.
func (b *Bus) Ready(ctx context.Context) error {
	if b.isClosing() {
		return ErrClosed
	}
	if b.diagnose() != nil {
		if err := b.heal(ctx); err != nil {
			return err
		}
	}
	if _, err := b.js.Stream(ctx, streamName); err != nil {
		return fmt.Errorf("look up the job queue: %w", err)
	}
	return nil
}

// Close ends every Work as its context would, waits for their handlers, and
// then shuts the connection and the embedded server down. It may be called
// twice; both calls return when all of it is done.
func (b *Bus) Close() {
	b.mu.Lock()
	b.closeOnce.Do(func() { close(b.closing) })
	b.mu.Unlock()
	b.works.Wait()
	b.nc.Close()
	if b.engine != nil {
		b.healing.Lock()
		defer b.healing.Unlock()
		b.engine.stop()
	}
}

func (b *Bus) isClosing() bool {
	select {
	case <-b.closing:
		return true
	default:
		return false
	}
}

// begin counts a Work in, so that Close waits for its end. It reports false
// once Close has begun.
func (b *Bus) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.isClosing() {
		return false
	}
	b.works.Add(1)
	return true
}
