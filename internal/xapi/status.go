package xapi

import (
	"context"
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// status answers GET /2/media/upload?media_id=…[&command=STATUS]: where an
// upload stands, from initialize on. A finished image says succeeded: X refuses
// there, and clients take that for a failed upload. Parameters that nobody knows
// are passed over: a client that polls is not to be stopped by one.
func (a *API) status(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	query := r.URL.Query()
	if len(query["command"]) > 1 {
		return twice("command")
	}
	if c := query.Get("command"); c != "" && c != "STATUS" {
		return badQuery(query, "command", "is not one of [STATUS]")
	}
	text, err := one(query, "media_id")
	if err != nil {
		return err
	}
	id, err := media.ParseID(text)
	if err != nil {
		return badQuery(query, "media_id", "is not valid; it is a string of 1 to 19 digits")
	}
	out, err := a.stands(r.Context(), who, id)
	if media.CodeOf(err) == media.CodeNotFound {
		return unknownStatus(id)
	}
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, envelope{Data: out})
}

// stands tells where an upload stands. CodeNotFound is for one that the user
// may not use, CodeGone for a session that expired.
func (a *API) stands(ctx context.Context, who auth.Identity, id media.ID) (uploadResult, error) {
	m, size, err := a.catalog.Sized(ctx, id)
	if media.CodeOf(err) == media.CodeNotFound {
		return a.sessionStands(ctx, who, id)
	}
	if err != nil {
		return uploadResult{}, err
	}
	if !m.UsableBy(who.User) || !m.GoneAt.IsZero() {
		return uploadResult{}, unknownUpload(id)
	}
	out := result(m, size, a.now())
	out.ProcessingInfo = info(m, a.now())
	return out, nil
}

// sessionStands tells of an upload that is not finalized yet.
func (a *API) sessionStands(ctx context.Context, who auth.Identity, id media.ID) (uploadResult, error) {
	session, err := a.sessions.Session(ctx, who.User, id)
	if err != nil {
		return uploadResult{}, err
	}
	if session.State == media.SessionExpired || !a.now().Before(session.ExpiresAt) {
		return uploadResult{}, media.Errorf(media.CodeGone, "The upload %s expired before it was finalized.", id)
	}
	return uploadResult{
		ID: id.String(), MediaKey: media.KeyOf(session.Category, id),
		ExpiresAfterSecs: secondsUntil(session.ExpiresAt, a.now()),
		ProcessingInfo:   &processingInfo{State: media.Pending, CheckAfterSecs: 1},
	}, nil
}

// unknownUpload says that there is none, or none that the user may know of.
func unknownUpload(id media.ID) error {
	return media.Errorf(media.CodeNotFound, "There is no upload %s here that this user may use.", id)
}

// unknownStatus is X's own answer for an id that it does not know, with words.
func unknownStatus(id media.ID) error {
	e := media.Invalid("media_id", "BadRequest: Not found. No upload or media %s is known to this user.", id)
	e.Value = id.String()
	return e
}
