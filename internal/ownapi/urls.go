package ownapi

import (
	"errors"
	"fmt"
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// signedFile is one file of a media as urls answers it.
type signedFile struct {
	Role        media.Role `json:"role"`
	Name        string     `json:"name"`
	ContentType string     `json:"content_type"`
	Width       int        `json:"width,omitempty"`
	Height      int        `json:"height,omitempty"`
	BitRate     int64      `json:"bit_rate,omitempty"`
	URL         string     `json:"url"`
}

// urls answers POST /magpie/v1/media/{id}/urls: signed URLs of everything that
// is shown of a media, for its owner to hand to a viewer.
func (a *API) urls(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	if _, err := parameters(r); err != nil {
		return err
	}
	m, err := a.usable(r, who)
	if err != nil {
		return err
	}
	if m.Owner != who.User {
		return media.Errorf(media.CodeForbidden, "Only the owner of %s signs URLs of it.", m.ID)
	}
	var body ticketBody
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	t, err := body.ticket(who.User, a.now())
	if err != nil {
		return err
	}
	t.Media = m.ID
	ids := []media.ID{m.ID}
	groups, err1 := a.catalog.Metadata(r.Context(), ids)
	files, err2 := a.catalog.Renditions(r.Context(), ids)
	attached, err3 := a.catalog.Subtitles(r.Context(), ids)
	notes, err4 := media.DecodeMetadata(groups[m.ID])
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return fmt.Errorf("sign URLs of %s: %w", m.ID, err)
	}
	signed, ticket, err := a.handout.Sign(r, m, notes, files[m.ID], attached[m.ID], t)
	if media.CodeOf(err) == media.CodeForbidden {
		return media.Invalid("$.subscriptions", "must name what the audience_policy of %s asks for, else nobody could open the URLs: creator, x or both", m.ID)
	}
	if err != nil {
		return err
	}
	out := make([]signedFile, len(signed))
	for i, s := range signed {
		f := s.Rendition
		out[i] = signedFile{f.Role, f.Name, f.ContentType, f.Width, f.Height, f.BitRate, s.URL}
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": map[string]any{
		"id": m.ID.String(), "media_key": m.Key(), "state": m.State, "ticket": ticket, "expires_at": t.Expires.Format(wireTime), "urls": out,
	}})
}
