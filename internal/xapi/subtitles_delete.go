package xapi

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// subtitlesDelete answers DELETE /2/media/subtitles: it takes a video's
// subtitles in one language away. The file stays. What to delete is in a JSON
// body, which some clients and proxies drop from a DELETE, so one without says
// what is missing.
func (a *API) subtitlesDelete(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	if r.ContentLength == 0 {
		return media.Invalid("", "Request body must be a JSON object: this DELETE has none. It takes id, media_category and language_code.")
	}
	o, err := readObject(r)
	if err != nil {
		return err
	}
	if err := o.only("id", "media_category", "language_code"); err != nil {
		return err
	}
	video, err := o.video()
	if err != nil {
		return err
	}
	if video.category == "" {
		return missing("media_category")
	}
	language, err := parsed(o, "language_code", media.ParseLanguage)
	if err != nil {
		return err
	}
	deleted, err := a.detach(r, who, video, []media.Language{language})
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, envelope{Data: struct {
		Deleted bool `json:"deleted"`
	}{deleted}})
}
