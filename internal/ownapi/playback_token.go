package ownapi

import (
	"net/http"
	"time"

	"magpie/internal/analytics"
	"magpie/internal/media"
	"magpie/internal/policy"
)

// minted is a playback token for a player.
type minted struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
}

// playbackToken answers POST /magpie/v1/media/{id}/playback-token with a token
// for one playback that begins now, to whoever may see the media: anyone where
// nothing restricts it, viewers with a ticket, the owner's app.
func (a *API) playbackToken(w http.ResponseWriter, r *http.Request) error {
	id, m, found, err := a.named(r)
	if err != nil {
		return err
	}
	if !found || !m.GoneAt.IsZero() || m.Published == 0 {
		return media.Errorf(media.CodeNotFound, "There is no media %s here that can be played.", id)
	}
	notes, err := a.notes(r.Context(), id)
	if err != nil {
		return err
	}
	now := a.now()
	viewer, _, err := a.access.Read(r, now)
	if err != nil {
		return err
	}
	if verdict := policy.Decide(m, notes, viewer, policy.Stream, now); verdict.Err != nil {
		return verdict.Err
	}
	token, err := analytics.Mint(a.access.Ring(), id, now, a.random)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, map[string]minted{
		"data": {token, now.Add(analytics.Lifetime).UTC().Truncate(time.Second)},
	})
}
