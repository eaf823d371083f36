package ownapi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"unicode/utf8"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// The longest text that a library is searched for, in characters.
const maxQuery = 100

// libraryList answers GET /magpie/v1/media: the caller's own media, the newest
// upload first.
func (a *API) libraryList(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	query, err := parameters(r, "limit", "cursor", "category", "state", "media_type", "source", "q", "deleted")
	if err != nil {
		return err
	}
	l, err := a.libraryQuery(query)
	if err != nil {
		return err
	}
	l.Owner = who.User
	list, more, err := a.catalog.Library(r.Context(), l)
	if err != nil {
		return err
	}
	ids := make([]media.ID, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	groups, err1 := a.catalog.Metadata(r.Context(), ids)
	files, err2 := a.catalog.Renditions(r.Context(), ids)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("list the library: %w", err)
	}
	page := make([]libraryItem, len(list))
	for i, m := range list {
		notes, err := media.DecodeMetadata(groups[m.ID])
		if err != nil {
			return fmt.Errorf("metadata of %s: %w", m.ID, err)
		}
		page[i] = a.item(r, m, notes, files[m.ID], who)
	}
	return a.answer(w, r, http.StatusOK, listed(page, more))
}

// libraryQuery reads what to list.
func (a *API) libraryQuery(query map[string]string) (catalog.LibraryQuery, error) {
	var l catalog.LibraryQuery
	var err error
	if l.Limit, l.Before, err = paging(query); err != nil {
		return l, err
	}
	if text, said := query["category"]; said {
		if l.Category, err = media.ParseCategory(text); err != nil {
			return l, shown(media.Invalid("category", "must be one of %v", media.Categories()), text)
		}
	}
	if text, said := query["state"]; said {
		l.State = media.State(text)
		if states := []media.State{media.Pending, media.InProgress, media.Succeeded, media.Failed}; !slices.Contains(states, l.State) {
			return l, shown(media.Invalid("state", "must be one of %v", states), text)
		}
	}
	if text, said := query["media_type"]; said {
		if l.Type, err = media.ParseType(text); err != nil {
			return l, shown(media.Invalid("media_type", "must be one of %v", media.Types()), text)
		}
	}
	for name, into := range map[string]*string{"source": &l.Source, "q": &l.Text} {
		text, said := query[name]
		if *into = text; said && (text == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxQuery) {
			return l, shown(media.Invalid(name, "must be text of 1 to %d characters", maxQuery), text)
		}
	}
	deleted, err := truth(query, "deleted")
	if deleted {
		l.Now = a.now()
		l.DeletedSince = l.Now.Add(-a.sessions.DeleteGrace())
	}
	return l, err
}
