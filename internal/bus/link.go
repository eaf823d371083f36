package bus

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

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

	owed sync.WaitGroup // pulls that were given up and are not over
	gone chan struct{}  // closed when the link is given up
	once sync.Once
}

// openLink starts the embedded server in cfg.Dir, or connects to cfg.URL, and
// makes the queue. An embedded server forgets the leases it had. A server that
// is elsewhere may be away: the link is there all the same and connects when it
// can; its error says so, errors.Is(err, errAway).
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
	err := l.dial(ctx, opts)
	if l.engine == nil && l.nc != nil && err != nil {
		return l, fmt.Errorf("%w: %w", errAway, err)
	}
	if err != nil {
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
	if !l.nc.IsConnected() {
		return errors.New("no server can be reached")
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
//
// It connects again for ever, also where the last try was refused, because a
// login may be replaced. A first one that is refused is an error; one that nobody
// answers goes on in the background.
func connect(cfg Config, opts []nats.Option) (*nats.Conn, error) {
	log := cfg.Logger
	if cfg.Dir == "" {
		login, err := cfg.Login.options()
		if err != nil {
			return nil, err
		}
		opts = append(opts, login...)
	}
	opts = append(opts,
		nats.Name("magpie"),
		nats.Timeout(dialTime),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500*time.Millisecond),
		nats.ReconnectJitter(time.Second, time.Second),
		nats.PingInterval(pingEvery),
		nats.MaxPingsOutstanding(2),
		nats.FlusherTimeout(pingEvery), // of a write that nobody reads
		nats.IgnoreAuthErrorAbort(),
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
	)
	nc, err := nats.Connect(cfg.URL, opts...)
	if err == nil || cfg.Dir != "" || refused(err) {
		return nc, err
	}
	log.Warn("no server of the bus can be reached; trying again", "servers", RedactURL(cfg.URL), "error", err)
	return nats.Connect(cfg.URL, append(opts, nats.RetryOnFailedConnect(true))...)
}

// How long a server may take to answer a connection, and how often a quiet one is
// asked whether it lives; two questions without an answer end the connection.
const (
	dialTime  = 3 * time.Second
	pingEvery = 4 * time.Second
)

// refused reports whether a server answered, and would not have us: waiting
// makes that no better.
func refused(err error) bool {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) || errors.Is(err, nats.ErrAuthRevoked) ||
		errors.Is(err, nats.ErrSecureConnRequired) || errors.Is(err, nats.ErrSecureConnWanted) ||
		errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &invalid)
}

// close ends the leases, the connection and the embedded server, and waits for
// the last. It may be called twice.
func (l *link) close() {
	if l.engine == nil {
		l.owed.Wait() // what comes late goes back at once, not when its lease ends
	}
	l.once.Do(func() { close(l.gone) })
	l.owed.Wait()
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
	if l.isGone() {
		return errors.New("the embedded server has been stopped")
	}
	if l.engine != nil {
		return l.engine.healthy()
	}
	return nil
}

func (l *link) isGone() bool {
	select {
	case <-l.gone:
		return true
	default:
		return false
	}
}

// say tells the server about a delivery and waits until it has heard.
func (l *link) say(ctx context.Context, reply string, word []byte) error {
	_, err := l.nc.RequestWithContext(ctx, reply, word)
	return err
}
