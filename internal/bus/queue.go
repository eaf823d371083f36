package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"magpie/internal/media"
)

// Lane is a queue of its own, so that short work does not wait behind long.
type Lane string

// The lanes.
const (
	Fast Lane = "fast" // GIFs, and whatever else takes seconds
	Slow Lane = "slow" // films
	Idle Lane = "idle" // what is shown already, and processed once more
)

// Lanes lists them.
func Lanes() []Lane { return []Lane{Fast, Slow, Idle} }

const (
	streamName    = "MAGPIE_JOBS"
	subjectPrefix = "magpie.jobs."
)

// subject is the one a media's job has; each holds one message at most.
func subject(lane Lane, id media.ID) string {
	return subjectPrefix + string(lane) + "." + id.String()
}

// anyLane matches a media's job in whatever lane it is.
func anyLane(id media.ID) string { return subjectPrefix + "*." + id.String() }

// parseSubject reads what subject wrote.
func parseSubject(s string) (Lane, media.ID, error) {
	rest, found := strings.CutPrefix(s, subjectPrefix)
	lane, number, cut := strings.Cut(rest, ".")
	if found && cut {
		if err := checkLane(Lane(lane)); err != nil {
			return "", 0, err
		}
		id, err := media.ParseID(number)
		return Lane(lane), id, err
	}
	return "", 0, fmt.Errorf("%q is not the subject of a job", s)
}

func checkLane(lane Lane) error {
	for _, l := range Lanes() {
		if l == lane {
			return nil
		}
	}
	return fmt.Errorf("bus: there is no lane %q", lane)
}

// makeQueue makes the stream and a consumer for each lane where they are
// missing, the log and the duties, and brings their settings up to date. It may
// be called at any time.
func (l *link) makeQueue(ctx context.Context) error {
	if err := l.makeLog(ctx); err != nil {
		return err
	}
	if err := l.makeStream(ctx); err != nil {
		return err
	}
	for _, lane := range Lanes() {
		if err := l.keepConsumer(ctx, streamName, string(lane), subjectPrefix+string(lane)+".*"); err != nil {
			return err
		}
	}
	return l.makeDuties(ctx)
}

// dropLeases deletes the consumers that an embedded store may still hold, and
// with them the leases of the process that had it before.
func (l *link) dropLeases(ctx context.Context) error {
	drop := func(stream, consumer string) error {
		err := l.js.DeleteConsumer(ctx, stream, consumer)
		if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return fmt.Errorf("drop the old leases of %s: %w", consumer, err)
		}
		return nil
	}
	for _, lane := range Lanes() {
		if err := drop(streamName, string(lane)); err != nil {
			return err
		}
	}
	for _, duty := range duties() {
		if err := drop(dutyStream, string(duty)); err != nil {
			return err
		}
	}
	return nil
}

// makeStream makes the stream, which holds one message for each media that has
// a job and forgets it when it is acked.
func (l *link) makeStream(ctx context.Context) error {
	err := l.keepStream(ctx, jetstream.StreamConfig{
		Name:                 streamName,
		Description:          "media that wait to be processed",
		Subjects:             []string{subjectPrefix + "*.*"},
		Retention:            jetstream.WorkQueuePolicy,
		MaxMsgsPerSubject:    1,
		Discard:              jetstream.DiscardNew,
		DiscardNewPerSubject: true,
	})
	if err != nil {
		return fmt.Errorf("make the job queue: %w", err)
	}
	return nil
}
