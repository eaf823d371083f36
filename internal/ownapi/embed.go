package ownapi

import (
	"context"
	"fmt"
	"net/http"

	"magpie/internal/media"
)

// embed answers GET /magpie/v1/embed/{media_key}: a page that shows a video, a GIF
// or an image, for other sites to hold in a frame. ?ticket= or ?grant= shows what
// the viewer may; autoplay, t and lang say how it begins. Whoever may not see the
// media gets a page that says why.
func (a *API) embed(w http.ResponseWriter, r *http.Request) {
	p, err := a.embedded(r)
	if err != nil {
		a.pages.refuse(w, r, err, a.fail)
		return
	}
	view, err := a.view(r, p)
	if err != nil {
		a.pages.refuse(w, r, err, a.fail)
		return
	}
	a.pages.show(w, view, p)
}

// embedded finds what a request for the page may show.
func (a *API) embedded(r *http.Request) (page, error) {
	m, notes, err := a.embeddable(r.Context(), r.PathValue("media_key"))
	if err != nil {
		return page{}, err
	}
	p, err := a.admit(r, m, notes)
	if err != nil {
		return page{}, err
	}
	if m.Published == 0 {
		words := "This media is still being made ready. Load the page again in a moment."
		if m.State == media.Failed {
			words = "This media could not be made ready to be shown."
		}
		return page{}, media.Errorf(media.CodeNotFound, "%s", words)
	}
	list, err := a.catalog.Renditions(r.Context(), []media.ID{m.ID})
	if err != nil {
		return page{}, fmt.Errorf("embed %s: %w", m.ID, err)
	}
	p.renditions = list[m.ID]
	return p, nil
}

// embeddable finds a media by its key, also one that is gone, and what was said
// of it. A key under the number of another category is media.CodeNotFound, as in
// lookups, and so are subtitles and 3D models, which no page here shows.
func (a *API) embeddable(ctx context.Context, key string) (media.Media, media.Metadata, error) {
	none := media.Errorf(media.CodeNotFound, "There is no video, GIF or image with the key %.60s here.", key)
	id, err := media.ParseKey(key)
	if err != nil {
		return media.Media{}, media.Metadata{}, none
	}
	m, err := a.catalog.Media(ctx, id)
	if media.CodeOf(err) == media.CodeNotFound || err == nil && string(m.Key()) != key {
		return media.Media{}, media.Metadata{}, none
	}
	if err != nil {
		return media.Media{}, media.Metadata{}, fmt.Errorf("embed %s: %w", id, err)
	}
	switch m.Category.Kind() {
	case media.KindVideo, media.KindGIF, media.KindImage:
	default:
		return media.Media{}, media.Metadata{}, none
	}
	notes, err := a.notes(ctx, id)
	return m, notes, err
}

// notes reads the metadata of one media.
func (a *API) notes(ctx context.Context, id media.ID) (media.Metadata, error) {
	groups, err := a.catalog.Metadata(ctx, []media.ID{id})
	if err != nil {
		return media.Metadata{}, fmt.Errorf("look metadata up: %w", err)
	}
	notes, err := media.DecodeMetadata(groups[id])
	if err != nil {
		return media.Metadata{}, fmt.Errorf("metadata of %s: %w", id, err)
	}
	return notes, nil
}
