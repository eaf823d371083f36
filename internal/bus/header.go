package bus

import (
	"context"

	"github.com/nats-io/nats.go"

	"magpie/internal/trace"
)

// headerOf is what a job says beside its media: the trace of whoever asked for it,
// as a request would. Nothing depends on it.
func headerOf(ctx context.Context) nats.Header {
	h := nats.Header{}
	if t := trace.From(ctx); !t.IsZero() {
		h.Set(trace.ParentHeader, t.Parent())
		if state := t.State(); state != "" {
			h.Set(trace.StateHeader, state)
		}
	}
	return h
}

// traced gives ctx with the trace that a message brings. What can't be read, and a
// message of before there were any, is of none.
func traced(ctx context.Context, msg *nats.Msg) context.Context {
	t, ok := trace.Read(msg.Header[trace.ParentHeader], msg.Header[trace.StateHeader])
	if !ok {
		return ctx
	}
	return trace.With(ctx, &t)
}
