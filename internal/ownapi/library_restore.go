package ownapi

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// libraryRestore answers POST /magpie/v1/media/{id}/restore: a media that was
// deleted is back as it was, at its old URLs. What was being processed is
// processed again. Of one that is not deleted it changes nothing.
func (a *API) libraryRestore(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	if _, err := parameters(r); err != nil {
		return err
	}
	m, err := a.own(r, who, "restore")
	if err != nil {
		return err
	}
	if !m.GoneAt.IsZero() {
		now := a.now()
		_, err := a.catalog.RestoreMedia(r.Context(), m.ID, actor(who), now.Add(-a.sessions.DeleteGrace()), now)
		if err != nil {
			return err
		}
		if m, err = a.catalog.Media(r.Context(), m.ID); err != nil {
			return err
		}
		if a.later != nil && m.GoneAt.IsZero() && !m.State.Done() {
			if err := a.later(r.Context(), m); err != nil { // then it takes until it counts as stalled
				a.log.WarnContext(r.Context(), "restored media not queued", "media", m.ID, "err", err)
			}
		}
	}
	if !m.GoneAt.IsZero() {
		return media.Errorf(media.CodeGone, "The media %s can't be restored any more.", m.ID)
	}
	out, err := a.detail(r, m, who)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": out})
}
