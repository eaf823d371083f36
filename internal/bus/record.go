package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"
)

// The log is a stream beside the job queue: records in the order in which they
// came, which whoever follows it reads from wherever they left off.
const (
	logName    = "MAGPIE_PLAYBACK"
	logSubject = "magpie.playback"
)

// MaxRecord is how many bytes a record may have.
const MaxRecord = 128 << 10

// ErrLogFull is what Publish returns while the log has no room, which is for as
// long as nobody who follows it forgets anything.
var ErrLogFull = errors.New("bus: the log has no room")

// Record is one entry of the log. Sequences begin at 1 and only grow; some may
// be missing where a disk lost them.
type Record struct {
	Sequence uint64
	Data     []byte
}

// Log says what there is of the log. ID is another one for a log that was made
// anew, whose sequences begin at 1 again. Last is the sequence of the newest
// record, 0 before the first.
type Log struct {
	ID   string
	Last uint64
}

// Publish puts a record at the end of the log. Once it returns nil, the record
// is on stable storage and is handed to every Follow. On an error it may be
// there or not, and where it is tried again by the caller it may be there twice.
func (b *Bus) Publish(ctx context.Context, data []byte) error {
	if len(data) == 0 || len(data) > MaxRecord {
		return fmt.Errorf("bus: a record has from 1 to %d bytes, not %d", MaxRecord, len(data))
	}
	if b.isClosing() {
		return ErrClosed
	}
	full := func(err error) bool { return errors.Is(err, ErrLogFull) }
	err := b.try(ctx, func(ctx context.Context, l *link) error { return l.publish(ctx, data) }, full)
	switch {
	case err == nil:
		return nil
	case b.isClosing():
		return ErrClosed
	}
	return fmt.Errorf("publish a record of %d bytes: %w", len(data), err)
}

func (l *link) publish(ctx context.Context, data []byte) error {
	ctx, cancel := asking(ctx)
	defer cancel()
	_, err := l.js.Publish(ctx, logSubject, data, jetstream.WithExpectStream(logName))
	var api *jetstream.APIError
	if errors.As(err, &api) && l.logFull(ctx, len(data)) {
		return ErrLogFull
	}
	return err
}

// logFull reports whether the log has no room for so many bytes: the server has
// one code for that and for a disk that fails.
func (l *link) logFull(ctx context.Context, size int) bool {
	s, err := l.js.Stream(ctx, logName)
	if err != nil {
		return false
	}
	const around = 1 << 10 // what the server writes beside a record, and more
	info := s.CachedInfo()
	return info.Config.MaxBytes > 0 && int64(info.State.Bytes)+int64(size)+around > info.Config.MaxBytes
}

// Log reads what there is of the log now.
func (b *Bus) Log(ctx context.Context) (Log, error) {
	if b.isClosing() {
		return Log{}, ErrClosed
	}
	return b.current().log(ctx)
}

func (l *link) log(ctx context.Context) (Log, error) {
	ctx, cancel := asking(ctx)
	defer cancel()
	s, err := l.js.Stream(ctx, logName)
	if err != nil {
		return Log{}, fmt.Errorf("look up the log: %w", err)
	}
	return readLog(s.CachedInfo()), nil // as of the line above
}

func readLog(info *jetstream.StreamInfo) Log {
	return Log{ID: strconv.FormatInt(info.Created.UnixNano(), 36), Last: info.State.LastSeq}
}

// SettledLog is Log once the server that answers has all that was ever said to be
// on the log. In a cluster one that begins to lead may lack the last records for
// a moment, and Log is what it has then.
func (b *Bus) SettledLog(ctx context.Context) (Log, error) {
	if b.isClosing() {
		return Log{}, ErrClosed
	}
	ctx, cancel := asking(ctx)
	defer cancel()
	s, err := b.current().js.Stream(ctx, logName)
	if err != nil {
		return Log{}, fmt.Errorf("look up the log: %w", err)
	}
	for range 10 {
		leader := leaderOf(s.CachedInfo())
		// Nothing is before the first record, but the server takes its turn at
		// saying so behind all that came before.
		if err := s.Purge(ctx, jetstream.WithPurgeSequence(1)); err != nil {
			return Log{}, fmt.Errorf("wait for the log to settle: %w", err)
		}
		info, err := s.Info(ctx)
		if err != nil {
			return Log{}, fmt.Errorf("look up the log: %w", err)
		}
		if leaderOf(info) == leader { // else another one answered
			return readLog(info), nil
		}
	}
	return Log{}, errors.New("bus: the log has no leader that stays")
}

func leaderOf(info *jetstream.StreamInfo) string {
	if info.Cluster == nil {
		return ""
	}
	return info.Cluster.Leader
}

// Forget gives the room of all records before a sequence back. A log that was
// made anew meanwhile keeps what it has.
func (b *Bus) Forget(ctx context.Context, id string, before uint64) error {
	now, err := b.Log(ctx)
	if err != nil || now.ID != id || before <= 1 {
		return err
	}
	ctx, cancel := asking(ctx)
	defer cancel()
	s, err := b.current().js.Stream(ctx, logName)
	if err == nil {
		// The newest stays in any case, so that the count goes on from it.
		err = s.Purge(ctx, jetstream.WithPurgeSequence(min(before, now.Last)))
	}
	if err != nil {
		return fmt.Errorf("forget the log before %d: %w", before, err)
	}
	return nil
}

// makeLog makes the log where it is missing. Full, it refuses what is new: what
// it has taken is not counted yet.
func (l *link) makeLog(ctx context.Context) error {
	limit := int64(-1)
	if l.engine != nil {
		limit = l.cfg.MaxStore / 2 // the rest is for jobs
	}
	err := l.keepStream(ctx, jetstream.StreamConfig{
		Name:        logName,
		Description: "how media were played, to be counted",
		Subjects:    []string{logSubject},
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardNew,
		MaxBytes:    limit,
		MaxMsgSize:  MaxRecord + 4<<10, // headers count, too
	})
	if err != nil {
		return fmt.Errorf("make the log: %w", err)
	}
	return nil
}
