package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"magpie/internal/media"
)

// Send makes a job for a media. Once it returns nil there is one on stable
// storage: this one, or one that was waiting or running already, in whichever
// lane. On an error there may be one or not; sending again is always right.
func (b *Bus) Send(ctx context.Context, id media.ID, lane Lane) error {
	if err := checkLane(lane); err != nil {
		return err
	}
	if id <= 0 {
		return fmt.Errorf("bus: %d is not a media id", id)
	}
	if b.isClosing() {
		return ErrClosed
	}
	err := b.try(ctx, func(ctx context.Context, l *link) error { return l.send(ctx, id, lane) }, nil)
	switch {
	case err == nil:
		return nil
	case b.isClosing():
		return ErrClosed
	}
	return fmt.Errorf("send job for media %s: %w", id, err)
}

// send publishes the job once. The server refuses it if the media has one in
// any lane. It gives the same answer where it could not read its store, and the
// job it saw may have ended since, or, in a cluster, not be there yet; so a
// refusal is believed only once that job has been looked up, and tried again
// where there is none.
func (l *link) send(ctx context.Context, id media.ID, lane Lane) error {
	var err error
	for wait := time.Millisecond; wait < time.Second; wait *= 2 {
		msg := &nats.Msg{Subject: subject(lane, id), Header: headerOf(ctx)}
		_, err = l.js.PublishMsg(ctx, msg, jetstream.WithExpectLastSequenceForSubject(0, anyLane(id)))
		if err == nil || !isConflict(err) {
			return err
		}
		if has, err := l.has(ctx, id); err != nil || has {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(wait):
		}
	}
	return err
}

// move makes a job of the same media in another lane, which the server refuses
// where the media has another job than this one: that one will do.
func (l *link) move(ctx context.Context, msg *nats.Msg, job Job, to Lane) error {
	if err := checkLane(to); err != nil {
		return err
	}
	if to == job.Lane {
		return fmt.Errorf("bus: the job is in lane %s already", to)
	}
	meta, err := msg.Metadata()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(l.cfg.Lease, answerTime))
	defer cancel()
	moved := &nats.Msg{Subject: subject(to, job.ID), Header: headerOf(ctx)}
	_, err = l.js.PublishMsg(ctx, moved, jetstream.WithExpectLastSequenceForSubject(meta.Sequence.Stream, anyLane(job.ID)))
	if err == nil || !isConflict(err) {
		return err
	}
	last, err := l.lastJob(ctx, job.ID)
	if err == nil && last == meta.Sequence.Stream {
		return fmt.Errorf("bus: the server refuses the job in lane %s", to) // it could not read its store
	}
	return err
}

// lastJob is the number of a media's newest job, 0 where there is none.
func (l *link) lastJob(ctx context.Context, id media.ID) (uint64, error) {
	s, err := l.js.Stream(ctx, streamName)
	if err != nil {
		return 0, err
	}
	m, err := s.GetLastMsgForSubject(ctx, anyLane(id))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return m.Sequence, nil
}

// has reports whether a media has a job, waiting or running.
func (l *link) has(ctx context.Context, id media.ID) (bool, error) {
	last, err := l.lastJob(ctx, id)
	return last > 0, err
}

// isConflict reports whether the server refused a message because its subject
// holds one.
func isConflict(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) &&
		(api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
			api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// Len is how many jobs there are in all lanes together: waiting, running, or
// between two tries. In a cluster it may be a moment old.
func (b *Bus) Len(ctx context.Context) (int, error) {
	if b.isClosing() {
		return 0, ErrClosed
	}
	ctx, cancel := asking(ctx)
	defer cancel()
	s, err := b.current().js.Stream(ctx, streamName)
	if err != nil {
		return 0, fmt.Errorf("count the jobs: %w", err)
	}
	return int(s.CachedInfo().State.Msgs), nil // as of the line above
}
