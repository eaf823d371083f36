package ownapi

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// deleted is what is answered of a media that was deleted.
type deleted struct {
	ID              string     `json:"id"`
	Deleted         bool       `json:"deleted"` // always true
	DeletedAt       time.Time  `json:"deleted_at"`
	RestorableUntil *time.Time `json:"restorable_until,omitempty"`
}

// libraryDelete answers DELETE /magpie/v1/media/{id}: the media is gone at once,
// whatever its state, and its bytes go once it can't be restored any more. Again
// it answers the same. One that other media use stays, unless the query says
// force=true.
func (a *API) libraryDelete(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	query, err := parameters(r, "force")
	if err != nil {
		return err
	}
	force, err := truth(query, "force")
	if err != nil {
		return err
	}
	m, err := a.own(r, who, "delete")
	if err != nil {
		return err
	}
	if m.GoneAt.IsZero() {
		_, uses, err := a.catalog.RemoveMedia(r.Context(), m.ID, actor(who), force, a.now())
		if err != nil {
			return err
		}
		if len(uses) > 0 {
			return inUse(m.ID, uses)
		}
		if m, err = a.catalog.Media(r.Context(), m.ID); err != nil {
			return err
		}
	}
	if !a.restorable(m) && !a.justGone(m) {
		return unknownMedia(m.ID)
	}
	out := deleted{ID: m.ID.String(), Deleted: true, DeletedAt: m.GoneAt, RestorableUntil: moment(m.RestorableUntil(a.sessions.DeleteGrace()))}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": out})
}

// justGone is for servers on which nothing can be restored: who deletes there
// still gets an answer.
func (a *API) justGone(m media.Media) bool { return a.now().Sub(m.GoneAt) < time.Minute }

// inUse says where a media is used.
func inUse(id media.ID, uses []catalog.Use) error {
	const most = 5
	var words []string
	for i, u := range uses {
		if i == most {
			words = append(words, fmt.Sprintf("and %d more", len(uses)-most))
			break
		}
		words = append(words, fmt.Sprintf("as %s of %s", u.As, u.By))
	}
	return media.Errorf(media.CodeConflict, "The media %s is in use: %s. Change those first, or say force=true.", id, strings.Join(words, ", "))
}
