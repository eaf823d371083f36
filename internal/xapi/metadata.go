package xapi

import (
	"encoding/json"
	"fmt"
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// metadata answers POST /2/media/metadata: it sets the groups that the body
// names, clears those that it sets to null, leaves the others, and answers with
// all that is set then.
func (a *API) metadata(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	o, err := readObject(r)
	if err != nil {
		return err
	}
	if err := o.only("id", "metadata"); err != nil {
		return err
	}
	text, err := o.text("id")
	if err != nil {
		return err
	}
	if text == "" {
		return missing("id")
	}
	id, err := media.ParseID(text)
	if err != nil {
		return wrong("id", o["id"], "does not match the pattern ^[0-9]{1,19}$ of a media id")
	}
	if err := a.owns(r, who, id); err != nil {
		return err
	}
	raw := map[string]json.RawMessage{}
	if o.has("metadata") && json.Unmarshal(o["metadata"], &raw) != nil {
		return mismatch("metadata", o["metadata"], "object")
	}
	set, unset, err := media.ParseMetadata(raw)
	if err != nil {
		return inBody(err)
	}
	if err := a.checkPoster(r, who, set); err != nil {
		return err
	}
	all, err := a.catalog.MergeMetadata(r.Context(), id, set, unset, who.Actor(), a.now())
	if err != nil {
		return fmt.Errorf("set metadata of %s: %w", id, err)
	}
	associated := map[string]json.RawMessage{}
	for group, v := range all {
		associated[group] = json.RawMessage(v)
	}
	return a.answer(w, r, http.StatusOK, envelope{Data: described{ID: id.String(), Associated: associated}})
}

type described struct {
	ID         string                     `json:"id"`
	Associated map[string]json.RawMessage `json:"associated_metadata"`
}

// owns checks that the caller may change an upload, finalized or not: only its
// owner may.
func (a *API) owns(r *http.Request, who auth.Identity, id media.ID) error {
	m, err := a.catalog.Media(r.Context(), id)
	if media.CodeOf(err) == media.CodeNotFound {
		session, err := a.sessions.Session(r.Context(), who.User, id)
		if err == nil && session.Owner != who.User {
			err = notOwner(id)
		}
		return err
	}
	if err != nil {
		return err
	}
	if !m.UsableBy(who.User) || !m.GoneAt.IsZero() {
		return media.Errorf(media.CodeNotFound, "There is no upload %s here that this user may use.", id)
	}
	if m.Owner != who.User {
		return notOwner(id)
	}
	return nil
}

func notOwner(id media.ID) error {
	return media.Errorf(media.CodeForbidden, "Only the owner of %s may change it.", id)
}

// checkPoster refuses a preview_image that is not an image the caller may use.
func (a *API) checkPoster(r *http.Request, who auth.Identity, set map[string]string) error {
	notes, err := media.DecodeMetadata(set)
	if err != nil || notes.PreviewImage == nil {
		return err
	}
	id := notes.PreviewImage.MediaKey.Media
	m, err := a.catalog.Media(r.Context(), id)
	if err != nil && media.CodeOf(err) != media.CodeNotFound {
		return err
	}
	if err != nil || !m.VisibleTo(who.User) || !m.GoneAt.IsZero() || m.Category.Kind() != media.KindImage {
		e := media.Invalid("$.metadata.preview_image.media_key.media", "$.metadata.preview_image.media_key.media: must be the id of an image that this user may use")
		e.Value = id.String()
		return e
	}
	return nil
}
