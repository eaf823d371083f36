package processing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"magpie/internal/blob"
	"magpie/internal/media"
	"magpie/internal/trace"
)

// Make makes one attempt at a media that is not recorded yet, and hands what came
// of it to publish. The original is stored, or else it is file. An error means
// that nothing was published, and that the media is for Run.
func (w *Worker) Make(ctx context.Context, m media.Media, file *blob.Taken, publish func(context.Context, media.Outcome) error) error {
	log := w.logFor(ctx, m)
	outcome, err := w.attempt(ctx, m, manner{file: file})
	var failure *media.Failure
	var suspicion *Suspicion
	switch {
	case err == nil:
	case errors.As(err, &suspicion) || !errors.As(err, &failure):
		return fmt.Errorf("process %s, attempt %d: %w", m.ID, m.Attempt, err)
	default:
		outcome = media.Outcome{Failure: failure}
	}
	if err := publish(ctx, outcome); err != nil {
		return fmt.Errorf("publish %s: %w", m.ID, err)
	}
	w.waited(m)
	w.tell(log, m, outcome)
	return nil
}

// logFor is the logger of an attempt. Whoever asked for it is found by the trace.
func (w *Worker) logFor(ctx context.Context, m media.Media) *slog.Logger {
	log := w.log.With("media", m.ID, "attempt", m.Attempt)
	if t := trace.From(ctx); !t.IsZero() {
		log = log.With("trace", t.ID())
	}
	return log
}

// tell logs what came of a media.
func (w *Worker) tell(log *slog.Logger, m media.Media, o media.Outcome) {
	switch {
	case o.Failure != nil && m.State == media.Succeeded:
		log.Warn("media stays as it was", "name", o.Failure.Name, "message", o.Failure.Message)
	case o.Failure != nil:
		log.Info("media failed", "name", o.Failure.Name, "message", o.Failure.Message)
	default:
		log.Info("media succeeded", "renditions", len(o.Renditions), "more", o.More, "took", w.now().Sub(m.TouchedAt).Round(time.Millisecond))
	}
}
