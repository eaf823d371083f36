package processing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"magpie/internal/blob"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// Config bounds the Worker. Zero values mean the defaults.
type Config struct {
	Scratch     string        // folder for scratch folders; emptied by NewWorker
	MaxAttempts int64         // claims after which a media is given up; 1000
	MaxLost     int64         // attempts without an end, as in crashes, after which it is given up; 100: most are not its fault
	MaxTries    int           // tries that ended in an error after which it is given up; 8
	Touch       time.Duration // how often a running attempt shows that it lives; 5 s
	Watch       Watch         // is told what attempts come to
}

// Worker runs attempts. Its methods may be used from many goroutines.
type Worker struct {
	cfg     Config
	catalog *catalog.Catalog
	blobs   *blob.Store
	engines map[media.Kind]Engine
	source  *Source
	now     func() time.Time
	log     *slog.Logger

	mu        sync.Mutex
	running   map[media.ID]chan struct{} // closed when the attempt in this process ends
	suspected map[media.ID]bool          // that wait for their next try after a Suspicion
}

// NewWorker makes a Worker over the engines of each kind. Kinds without an
// engine need no processing: their media succeed at once. It empties
// cfg.Scratch of what a crash left.
func NewWorker(cfg Config, c *catalog.Catalog, b *blob.Store, engines map[media.Kind]Engine, source *Source, now func() time.Time, log *slog.Logger) (*Worker, error) {
	if cfg.MaxAttempts == 0 {
		cfg.MaxAttempts = 1000
	}
	if cfg.MaxLost == 0 {
		cfg.MaxLost = 100
	}
	if cfg.MaxTries == 0 {
		cfg.MaxTries = 8
	}
	if cfg.Touch == 0 {
		cfg.Touch = 5 * time.Second
	}
	if err := os.RemoveAll(cfg.Scratch); err != nil {
		return nil, fmt.Errorf("empty the scratch folder: %w", err)
	}
	if err := os.MkdirAll(cfg.Scratch, 0o700); err != nil {
		return nil, fmt.Errorf("make the scratch folder: %w", err)
	}
	return &Worker{
		cfg: cfg, catalog: c, blobs: b, engines: engines, source: source, now: now, log: log,
		running: map[media.ID]chan struct{}{}, suspected: map[media.ID]bool{},
	}, nil
}

// Run makes one attempt at a media and records its outcome. It returns nil
// when nothing is left to do, whoever did it: the media succeeded, failed, is
// gone or never was, or a newer attempt has it. An error, or a panic of the
// engine that became one, means that another try may help; try is how many
// there have been, this one included, and those that came to no attempt because
// the store was away: only attempts count. A second Run of the same media in this
// process waits for the first instead.
func (w *Worker) Run(ctx context.Context, id media.ID, try int) error {
	return w.run(ctx, id, try, false)
}

// RunQuick is Run where others wait behind that are quickly made. A media that
// turns out to take long is given back, its length is in its row, and the error
// is ErrLong: it is for Run.
func (w *Worker) RunQuick(ctx context.Context, id media.ID, try int) error {
	return w.run(ctx, id, try, true)
}

func (w *Worker) run(ctx context.Context, id media.ID, try int, quick bool) error {
	for {
		ended, first := w.enter(id)
		if first {
			break
		}
		select {
		case <-ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer w.leave(id)

	// Without room, or while the store is away, there is no use in an attempt, and
	// none is counted.
	if err := w.blobs.Ready(ctx); passes(err) {
		return fmt.Errorf("process %s: %w", id, err)
	}
	again := w.suspect(id, false) // two in a row count
	m, claimed, err := w.catalog.Claim(ctx, id, w.now())
	if media.CodeOf(err) == media.CodeNotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("claim %s: %w", id, err)
	}
	if !claimed {
		return nil
	}
	try = min(try, int(m.Attempt-m.Lost))
	log := w.logFor(ctx, m)
	// What takes the process down never gets as far as an error.
	if m.Attempt > w.cfg.MaxAttempts || m.Lost >= w.cfg.MaxLost {
		log.Error("processing given up", "tries", try, "lost", m.Lost)
		return w.publish(ctx, m, givenUp(), log)
	}
	outcome, err := w.attempt(ctx, m, manner{quick: quick && !m.State.Done(), recorded: true})
	var failure *media.Failure
	var suspicion *Suspicion
	switch {
	case errors.Is(err, errSuperseded):
		log.Info("attempt superseded")
		return nil
	case errors.Is(err, ErrLong):
		return w.postpone(ctx, m, outcome.Duration)
	case errors.As(err, &suspicion) && ctx.Err() == nil && (again && suspicion.Strong || try >= w.cfg.MaxTries || m.Attempt >= w.cfg.MaxAttempts):
		log.Warn("processing given up for the file's sake", "tries", try, "err", err)
		outcome = media.Outcome{Failure: suspicion.Failure}
	case suspicion != nil:
		w.suspect(id, suspicion.Strong)
		return w.release(ctx, m, err)
	case errors.As(err, &failure):
		outcome = media.Outcome{Failure: failure}
	case passes(err) && m.Attempt < w.cfg.MaxAttempts:
		return w.release(ctx, m, err) // whatever the number of tries
	case err != nil && ctx.Err() == nil && (try >= w.cfg.MaxTries || m.Attempt >= w.cfg.MaxAttempts):
		log.Error("processing given up", "tries", try, "err", err)
		outcome = givenUp()
	case err != nil:
		return w.release(ctx, m, err)
	}
	return w.publish(ctx, m, outcome, log)
}

// passes says that an error is the store's and will be gone: it is full, or can't
// be reached.
func passes(err error) bool {
	code := media.CodeOf(err)
	return code == media.CodeFull || code == media.CodeBusy
}

// How long what passes is waited for, and how often it is looked for.
const (
	holdFor   = 10 * time.Second
	holdEvery = time.Second
)

// hold waits until the store and the catalogue can be used, or for holdFor. Without
// them a worker would go through all jobs that wait, and each would wait for its
// back-off when they are there again.
func (w *Worker) hold(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, holdFor)
	defer cancel()
	tick := time.NewTicker(holdEvery)
	defer tick.Stop()
	for w.blobs.Ready(ctx) != nil || w.catalog.Ping(ctx) != nil {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// givenUp is the outcome of a media that no try gets through.
func givenUp() media.Outcome {
	return media.Outcome{Failure: media.NewFailure(media.InternalError,
		"The server could not process this file, though nothing was found wrong with it. Upload it again.")}
}

// suspect notes whether a media is under suspicion, and gives whether it was.
// It is forgotten with the process.
func (w *Worker) suspect(id media.ID, now bool) (before bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before = w.suspected[id]
	if now {
		w.suspected[id] = true
	} else {
		delete(w.suspected, id)
	}
	return before
}

// enter marks a media as running here. When it already is, it gives the
// channel that closes when that run ends.
func (w *Worker) enter(id media.ID) (ended <-chan struct{}, first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c, ok := w.running[id]; ok {
		return c, false
	}
	w.running[id] = make(chan struct{})
	return nil, true
}

func (w *Worker) leave(id media.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.running[id])
	delete(w.running, id)
}

// release gives the media back for another try and passes on why. Where it was
// not this attempt's any more, no other try of ours is needed, and would take
// the media from the newer one.
func (w *Worker) release(ctx context.Context, m media.Media, why error) error {
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	held, err := w.catalog.Release(back, m.ID, m.Attempt, wordsFor(ctx, why), w.now())
	if err != nil {
		why = errors.Join(why, fmt.Errorf("release %s: %w", m.ID, err))
	} else if !held {
		w.logFor(ctx, m).Info("attempt superseded", "err", why)
		return nil
	}
	return fmt.Errorf("process %s, attempt %d: %w", m.ID, m.Attempt, why)
}

// wordsFor is why an attempt is made again, for the owner of the media: what
// exactly went wrong is in the log.
func wordsFor(ctx context.Context, why error) string {
	var suspicion *Suspicion
	switch {
	case ctx.Err() != nil:
		return "The server was stopped."
	case media.CodeOf(why) == media.CodeFull:
		return "The server had no room for what is made."
	case media.CodeOf(why) == media.CodeBusy:
		return "What the server stores files in was away."
	case errors.As(why, &suspicion):
		return suspicion.Failure.Message
	default:
		return "Something went wrong in the server; its log says what."
	}
}

// postpone gives the media back for one who has the time.
func (w *Worker) postpone(ctx context.Context, m media.Media, duration time.Duration) error {
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	held, err := w.catalog.Postpone(back, m.ID, m.Attempt, max(duration, 1), w.now())
	switch {
	case err != nil:
		return w.release(ctx, m, err)
	case !held:
		w.logFor(ctx, m).Info("attempt superseded")
		return nil
	}
	w.logFor(ctx, m).Debug("media takes long", "duration", duration)
	return fmt.Errorf("process %s: %w", m.ID, ErrLong)
}

func (w *Worker) publish(ctx context.Context, m media.Media, o media.Outcome, log *slog.Logger) error {
	published, err := w.catalog.Publish(ctx, m.ID, m.Attempt, o, w.now())
	if err != nil {
		return w.release(ctx, m, fmt.Errorf("publish: %w", err))
	}
	if !published {
		log.Info("attempt superseded")
		return nil
	}
	w.waited(m)
	w.tell(log, m, o)
	return nil
}
