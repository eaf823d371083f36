package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// link is a connection to a server, and that server where it is embedded. The
// leases of jobs that came over a link end with it.
type link struct {
	cfg    Config
	engine *engine // nil when the server is elsewhere
	nc     *nats.Conn
	js     jetstream.JetStream

	gone chan struct{} // closed when the link is given up
	once sync.Once
}

// openLink starts the embedded server in cfg.Dir, or connects to cfg.URL, and
// makes the queue. An embedded server forgets the leases it had.
func openLink(ctx context.Context, cfg Config) (*link, error) {
	l := &link{cfg: cfg, gone: make(chan struct{})}
	var opts []nats.Option
	if cfg.Dir != "" {
		var err error
		if l.engine, err = startEngine(cfg); err != nil {
			return nil, err
		}
		opts = append(opts, nats.InProcessServer(l.engine.server))
	}
	if err := l.dial(ctx, opts); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *link) dial(ctx context.Context, opts []nats.Option) error {
	var err error
	if l.nc, err = connect(l.cfg, opts); err != nil {
		return fmt.Errorf("connect to nats: %w", err)
	}
	if l.js, err = jetstream.New(l.nc, jetstream.WithDefaultTimeout(answerTime)); err != nil {
		return fmt.Errorf("set up jetstream: %w", err)
	}
	if l.engine != nil {
		if err := l.dropLeases(ctx); err != nil {
			return err
		}
	}
	return l.makeQueue(ctx)
}

// connect dials cfg.URL, or whatever opts name instead. Nothing is buffered
// while there is no connection: a renewal of a lease or a job that goes out
// late is worse than one that fails now.
func connect(cfg Config, opts []nats.Option) (*nats.Conn, error) {
	log := cfg.Logger
	return nats.Connect(cfg.URL, append(opts,
		nats.Name("magpie"),
		nats.Timeout(answerTime),
		nats.MaxReconnects(-1),
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("bus disconnected", "error", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) {
			log.Info("bus connected again", "server", c.ConnectedUrlRedacted())
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Warn("bus connection error", "error", err)
		}),
	)...)
}

// close ends the leases, the connection and the embedded server, and waits for
// the last. It may be called twice.
func (l *link) close() {
	l.once.Do(func() { close(l.gone) })
	if l.nc != nil {
		l.nc.Close()
	}
	if l.engine != nil {
		l.engine.stop()
	}
}

// healthy fails when the link was given up, or an embedded store takes no
// writes. It asks nothing over the wire.
func (l *link) healthy() error {
	select {
	case <-l.gone:
		return errors.New("the embedded server has been stopped")
	default:
	}
	if l.engine != nil {
		return l.engine.healthy()
	}
	return nil
}

// say tells the server about a delivery and waits until it has heard.
func (l *link) say(ctx context.Context, reply string, word []byte) error {
	_, err := l.nc.RequestWithContext(ctx, reply, word)
	return err
}
