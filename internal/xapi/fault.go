package xapi

import (
	"context"
	"net/http"
	"strings"

	"magpie/internal/media"
)

// inject does what the request's header asks for, and gives what to go on with.
// It comes after the caller was identified and before anything is done; where
// faults are not switched on it refuses.
func (a *API) inject(w http.ResponseWriter, r *http.Request, l limit) (http.ResponseWriter, *http.Request, error) {
	headers := r.Header.Values(faultHeader)
	if len(headers) == 0 {
		return w, r, nil
	}
	if !a.faults {
		return w, r, media.Invalid(faultHeader, "The header %s asks for a fault, and this server injects none: it has to be started with --faults. Leave the header out.", faultHeader)
	}
	text := strings.Join(headers, ", ")
	f, err := parseFault(text)
	if err != nil {
		return w, r, err
	}
	if f.upload != nil && l != limitInitialize && l != limitFinalize && l != limitUpload {
		return w, r, notProcessed()
	}
	w.Header().Set(faultHeader, text)
	if f.drop == dropBefore {
		panic(http.ErrAbortHandler)
	}
	w = &heldBack{ResponseWriter: w, ctx: r.Context(), delay: f.delay, drop: f.drop == dropAfter}
	if f.status != 0 {
		if f.status == http.StatusTooManyRequests {
			tell(w.Header(), l.shown(), 0, a.now().Add(f.retryAfter))
		}
		return w, r, askedFor(f)
	}
	if f.upload != nil {
		r = r.WithContext(context.WithValue(r.Context(), faultKey{}, *f.upload))
	}
	return w, r, nil
}

func notProcessed() error {
	return badFault("processing and processing-time go with the requests that begin or finish an upload: initialize, finalize, INIT, FINALIZE and an upload in one request")
}

// shown is the number that X's header names for a limit.
func (l limit) shown() int {
	user, _ := l.allowance()
	return user
}

// faultKey is where a request's context has the media.Fault that it asks for.
type faultKey struct{}

// asksProcessing reports whether the request asks anything of an upload's
// processing.
func asksProcessing(ctx context.Context) bool {
	_, asked := ctx.Value(faultKey{}).(media.Fault)
	return asked
}

// keepFault records what the request asks to happen to an upload, before the
// upload goes on or its client is answered.
func (a *API) keepFault(ctx context.Context, id media.ID) error {
	f, asked := ctx.Value(faultKey{}).(media.Fault)
	if !asked {
		return nil
	}
	return a.catalog.SetFault(ctx, id, f)
}

// waits reports whether a media is to be in progress for a time, so that it
// can't be processed while its client waits.
func (a *API) waits(ctx context.Context, id media.ID) (bool, error) {
	if !a.faults {
		return false, nil
	}
	f, err := a.catalog.Fault(ctx, id)
	return f.Processing > 0, err
}
