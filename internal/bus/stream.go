package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// keepStream makes a stream where it is missing, and brings its settings up to
// date. Any number of processes may do so at a time.
//
// A cluster keeps as many copies of it as are asked for, or one where it has too
// few servers for that; the next call raises that when there are more. It is
// never lowered.
func (l *link) keepStream(ctx context.Context, want jetstream.StreamConfig) error {
	want.Storage = jetstream.FileStorage
	want.Replicas = l.cfg.Replicas
	s, err := l.js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		err = l.newStream(ctx, want)
		if !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return err
		}
		s, err = l.js.Stream(ctx, want.Name) // somebody else made it meanwhile
	}
	if err != nil {
		return err
	}
	have := s.CachedInfo().Config
	if l.engine == nil {
		want.MaxBytes = have.MaxBytes // how much of the cluster is ours, its operator says
		want.Replicas = max(want.Replicas, have.Replicas)
	}
	if like(have, want) {
		return nil
	}
	update := merge(have, want)
	if _, err = l.js.UpdateStream(ctx, update); !l.tooFew(err) {
		return err
	}
	l.cfg.Logger.Debug("bus has too few servers for more copies", "stream", want.Name, "copies", have.Replicas, "error", err)
	if update.Replicas = have.Replicas; like(have, update) {
		return nil
	}
	_, err = l.js.UpdateStream(ctx, update)
	return err
}

func (l *link) newStream(ctx context.Context, want jetstream.StreamConfig) error {
	_, err := l.js.CreateStream(ctx, want)
	if l.tooFew(err) {
		l.cfg.Logger.Warn("bus has too few servers for copies; it keeps one, and more once there are three servers", "stream", want.Name)
		want.Replicas = 1
		_, err = l.js.CreateStream(ctx, want)
	}
	return err
}

// The server's words for having fewer servers than copies were asked for
// (errors.json of nats-server: no suitable peers, not clustered).
const (
	codeNoPeers      jetstream.ErrorCode = 10005
	codeNotClustered jetstream.ErrorCode = 10074
)

// tooFew reports whether a cluster refused because it has too few servers.
func (l *link) tooFew(err error) bool {
	var api *jetstream.APIError
	return l.engine == nil && errors.As(err, &api) && (api.ErrorCode == codeNoPeers || api.ErrorCode == codeNotClustered)
}

// like reports whether a stream is as it is wanted in what the bus sets.
func like(have, want jetstream.StreamConfig) bool {
	return slices.Equal(have.Subjects, want.Subjects) && have.Retention == want.Retention &&
		have.Replicas == want.Replicas && have.Discard == want.Discard &&
		limit(int64(have.MaxMsgsPerSubject)) == limit(int64(want.MaxMsgsPerSubject)) && have.DiscardNewPerSubject == want.DiscardNewPerSubject &&
		limit(have.MaxBytes) == limit(want.MaxBytes) && limit(int64(have.MaxMsgSize)) == limit(int64(want.MaxMsgSize))
}

// limit writes "none" in one way.
func limit(n int64) int64 {
	if n <= 0 {
		return -1
	}
	return n
}

// merge is have with what the bus sets.
func merge(have, want jetstream.StreamConfig) jetstream.StreamConfig {
	have.Subjects, have.Retention, have.Replicas, have.Discard = want.Subjects, want.Retention, want.Replicas, want.Discard
	have.MaxMsgsPerSubject, have.DiscardNewPerSubject = want.MaxMsgsPerSubject, want.DiscardNewPerSubject
	have.MaxBytes, have.MaxMsgSize = want.MaxBytes, want.MaxMsgSize
	return have
}

// keepConsumer makes a durable consumer of a work queue where it is missing; it
// holds the leases. In an embedded bus they are in memory, so that they end with
// the process. Deliveries, unacked messages and those that wait for one have no
// upper bound: a job that waits for its next try counts as unacked and must not
// hold up the others.
func (l *link) keepConsumer(ctx context.Context, stream, name, subject string) error {
	want := jetstream.ConsumerConfig{
		Durable:       name,
		FilterSubject: subject,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       l.cfg.Lease,
		MaxDeliver:    -1,
		MaxAckPending: -1,
		MaxWaiting:    1 << 14, // each slot of each process asks once
		MemoryStorage: l.engine != nil,
	}
	c, err := l.js.Consumer(ctx, stream, name)
	switch {
	case err == nil && c.CachedInfo().Config.AckWait == want.AckWait && c.CachedInfo().Config.FilterSubject == want.FilterSubject:
		return nil
	case err == nil:
		have := c.CachedInfo().Config
		have.AckWait, have.FilterSubject = want.AckWait, want.FilterSubject
		want = have
	case !errors.Is(err, jetstream.ErrConsumerNotFound):
		return fmt.Errorf("look up the consumer %s: %w", name, err)
	}
	if _, err := l.js.CreateOrUpdateConsumer(ctx, stream, want); err != nil {
		return fmt.Errorf("make the consumer %s: %w", name, err)
	}
	return nil
}
