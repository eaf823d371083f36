package xapi

import (
	"context"
	"io"
	"net/http"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// finalize answers POST /2/media/upload/{id}/finalize. Clients send it with no
// body, an empty one, {} or a form: whatever comes says nothing more.
func (a *API) finalize(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	id, err := media.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(r.Body, maxObject)); err != nil {
		return brokenBody(err)
	}
	m, err := a.sessions.Finalize(r.Context(), who.User, id)
	if err != nil {
		return err
	}
	done, err := a.finished(r.Context(), m)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, envelope{Data: done})
}

// finished starts what a finalized media needs and tells where it stands. It
// does the same for a media that was finalized before.
func (a *API) finished(ctx context.Context, m media.Media) (uploadResult, error) {
	m, err := a.Start(ctx, m)
	if err != nil {
		return uploadResult{}, err
	}
	if m.State == media.Failed && !processed(m.Category) {
		return uploadResult{}, media.Invalid("media", "%s", m.Failure.Message)
	}
	return result(m, m.Size(), a.now()), nil
}

// Start hands videos and GIFs to the workers, and runs everything else to its
// end at once, so that the answer shows it ready.
func (a *API) Start(ctx context.Context, m media.Media) (media.Media, error) {
	if !m.GoneAt.IsZero() {
		return m, media.Errorf(media.CodeGone, "The media %s is not there any more.", m.ID)
	}
	if m.State.Done() {
		return m, nil
	}
	if err := a.keepFault(ctx, m.ID); err != nil {
		return m, err
	}
	waits, err := a.waits(ctx, m.ID)
	if err != nil {
		return m, err
	}
	if waits || processed(m.Category) {
		if m.State == media.Pending {
			a.later(ctx, m)
		}
		return m, nil
	}
	err = a.process.Now(ctx, m.ID)
	if media.CodeOf(err) == media.CodeBusy {
		return m, err
	}
	if err != nil {
		a.log.WarnContext(ctx, "processing put off", "media", m.ID, "err", err)
		a.later(ctx, m)
	}
	return a.catalog.Media(ctx, m.ID)
}

// sendLimit is how long an answer waits for the bus.
const sendLimit = 5 * time.Second

// later hands a media to the workers. If that fails the sweeper will.
func (a *API) later(ctx context.Context, m media.Media) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendLimit)
	defer cancel()
	if err := a.process.Later(ctx, m); err != nil {
		a.log.WarnContext(ctx, "job not sent; the sweeper will send it", "media", m.ID, "err", err)
	}
}
