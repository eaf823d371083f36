package tus

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// terminate answers DELETE: an upload ends and its bytes go, or the media that it
// became is deleted, and can be restored for as long as one can. Only its owner
// may. Again it is gone.
func (a *API) terminate(w http.ResponseWriter, r *http.Request, who auth.Identity, id media.ID) error {
	u, err := a.Sessions.Serial(r.Context(), who.User, id)
	if err != nil {
		return err
	}
	if u.Media.ID == 0 {
		err = a.Sessions.Abort(r.Context(), who.Actor(), id)
	} else {
		err = a.remove(r, who, u.Media)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) remove(r *http.Request, who auth.Identity, m media.Media) error {
	if !m.GoneAt.IsZero() {
		return media.Errorf(media.CodeGone, "The media %s is not there any more.", m.ID)
	}
	if m.Owner != who.User {
		return media.Errorf(media.CodeForbidden, "Only the owner of %s may delete it.", m.ID)
	}
	_, uses, err := a.Catalog.RemoveMedia(r.Context(), m.ID, who.Actor(), false, a.Now())
	if err == nil && len(uses) > 0 {
		err = media.Errorf(media.CodeConflict, "The media %s is in use as %s of %s. Change that first, or delete it at /magpie/v1/media/%s with force=true.", m.ID, uses[0].As, uses[0].By, m.ID)
	}
	return err
}
