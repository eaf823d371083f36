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

// oneShot makes a media of a whole file sent in one request, as a form or as
// base64.
func (a *API) oneShot(r *http.Request, who auth.Identity, fields uploadFields, bytes *intake) (uploadResult, error) {
	if !fields.media {
		return uploadResult{}, noMedia("media parameter is missing.")
	}
	request, err := fields.request()
	if err == nil && !slices.Contains(oneShotCategories(), request.Category) && request.Category != "" {
		err = wrong("media_category", quote(string(request.Category)), "does not have a value in the enumeration [%s]", quoted(oneShotCategories()))
	}
	if err != nil {
		return uploadResult{}, err
	}
	request.Owner = who.User
	file, err := bytes.get()
	if err != nil {
		return uploadResult{}, err
	}
	// A fault that is asked for is noted by the media's id, and so after it is recorded.
	maker := func(c media.Category) upload.Make {
		if processed(c) || a.faults {
			return nil
		}
		return a.process.Make
	}
	m, err := file.Finish(r.Context(), request, maker)
	if err != nil {
		return uploadResult{}, err
	}
	return a.finished(r.Context(), m)
}

// noMedia says that no file came.
func noMedia(words string) error {
	return &media.Error{Code: media.CodeInvalid, Field: "media", Detail: words, Cause: errMissing}
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

// request reads what is said about an upload beside its bytes; what is empty was
// not said, as in initialize.
func (f uploadFields) request() (upload.Request, error) {
	values := f.values
	q := upload.Request{TotalBytes: media.Undeclared}
	var err error
	if v := values["media_category"]; v != "" {
		q.Category, err = media.ParseCategory(v)
	}
	if v := values["media_type"]; v != "" && err == nil {
		q.Type, err = olderType(v, q.Category)
	}
	if v := values["shared"]; v != "" && err == nil {
		if q.Shared, err = strconv.ParseBool(v); err != nil {
			err = wrong("shared", quote(v), "must be true or false")
		}
	}
	q.AdditionalOwners = owners(values["additional_owners"])
	return q, err
}

// olderType reads a media_type, also in two spellings of clients of the older
// dialects: image/jpg, and for subtitles text/plain. What is not the contract's
// for a subtitle file is left to the bytes to tell.
func olderType(s string, c media.Category) (media.Type, error) {
	switch {
	case s == "image/jpg":
		return media.JPEG, nil
	case c == media.Subtitles && (s == "text/plain" || s == "application/x-subrip"):
		return "", nil
	}
	return media.ParseType(s)
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
