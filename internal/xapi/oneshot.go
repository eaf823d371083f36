package xapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"magpie/internal/auth"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// oneShot answers POST /2/media/upload: a whole file in one request, as a form
// or as JSON with base64.
func (a *API) oneShot(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	hint, err := a.announced(r)
	if err != nil {
		return err
	}
	upload, err := a.sessions.OneShot(r.Context(), hint)
	if err != nil {
		return err
	}
	defer upload.Abort()
	fields, err := a.readUpload(r, upload)
	if err != nil {
		return err
	}
	if !fields.media {
		return media.Invalid("media", "media parameter is missing.")
	}
	request, err := oneShotRequest(fields.values)
	if err != nil {
		return err
	}
	request.Owner = who.User
	m, err := upload.Finish(r.Context(), request)
	if err != nil {
		return err
	}
	return a.finished(w, r, m)
}

// oneShotCategories is the contract's list: all but amplify_video.
func oneShotCategories() []media.Category {
	return slices.DeleteFunc(media.Categories(), func(c media.Category) bool { return c == media.AmplifyVideo })
}

// quoted lists names as X's messages do: "a", "b".
func quoted(names []media.Category) string {
	var b strings.Builder
	for i, n := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(string(n)))
	}
	return b.String()
}

// oneShotRequest reads what came with the media; what is empty was not said, as
// in initialize.
func oneShotRequest(values map[string]string) (upload.Request, error) {
	var q upload.Request
	var err error
	if v := values["media_category"]; v != "" {
		q.Category, err = media.ParseCategory(v)
		if err == nil && !slices.Contains(oneShotCategories(), q.Category) {
			return q, wrong("media_category", json.RawMessage(strconv.Quote(v)), "does not have a value in the enumeration [%s]", quoted(oneShotCategories()))
		}
	}
	if v := values["media_type"]; v != "" && err == nil {
		q.Type, err = media.ParseType(v)
	}
	if v := values["shared"]; v != "" && err == nil {
		if q.Shared, err = strconv.ParseBool(v); err != nil {
			err = wrong("shared", json.RawMessage(strconv.Quote(v)), "must be true or false")
		}
	}
	q.AdditionalOwners = owners(values["additional_owners"])
	return q, err
}

// owners reads additional_owners: the contract has a list with commas, older
// versions had an array.
func owners(v string) []string {
	var list []string
	if json.Unmarshal([]byte(v), &list) == nil {
		return list
	}
	return strings.FieldsFunc(v, func(c rune) bool { return c == ',' || c == ' ' })
}
