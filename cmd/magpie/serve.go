package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/alecthomas/kong"

	"magpie/internal/delivery"
)

// serveCommand runs the server until it is told to stop.
type serveCommand struct {
	settings
}

// Run serves until ctx ends, then lets requests in flight finish and gives
// running jobs back.
func (c *serveCommand) Run(ctx context.Context, s surroundings, parsed *kong.Context) error {
	c.inForce = inForce(parsed, &c.settings)
	log, err := newLogger(s.err, c.LogLevel, c.LogFormat)
	if err != nil {
		return err
	}
	release, err := lockData(c.Data)
	if err != nil {
		return err
	}
	defer release()
	secure, err := newTLS(c.settings, time.Now, log)
	if err != nil {
		return err
	}
	opening := context.WithoutCancel(ctx) // told to stop meanwhile, it starts and stops
	a, err := newApp(opening, c.settings, log)
	if err != nil {
		return err
	}
	if secret := s.env("MAGPIE_BOOTSTRAP_TOKEN"); secret != "" {
		if err := bootstrap(opening, a, secret); err != nil {
			return errors.Join(err, a.Close())
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(opening, "tcp", c.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("--listen: %w", err), a.Close())
	}
	scheme := "http://"
	if secure != nil {
		scheme = "https://"
	}
	defer sparePlace(s.env)()
	log.Info("serving", "url", scheme+listener.Addr().String(), "data", c.Data)
	err = serve(ctx, a, listener, secure)
	return errors.Join(err, a.Close())
}

// bootstrap makes the operator's first token, and warns where tokens made since
// leave it without effect.
func bootstrap(ctx context.Context, a *app, secret string) error {
	created, err := a.tokens.Bootstrap(ctx, secret)
	if err != nil || created {
		return err
	}
	if _, err := a.tokens.Identify(ctx, secret); err != nil {
		a.log.Warn("MAGPIE_BOOTSTRAP_TOKEN is passed over: the data folder has tokens already", "err", err)
	}
	return nil
}

// serve answers requests and works the queue until ctx ends or one of the two
// can't go on, in TLS if secure is not nil.
func serve(ctx context.Context, a *app, listener net.Listener, secure *tls.Config) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	worked := make(chan error, 1)
	go func() { worked <- a.background(working) }()

	bounded := newBoundedListener(delivery.Listener(listener), connections(openFiles()), time.Now, a.log)
	server := &http.Server{
		Handler: a.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		TLSConfig: secure, ConnContext: delivery.ConnContext,
		ConnState: func(c net.Conn, state http.ConnState) {
			delivery.ConnState(c, state)
			bounded.Ended(c, state)
		},
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() {
		if secure != nil {
			served <- server.ServeTLS(bounded, "", "") // HTTP/2 as well
			return
		}
		served <- server.Serve(bounded)
	}()

	var failure error
	select {
	case <-ctx.Done():
		a.log.Info("stopping")
	case failure = <-served:
	case failure = <-worked:
		worked <- nil
	}
	a.endStreams()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.settings.Drain)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		a.log.Warn("requests cut off", "after", a.settings.Drain, "err", err)
		_ = server.Close()
	}
	stop()
	<-worked
	return failure
}
