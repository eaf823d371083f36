package processing

import (
	"context"
	"fmt"
	"maps"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// Faulty is an Engine that does to a media what was asked of it by a
// media.Fault: it keeps it in progress for a time, and then fails it or lets
// another engine go on. The time counts from finalize, so that a media whose
// attempt was cut off, by a crash say, still ends when it was asked to. It
// stands in front of every engine of a server on which faults may be asked for.
type Faulty struct {
	engine  Engine // nil for a kind that needs none
	catalog *catalog.Catalog
	turns   chan struct{} // what engine may do at once; nil for any number
	now     func() time.Time
}

var _ Engine = (*Faulty)(nil)

// WithFaults puts a Faulty in front of the engine of each kind, also of those
// that have none. Media that wait as they were asked to take a worker's slot:
// give the workers more, and videos and GIFs still come to their engines so many
// at once as atOnce says.
func WithFaults(engines map[media.Kind]Engine, c *catalog.Catalog, atOnce int, now func() time.Time) map[media.Kind]Engine {
	turns := make(chan struct{}, atOnce)
	all := map[media.Kind]Engine{}
	maps.Copy(all, engines)
	for _, kind := range []media.Kind{media.KindImage, media.KindVideo, media.KindGIF, media.KindSubtitle, media.KindModel} {
		f := &Faulty{engine: engines[kind], catalog: c, now: now}
		if kind == media.KindVideo || kind == media.KindGIF {
			f.turns = turns
		}
		all[kind] = f
	}
	return all
}

// Process does what was asked of the media, and what its engine does.
func (f *Faulty) Process(ctx context.Context, in Input, out Output) (media.Outcome, error) {
	if in.Again && f.engine != nil { // what is shown already has had its fault
		return f.engine.Process(ctx, in, out)
	}
	fault, err := f.catalog.Fault(ctx, in.Media.ID)
	if err != nil {
		return media.Outcome{}, fmt.Errorf("look for a fault: %w", err)
	}
	share := 50 // of the progress shown, where the engine's is still to come
	if fault.Failure != nil {
		share = 99
	}
	if err := f.wait(ctx, in.Media.CreatedAt, fault.Processing, share, out); err != nil {
		return media.Outcome{}, err
	}
	if fault.Failure != nil {
		return media.Outcome{}, fault.Failure
	}
	if f.engine == nil {
		return media.Outcome{}, nil
	}
	if f.turns != nil {
		select {
		case f.turns <- struct{}{}:
			defer func() { <-f.turns }()
		case <-ctx.Done():
			return media.Outcome{}, ctx.Err()
		}
	}
	return f.engine.Process(ctx, in, out)
}

// wait lets a time pass from an instant on, and shows how far it is, up to share
// percent.
func (f *Faulty) wait(ctx context.Context, from time.Time, length time.Duration, share int, out Output) error {
	for {
		passed := max(f.now().Sub(from), 0)
		if passed >= length {
			return nil
		}
		out.Progress(max(1, int(int64(passed)*int64(share)/int64(length))))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(length-passed, max(length/100, 10*time.Millisecond))):
		}
	}
}
