package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go/jetstream"
)

// Examination is what was found of a cluster, without a change to it.
type Examination struct {
	Server  string // name and version of the one that answered
	Servers int    // that it knows of, itself included
	// Queue says whether the job queue is there. Where it is, so many servers are
	// to keep each job, and so many of them have all of them now.
	Queue             bool
	Replicas, Current int
}

// Examine asks the cluster at cfg.URL. Its errors hold nothing of what there is to
// log in with.
func Examine(ctx context.Context, cfg Config) (Examination, error) {
	var e Examination
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg, err := cfg.withDefaults()
	if err != nil {
		return e, err
	}
	ctx, cancel := asking(ctx)
	defer cancel()
	nc, err := connect(cfg, nil)
	if err != nil {
		return e, fmt.Errorf("connect to nats: %w", err)
	}
	defer nc.Close()
	if !nc.IsConnected() {
		return e, errors.New("no server can be reached")
	}
	e.Server, e.Servers = nc.ConnectedServerName()+" "+nc.ConnectedServerVersion(), len(nc.Servers())
	js, err := jetstream.New(nc)
	if err != nil {
		return e, fmt.Errorf("set up jetstream: %w", err)
	}
	if _, err := js.AccountInfo(ctx); err != nil {
		return e, fmt.Errorf("ask for jetstream: %w", err)
	}
	s, err := js.Stream(ctx, streamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return e, nil
	}
	if err != nil {
		return e, fmt.Errorf("look up the job queue: %w", err)
	}
	info := s.CachedInfo() // as of the line above
	e.Queue, e.Replicas, e.Current = true, info.Config.Replicas, 1
	if info.Cluster != nil {
		for _, peer := range info.Cluster.Replicas {
			if peer.Current && !peer.Offline {
				e.Current++
			}
		}
	}
	return e, nil
}
