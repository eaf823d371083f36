package main

import (
	"context"
	"fmt"
	"log/slog"

	"magpie/internal/bus"
)

// busFlags say where the bus is.
type busFlags struct {
	Bus      string `env:"MAGPIE_BUS" placeholder:"URL" help:"NATS servers of one cluster, such as nats://a:4222,nats://b:4222, that carry jobs and events; tls:// for TLS. Default: a server inside this process, which opens no port."`
	BusLogin string `name:"bus-login" env:"MAGPIE_BUS_LOGIN" placeholder:"FILE" help:"File with what to log in to those servers with: credentials of nsc, an nkey seed, user:password, or a token."`
	BusCA    string `name:"bus-ca" env:"MAGPIE_BUS_CA" placeholder:"FILE" help:"Authorities, PEM, that those servers' certificates come from. Default: the system's."`
	BusCert  string `name:"bus-cert" env:"MAGPIE_BUS_CERT" placeholder:"FILE" help:"Certificate, PEM, for servers that ask for one."`
	BusKey   string `name:"bus-key" env:"MAGPIE_BUS_KEY" placeholder:"FILE" help:"Its private key, PEM."`
}

// check refuses what can't be meant. What it says holds no password.
func (f busFlags) check(wrong func(name, format string, args ...any)) {
	if f.Bus == "" {
		for name, v := range map[string]string{"bus-login": f.BusLogin, "bus-ca": f.BusCA, "bus-cert": f.BusCert, "bus-key": f.BusKey} {
			if v != "" {
				wrong(name, "there is nothing to log in to without --bus")
			}
		}
		return
	}
	if err := bus.CheckURL(f.Bus); err != nil {
		wrong("bus", "%s", err)
	}
	if (f.BusCert == "") != (f.BusKey == "") {
		wrong("bus-cert", "it and --bus-key belong together")
	}
}

// together refuses a bus that leads processes together which share nothing else:
// each would be handed jobs of media that it doesn't have.
func (f busFlags) together(ownDatabase, ownBlobs bool, wrong func(name, format string, args ...any)) {
	switch {
	case f.Bus == "":
	case ownDatabase:
		wrong("bus", "the database in the data folder is one process's own, which other processes on these servers could not share; leave --bus out, or give all of them one database")
	case ownBlobs:
		wrong("bus", "the bytes in the data folder are one process's own, which other processes on these servers could not share; leave --bus out, or give all of them one store by --blobs s3://…")
	}
}

// open opens the bus; own is the folder of an embedded server's store.
func (f busFlags) open(ctx context.Context, own string, log *slog.Logger) (*bus.Bus, error) {
	cfg := bus.Config{Logger: log}
	if f.Bus == "" {
		cfg.Dir = own
	} else {
		cfg.URL, cfg.Login = f.Bus, bus.Login{File: f.BusLogin, CA: f.BusCA, Cert: f.BusCert, Key: f.BusKey}
		log.Info("jobs and events go over a NATS cluster", "servers", bus.RedactURL(f.Bus))
	}
	b, err := bus.Open(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open the bus: %w", err)
	}
	return b, nil
}

// alone reports whether this process is the only one that works on its
// catalogue: the lock of the data folder says so where the catalogue is in it.
func (s *settings) alone() bool { return s.ownDatabase() }

// ownDatabase reports whether the catalogue is in the data folder.
func (s *settings) ownDatabase() bool { return s.own() }
