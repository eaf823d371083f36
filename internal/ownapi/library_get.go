package ownapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// libraryDetail is everything known of a media.
type libraryDetail struct {
	libraryItem
	Owner            string                     `json:"owner"`
	AdditionalOwners []string                   `json:"additional_owners"`
	UpdatedAt        time.Time                  `json:"updated_at"` // last claim, progress or outcome of processing
	Attempts         attempts                   `json:"attempts"`
	Original         originalFile               `json:"original"`
	Renditions       []renditionFile            `json:"renditions"`
	Metadata         map[string]json.RawMessage `json:"metadata"`
	Subtitles        []subtitleFile             `json:"subtitles"`
	UsedBy           []use                      `json:"used_by"`
}

// attempts is what is known of the processing. Attempts that neither ended well
// nor ill, as where the server was killed, are lost.
type attempts struct {
	Begun int64 `json:"begun"`
	Lost  int64 `json:"lost"`
	Shown int64 `json:"shown"` // the one whose renditions are shown; 0 before any
}

type originalFile struct {
	Bytes    int64      `json:"bytes"`
	Type     media.Type `json:"media_type"`
	Segments int        `json:"segments"`
	Path     string     `json:"path,omitempty"` // on the API's host
}

type renditionFile struct {
	Name        string     `json:"name"`
	Role        media.Role `json:"role"`
	ContentType string     `json:"content_type"`
	Bytes       int64      `json:"bytes"`
	Width       int        `json:"width,omitempty"`
	Height      int        `json:"height,omitempty"`
	BitRate     int64      `json:"bit_rate,omitempty"`
	URL         string     `json:"url,omitempty"`
}

type subtitleFile struct {
	Language    media.Language `json:"language"`
	DisplayName string         `json:"display_name,omitempty"`
	MediaID     string         `json:"media_id"`
	AttachedAt  time.Time      `json:"attached_at"`
}

// use is where a media is used: by which other of the owner's, and as what.
type use struct {
	MediaID string `json:"media_id"`
	As      string `json:"as"`
}

// libraryGet answers GET /magpie/v1/media/{id} with everything known of a media,
// to its owner and additional owners; to the owner also while it can be
// restored.
func (a *API) libraryGet(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	if _, err := parameters(r); err != nil {
		return err
	}
	id, m, found, err := a.named(r)
	if err != nil {
		return err
	}
	deleted := !m.GoneAt.IsZero()
	if !found || !m.UsableBy(who.User) || deleted && (m.Owner != who.User || !a.restorable(m)) {
		return unknownMedia(id)
	}
	out, err := a.detail(r, m, who)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": out})
}

// detail reads everything about a media.
func (a *API) detail(r *http.Request, m media.Media, who auth.Identity) (libraryDetail, error) {
	ids := []media.ID{m.ID}
	groups, err1 := a.catalog.Metadata(r.Context(), ids)
	files, err2 := a.catalog.Renditions(r.Context(), ids)
	attached, err3 := a.catalog.Subtitles(r.Context(), ids)
	uses, err4 := a.catalog.Uses(r.Context(), m)
	notes, err5 := media.DecodeMetadata(groups[m.ID])
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return libraryDetail{}, fmt.Errorf("read everything about %s: %w", m.ID, err)
	}
	out := libraryDetail{
		libraryItem: a.item(r, m, notes, files[m.ID], who),
		Owner:       m.Owner, AdditionalOwners: append([]string{}, m.AdditionalOwners...), UpdatedAt: m.TouchedAt,
		Attempts:   attempts{Begun: m.Attempt, Lost: m.Lost, Shown: m.Published},
		Original:   originalFile{Bytes: m.Size(), Type: m.Type, Segments: len(m.Manifest)},
		Renditions: []renditionFile{}, Metadata: map[string]json.RawMessage{}, Subtitles: []subtitleFile{}, UsedBy: []use{},
	}
	live := m.GoneAt.IsZero()
	if live {
		out.Original.Path = "/magpie/v1/media/" + m.ID.String() + "/original"
	}
	urls := a.handout.For(r, m, notes, who.User)
	for _, f := range files[m.ID] {
		file := renditionFile{
			Name: f.Name, Role: f.Role, ContentType: f.ContentType, Bytes: f.Blob.Size, Width: f.Width, Height: f.Height, BitRate: f.BitRate,
		}
		if live {
			file.URL = urls.Of(f)
		}
		out.Renditions = append(out.Renditions, file)
	}
	for group, v := range groups[m.ID] {
		out.Metadata[group] = json.RawMessage(v)
	}
	for _, s := range attached[m.ID] {
		out.Subtitles = append(out.Subtitles, subtitleFile{s.Language, s.DisplayName, s.File.String(), s.AttachedAt})
	}
	for _, u := range uses {
		out.UsedBy = append(out.UsedBy, use{MediaID: u.By.String(), As: u.As})
	}
	return out, nil
}
