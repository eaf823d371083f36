package processing

import (
	"context"
	"errors"
	"time"

	"magpie/internal/media"
)

// Watch is told what attempts come to, by whoever counts it. Each of its functions
// may be nil, and is called from many goroutines.
type Watch struct {
	// Ran: an engine has ended. rung is the shorter side of the largest video that
	// it made, 0 for none.
	Ran func(kind media.Kind, rung int, result Result, took time.Duration)
	// Waited: the outcome of a media that was finalized is recorded for the first
	// time. waited goes from finalize to the beginning of the attempt which that is of.
	Waited func(kind media.Kind, waited time.Duration)
}

// Result is how an attempt ended.
type Result string

// The results.
const (
	ResultGood     Result = "succeeded"
	ResultRefused  Result = "refused"   // the file is at fault
	ResultSuspect  Result = "suspected" // the file may be
	ResultLong     Result = "long"      // put off, because it takes long
	ResultCut      Result = "cut"       // by the process's end, or a newer attempt
	ResultFaulted  Result = "faulted"   // something around it is at fault
	ResultDeferred Result = "deferred"  // the store has no room, or can't be reached
)

// Results lists them.
func Results() []Result {
	return []Result{ResultGood, ResultRefused, ResultSuspect, ResultLong, ResultCut, ResultFaulted, ResultDeferred}
}

// resultOf tells an attempt's result by its error and its context's.
func resultOf(ctx context.Context, err error) Result {
	var suspicion *Suspicion
	var failure *media.Failure
	switch {
	case err == nil:
		return ResultGood
	case errors.Is(err, ErrLong):
		return ResultLong
	case errors.Is(err, errSuperseded), ctx.Err() != nil:
		return ResultCut
	case errors.As(err, &suspicion):
		return ResultSuspect
	case errors.As(err, &failure):
		return ResultRefused
	case passes(err):
		return ResultDeferred
	}
	return ResultFaulted
}

// rungOf is the shorter side of the largest video among renditions.
func rungOf(made []media.Rendition) int {
	rung := 0
	for _, r := range made {
		if r.Role == media.RoleMP4 {
			rung = max(rung, min(r.Width, r.Height))
		}
	}
	return rung
}

// ran tells what came of an engine that began at a time.
func (w *Worker) ran(ctx context.Context, m media.Media, began time.Time, made []media.Rendition, err error) {
	if w.cfg.Watch.Ran != nil {
		w.cfg.Watch.Ran(m.Category.Kind(), rungOf(made), resultOf(ctx, err), w.now().Sub(began))
	}
}

// waited tells how long a media waited that has its first outcome; it had
// been claimed, or was begun, at TouchedAt.
func (w *Worker) waited(m media.Media) {
	if w.cfg.Watch.Waited != nil && !m.State.Done() {
		w.cfg.Watch.Waited(m.Category.Kind(), max(m.TouchedAt.Sub(m.CreatedAt), 0))
	}
}
