package ownapi

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/media"
	"magpie/internal/policy"
)

// original answers GET /magpie/v1/media/{id}/original with the exact upload, to
// those who may use it, with ranges, whatever became of its processing. Past its
// content_expiration it is its owner's alone.
func (a *API) original(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	m, err := a.usable(r, who)
	if err != nil {
		return err
	}
	if m.Owner != who.User {
		if err := a.decide(r, m, who); err != nil {
			return err
		}
	}
	return a.originals.Serve(w, r, m)
}

// decide asks policy whether somebody other than the owner may have the upload.
func (a *API) decide(r *http.Request, m media.Media, who auth.Identity) error {
	notes, err := a.notes(r.Context(), m.ID)
	if err != nil {
		return err
	}
	return a.access.Tell(policy.Decide(m, notes, policy.Viewer{SignedIn: who.User}, policy.Download, a.now()))
}

// usable gives the media in the path, if the caller may use it, as far as
// Originals.Media reads it. One that they may not looks like one that does not exist.
func (a *API) usable(r *http.Request, who auth.Identity) (media.Media, error) {
	id, err := media.ParseID(r.PathValue("id"))
	if err != nil {
		return media.Media{}, err
	}
	m, err := a.originals.Media(r.Context(), id)
	if err != nil && media.CodeOf(err) != media.CodeNotFound {
		return media.Media{}, err
	}
	if err != nil || !m.UsableBy(who.User) || !m.GoneAt.IsZero() {
		return media.Media{}, unknownMedia(id)
	}
	return m, nil
}
