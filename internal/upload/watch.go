package upload

import (
	"context"
	"time"
)

// Watch is told what happens to uploads, by whoever counts it. Each of its
// functions may be nil, is called from many goroutines, some for each segment,
// and must not take long.
type Watch struct {
	// Opened: there is a session.
	Opened func(ctx context.Context)
	// Closed: a session, or a whole file in one request, was to become a media,
	// and did where err is nil.
	Closed func(ctx context.Context, err error)
	// InFlight: so many more segments and whole files are on their way in; -1 when
	// one of them has ended, however it did.
	InFlight func(change int)
	// Appended: a segment of so many bytes is acknowledged. took goes from its last
	// byte to that, and so is none of the client's.
	Appended func(ctx context.Context, bytes int64, took time.Duration)
}

func (w *Watch) opened(ctx context.Context) {
	if w != nil && w.Opened != nil {
		w.Opened(ctx)
	}
}

func (w *Watch) closed(ctx context.Context, err error) {
	if w != nil && w.Closed != nil {
		w.Closed(ctx, err)
	}
}

func (w *Watch) inFlight(change int) {
	if w != nil && w.InFlight != nil {
		w.InFlight(change)
	}
}

func (w *Watch) appended(ctx context.Context, bytes int64, took time.Duration) {
	if w != nil && w.Appended != nil {
		w.Appended(ctx, bytes, took)
	}
}
