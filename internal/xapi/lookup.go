package xapi

import (
	"context"
	"fmt"
	"net/http"
	"path"

	"magpie/internal/auth"
	"magpie/internal/delivery"
	"magpie/internal/media"
)

// maxLookup is how many keys one lookup may name.
const maxLookup = 100

// mediaFields lists the values of media.fields that X's contract has. Of the
// metrics, promoted ones are accepted and never shown.
func mediaFields() []string {
	return []string{
		"alt_text", "duration_ms", "height", "media_key", "non_public_metrics", "organic_metrics",
		"preview_image_url", "promoted_metrics", "public_metrics", "type", "url", "variants", "width",
	}
}

// ownFields lists the values of media.fields beyond X's. The words of a refusal
// list X's own.
func ownFields() []string { return append(noteFields(), "model", "placeholder", "unavailable") }

// mediaObject is X's Media: type and media_key always, the rest on request.
type mediaObject struct {
	MediaKey        media.Key `json:"media_key"`
	Type            string    `json:"type"`
	URL             string    `json:"url,omitempty"`
	PreviewImageURL string    `json:"preview_image_url,omitempty"`
	Variants        []variant `json:"variants,omitempty"`
	DurationMS      *int64    `json:"duration_ms,omitempty"`
	Width           int       `json:"width,omitempty"`
	Height          int       `json:"height,omitempty"`
	AltText         string    `json:"alt_text,omitempty"`

	metrics

	// Magpie's own.
	Placeholder string            `json:"placeholder,omitempty"`
	Model       *media.ModelFacts `json:"model,omitempty"`
	Unavailable string            `json:"unavailable,omitempty"` // why there are no URLs for this caller
	media.Metadata
}

// variant is one playable rendition; a playlist has no bit rate.
type variant struct {
	BitRate     *int64 `json:"bit_rate,omitempty"`
	ContentType string `json:"content_type"`
	URL         string `json:"url"`
}

// lookupList answers GET /2/media?media_keys=…: the media that the caller may
// see, in the order asked, and an error for each other key.
func (a *API) lookupList(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	query, err := parameters(r, "media_keys", "media.fields")
	if err != nil {
		return err
	}
	keys, err := mediaKeys(query)
	if err != nil {
		return err
	}
	fields, err := list(query, "media.fields", mediaFields(), ownFields()...)
	if err != nil {
		return err
	}
	found, err := a.find(r, who, keys, fields)
	if err != nil {
		return err
	}
	var out struct {
		Data   []mediaObject `json:"data,omitempty"`
		Errors []notFound    `json:"errors,omitempty"`
	}
	for _, key := range keys {
		if o, ok := found.shown[media.Key(key)]; ok {
			out.Data = append(out.Data, o)
		} else {
			out.Errors = append(out.Errors, found.without("media_keys", key))
		}
	}
	return a.answer(w, r, http.StatusOK, out)
}

// lookup answers GET /2/media/{media_key}.
func (a *API) lookup(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	key := r.PathValue("media_key")
	if _, err := media.ParseKey(key); err != nil {
		return err
	}
	query, err := parameters(r, "media.fields")
	if err != nil {
		return err
	}
	fields, err := list(query, "media.fields", mediaFields(), ownFields()...)
	if err != nil {
		return err
	}
	found, err := a.find(r, who, []string{key}, fields)
	if err != nil {
		return err
	}
	if o, ok := found.shown[media.Key(key)]; ok {
		return a.answer(w, r, http.StatusOK, envelope{Data: o})
	}
	status, missing := http.StatusNotFound, found.without("media_key", key)
	if found.expired[media.Key(key)] {
		status = http.StatusGone
	}
	return a.answer(w, r, status, struct {
		problem
		Errors []notFound `json:"errors"`
	}{
		problem{
			Code: status, Message: missing.Detail, Title: missing.Title,
			Detail: missing.Detail, Type: missing.Type, Status: status,
		},
		[]notFound{missing},
	})
}

// found is what a lookup found, by the media's own keys.
type found struct {
	shown   map[media.Key]mediaObject
	expired map[media.Key]bool // past content_expiration, for all but its owners
}

// without is the error for a key that is not shown.
func (f found) without(parameter, key string) notFound {
	if f.expired[media.Key(key)] {
		return newUnavailable(parameter, key)
	}
	return newNotFound(parameter, key)
}

// find gives the media in keys that the caller may see, by their own keys: one
// that was asked for by the number of another category is under another key.
func (a *API) find(r *http.Request, who auth.Identity, keys []string, fields map[string]bool) (found, error) {
	ctx := r.Context()
	var ids []media.ID
	for _, key := range keys {
		if id, err := media.ParseKey(key); err == nil {
			ids = append(ids, id)
		}
	}
	list, err := a.catalog.ShownList(ctx, ids)
	if err != nil {
		return found{}, fmt.Errorf("look media up: %w", err)
	}
	ids = ids[:0]
	for id, m := range list {
		if !m.VisibleTo(who.User) || !m.GoneAt.IsZero() {
			delete(list, id)
			continue
		}
		ids = append(ids, id)
	}
	counts, err := a.counted(ctx, ids, fields)
	if err != nil {
		return found{}, err
	}
	out := found{map[media.Key]mediaObject{}, map[media.Key]bool{}}
	for id, shown := range list {
		m := shown.Media
		notes, err := media.DecodeMetadata(shown.Metadata)
		if err != nil {
			return found{}, fmt.Errorf("metadata of %s: %w", id, err)
		}
		urls := a.handout.For(r, m, notes, who.User)
		if urls.Err != nil && urls.Err.Code == media.CodeGone && !m.UsableBy(who.User) {
			out.expired[m.Key()] = true
			continue
		}
		o := a.describe(m, shown.Renditions, urls, fields)
		o.metrics = newMetrics(m, counts[id], who, fields, a.now())
		o.Metadata = shownNotes(notes, fields, m.UsableBy(who.User))
		if fields["alt_text"] && notes.AltText != nil {
			o.AltText = notes.AltText.Text
		}
		if fields["preview_image_url"] && o.PreviewImageURL != "" {
			if url := a.chosenPoster(r, who, m.Owner, notes); url != "" {
				o.PreviewImageURL = url
			}
		}
		out.shown[m.Key()] = o
	}
	return out, nil
}

// notes reads the metadata of media.
func (a *API) notes(ctx context.Context, ids []media.ID) (map[media.ID]media.Metadata, error) {
	groups, err := a.catalog.Metadata(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look metadata up: %w", err)
	}
	out := map[media.ID]media.Metadata{}
	for id, g := range groups {
		if out[id], err = media.DecodeMetadata(g); err != nil {
			return nil, fmt.Errorf("metadata of %s: %w", id, err)
		}
	}
	return out, nil
}

// describe puts a media and its renditions into X's words, with the URLs that the
// caller gets.
func (a *API) describe(m media.Media, renditions []media.Rendition, urls delivery.URLs, fields map[string]bool) mediaObject {
	o := mediaObject{MediaKey: m.Key(), Type: typeName(m.Category.Kind())}
	if fields["width"] {
		o.Width = m.Width
	}
	if fields["height"] {
		o.Height = m.Height
	}
	if fields["placeholder"] {
		o.Placeholder = m.Placeholder
	}
	if fields["model"] {
		o.Model = m.Facts.Model
	}
	if ms := m.Duration.Milliseconds(); fields["duration_ms"] && m.Category.Kind() == media.KindVideo && m.State == media.Succeeded {
		o.DurationMS = &ms
	}
	for _, rendition := range renditions {
		url := urls.Of(rendition)
		switch rendition.Role {
		case media.RoleMP4, media.RoleMaster:
			if fields["variants"] && url != "" {
				o.Variants = append(o.Variants, newVariant(rendition, url))
			}
		case media.RolePoster:
			if fields["preview_image_url"] {
				o.PreviewImageURL = url
			}
		}
	}
	if shown, ok := still(renditions); ok && fields["url"] {
		o.URL = urls.Of(shown)
	}
	if urls.Err != nil && fields["unavailable"] {
		o.Unavailable = urls.Err.Detail
	}
	return o
}

// still picks what the url of a photo opens: large. ?name= on that URL picks
// another size. Subtitles and 3D models have but one rendition.
func still(renditions []media.Rendition) (media.Rendition, bool) {
	for _, r := range renditions {
		switch r.Role {
		case media.RoleText, media.RoleModel:
			return r, true
		case media.RoleImage:
			if r.Name == "large"+path.Ext(r.Name) {
				return r, true
			}
		}
	}
	return media.Rendition{}, false
}

func newVariant(r media.Rendition, url string) variant {
	v := variant{ContentType: r.ContentType, URL: url}
	if r.Role == media.RoleMP4 {
		v.BitRate = &r.BitRate
	}
	return v
}

// typeName is what X calls a kind. It has no words for the last two.
func typeName(k media.Kind) string {
	switch k {
	case media.KindImage:
		return "photo"
	case media.KindVideo:
		return "video"
	case media.KindGIF:
		return "animated_gif"
	}
	return string(k)
}

// chosenPoster is the URL of the image that the uploader set as poster, or ""
// if there is none, it is gone, the owner of what it is the poster of may not use
// it any more, or its own rules give the caller none.
func (a *API) chosenPoster(r *http.Request, who auth.Identity, owner string, notes media.Metadata) string {
	if notes.PreviewImage == nil {
		return ""
	}
	id := notes.PreviewImage.MediaKey.Media
	m, err := a.catalog.Media(r.Context(), id)
	if err != nil || !m.GoneAt.IsZero() || !m.VisibleTo(owner) {
		return ""
	}
	renditions, err := a.catalog.Renditions(r.Context(), []media.ID{id})
	if err != nil {
		return ""
	}
	own, err := a.notes(r.Context(), []media.ID{id})
	if err != nil {
		return ""
	}
	return a.describe(m, renditions[id], a.handout.For(r, m, own[id], who.User), map[string]bool{"url": true}).URL
}
