package ownapi

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// original answers GET /magpie/v1/media/{id}/original with the exact upload, to
// those who may use it, with ranges, whatever became of its processing.
func (a *API) original(w http.ResponseWriter, r *http.Request) {
	m, err := a.usable(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.originals.Serve(w, r, m)
}

// usable gives the media in the path, if the caller may use it. One that they
// may not looks like one that does not exist.
func (a *API) usable(r *http.Request) (media.Media, error) {
	who, done, err := a.gate.Request(r)
	defer done()
	if err != nil {
		return media.Media{}, err
	}
	if who.Need(auth.TweetRead, true) != nil && who.Need(auth.MediaWrite, true) != nil {
		return media.Media{}, media.Errorf(media.CodeForbidden, "The token lacks the scope %s or %s, one of which this endpoint needs.", auth.TweetRead, auth.MediaWrite)
	}
	id, err := media.ParseID(r.PathValue("id"))
	if err != nil {
		return media.Media{}, err
	}
	m, err := a.catalog.Media(r.Context(), id)
	if err != nil && media.CodeOf(err) != media.CodeNotFound {
		return media.Media{}, err
	}
	if err != nil || !m.UsableBy(who.User) || !m.GoneAt.IsZero() {
		return media.Media{}, media.Errorf(media.CodeNotFound, "There is no finalized media %s here that this user may use.", id)
	}
	return m, nil
}
