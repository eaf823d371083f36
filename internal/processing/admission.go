package processing

import (
	"context"
	"time"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// Admission bounds what runs while a client waits: so many at once, so many
// more in line, and words for whoever comes beyond that.
type Admission struct {
	worker *Worker
	slots  chan struct{}
	line   chan struct{}
}

// runLimit is how long one inline run may take. It goes on when its client is
// gone: the work is needed in any case.
const runLimit = 2 * time.Minute

// lineLimit is how long a client waits for its turn: less than what is between usually
// waits for an answer, so that it hears words and not a time-out.
const lineLimit = 30 * time.Second

// NewAdmission lets slots runs go on at once while line more wait.
func NewAdmission(w *Worker, slots, line int) *Admission {
	return &Admission{worker: w, slots: make(chan struct{}, slots), line: make(chan struct{}, slots+line)}
}

// Run makes one attempt at a media, as Worker.Run does, when its turn comes.
// CodeBusy means that the line is full, or that the turn has not come within lineLimit.
func (a *Admission) Run(ctx context.Context, id media.ID) error {
	return a.admit(ctx, func(ctx context.Context) error { return a.worker.Run(ctx, id, 1) })
}

// Make is Worker.Make when its turn comes. CodeBusy as from Run.
func (a *Admission) Make(ctx context.Context, m media.Media, file *blob.Taken, publish func(context.Context, media.Outcome) error) error {
	return a.admit(ctx, func(ctx context.Context) error { return a.worker.Make(ctx, m, file, publish) })
}

func (a *Admission) admit(ctx context.Context, run func(context.Context) error) error {
	select {
	case a.line <- struct{}{}:
		defer func() { <-a.line }()
	default:
		return busy(time.Second)
	}
	turn := time.NewTimer(lineLimit)
	defer turn.Stop()
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	case <-turn.C:
		return busy(5 * time.Second)
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), runLimit)
	defer cancel()
	return run(ctx)
}

func busy(after time.Duration) error {
	return media.Busy(after, "The server is processing as many files as it can; finalize again in a moment.")
}
