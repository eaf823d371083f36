package xapi

import (
	"encoding/json"
	"fmt"
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// v1Metadata answers POST /1.1/media/metadata/create.json: media_id, and beside
// it alt_text and v2's other groups. What is not named stays as it was, as in
// v2. The answer is 200 and empty.
func (a *API) v1Metadata(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	o, err := readV1Object(r)
	if err != nil {
		return err
	}
	id, err := o.mediaID("media_id")
	if err != nil {
		return err
	}
	if err := a.owns(r, who, id); err != nil {
		return err
	}
	groups := map[string]json.RawMessage{}
	for name, v := range o {
		if name != "media_id" {
			groups[name] = v
		}
	}
	set, unset, err := media.ParseMetadata(groups)
	if err != nil {
		return inBody(err)
	}
	if err := a.checkPoster(r, who, set); err != nil {
		return err
	}
	if _, err := a.catalog.MergeMetadata(r.Context(), id, set, unset, who.Actor(), a.now()); err != nil {
		return fmt.Errorf("set metadata of %s: %w", id, err)
	}
	return answerEmpty(w)
}

// answerEmpty answers 200 and nothing.
func answerEmpty(w http.ResponseWriter) error {
	keepOut(w.Header())
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	return nil
}

// readV1Object reads the JSON object in a request's body, which clients of v1.1
// send as JSON, as plain text, or as nothing.
func readV1Object(r *http.Request) (object, error) {
	return readObjectOf(r, "application/json", "text/plain", "")
}

// mediaID reads a member that is a media id, as text or as an exact number.
func (o object) mediaID(name string) (media.ID, error) {
	if !o.has(name) {
		return 0, missing(name)
	}
	var text string
	if json.Unmarshal(o[name], &text) != nil {
		text = string(o[name])
	}
	id, err := media.ParseID(text)
	if err != nil {
		return 0, wrong(name, o[name], "does not match the pattern ^[0-9]{1,19}$ of a media id, as text or as an exact number")
	}
	return id, nil
}
