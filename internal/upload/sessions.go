package upload

import (
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"magpie/internal/blob"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// Config bounds and times sessions. Zero values mean the defaults.
type Config struct {
	Lifetime     time.Duration // from initialize to expiry; 24 h
	Brief        time.Duration // the same for a Request that is Brief; Lifetime
	MaxSegment   int64         // bytes of one segment, and of a one-shot upload; 64 MiB
	Limits       media.Limits  // what media may be; the zero value bounds nothing but what the contract does
	Retention    time.Duration // from finalize to the media's own expiry; 0 keeps it until deleted
	ClosingLimit time.Duration // a finalize older than this is taken for dead; 30 s
	Grace        time.Duration // from the end of a session or media to the removal of its bytes; 1 h
	DeleteGrace  time.Duration // from a media's deletion to the end of the time to restore it; 24 h
	PruneAfter   time.Duration // from the end to the removal of its rows; 7 days
	Quota        int64         // bytes that one user may store who has no quota of their own; 0 for any number

	Watch *Watch // is told what happens; nil for nobody

	// AloneSince is from when on no other process has used the catalogue, so
	// that a finalize begun before is dead however young it is. Zero where
	// processes share it.
	AloneSince time.Time
}

// WithDefaults fills in what is zero.
func (c Config) WithDefaults() Config {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&c.Lifetime, 24*time.Hour)
	set(&c.Brief, c.Lifetime)
	set(&c.ClosingLimit, 30*time.Second)
	set(&c.Grace, time.Hour)
	set(&c.DeleteGrace, 24*time.Hour)
	set(&c.PruneAfter, 7*24*time.Hour)
	if c.MaxSegment == 0 {
		c.MaxSegment = 64 << 20
	}
	return c
}

// Sessions is every upload session of one store and catalogue. Any number of
// processes may have one over the same two.
type Sessions struct {
	cfg     Config
	catalog *catalog.Catalog
	blobs   *blob.Store
	held    *held
	recent  *recent
	starts  *sync.Pool // of *start
	blanks  blanks
	now     func() time.Time
	random  io.Reader
	pause   func(context.Context, time.Duration) error
	log     *slog.Logger

	lastTail atomic.Uint64 // of the names of segments
}

// New makes Sessions. now and random are the clock and the source of ids and
// names.
func New(cfg Config, c *catalog.Catalog, b *blob.Store, now func() time.Time, random io.Reader, log *slog.Logger) *Sessions {
	return &Sessions{cfg: cfg.WithDefaults(), catalog: c, blobs: b, held: newHeld(), recent: newRecent(), starts: newStarts(), now: now, random: random, pause: pause, log: log}
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// MaxSegment is the most bytes that one segment or one-shot upload may have.
func (s *Sessions) MaxSegment() int64 { return s.cfg.MaxSegment }

// Limits is the table of what media may be.
func (s *Sessions) Limits() media.Limits { return s.cfg.Limits }

// DeleteGrace is how long a media that was deleted can be restored.
func (s *Sessions) DeleteGrace() time.Duration { return s.cfg.DeleteGrace }

// Quota is how many bytes a user may store who has no quota of their own; 0 for
// any number.
func (s *Sessions) Quota() int64 { return s.cfg.Quota }

// Session gives a session that user may use. One that is not theirs looks like
// one that does not exist.
func (s *Sessions) Session(ctx context.Context, user string, id media.ID) (media.Session, error) {
	session, err := s.catalog.Session(ctx, id)
	if media.CodeOf(err) == media.CodeNotFound {
		return media.Session{}, unknown(id)
	}
	if err != nil {
		return media.Session{}, err
	}
	if !session.UsableBy(user) {
		return media.Session{}, unknown(id)
	}
	return session, nil
}

func unknown(id media.ID) error {
	return media.Errorf(media.CodeNotFound, "There is no upload %s here that this user may use.", id)
}

func expired(session media.Session) error {
	if session.State == media.SessionExpired && session.EndedAt.Before(session.ExpiresAt) {
		return media.Errorf(media.CodeGone, "The upload %s was aborted at %s; initialize a new one.",
			session.ID, session.EndedAt.UTC().Format(time.RFC3339))
	}
	return media.Errorf(media.CodeGone, "The upload %s expired at %s; initialize a new one.",
		session.ID, session.ExpiresAt.UTC().Format(time.RFC3339))
}

// name makes n random bytes into URL-safe text.
func (s *Sessions) name(n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.random, b); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
