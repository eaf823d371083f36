package xapi

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// associated is what is attached to a video, as X's answers have it.
type associated struct {
	ID       string          `json:"id"`
	Category string          `json:"media_category"`
	All      []subtitleShown `json:"associated_subtitles"`
}

type subtitleShown struct {
	ID          string `json:"id"`
	Language    string `json:"language_code"`
	DisplayName string `json:"display_name"`
}

// subtitlesCreate answers POST /2/media/subtitles: it attaches a finished
// subtitle file to a video, in place of what the video has in that language,
// and answers with all that is attached then. X's contract has one object in
// subtitles; an array of them is attached whole or not at all.
func (a *API) subtitlesCreate(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	o, err := readObject(r)
	if err != nil {
		return err
	}
	if err := o.only("id", "media_category", "subtitles"); err != nil {
		return err
	}
	video, err := o.video()
	if err != nil {
		return err
	}
	if !o.has("subtitles") {
		return missing("subtitles")
	}
	entries, err := subtitleEntries("subtitles", o["subtitles"])
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := e.only(e.at+"id", e.at+"language_code", e.at+"display_name"); err != nil {
			return err
		}
		if _, err := e.filled(e.at + "id"); err != nil { // no number, which v1.1 takes
			return err
		}
	}
	m, all, err := a.attach(r, who, video, entries, "id")
	if err != nil {
		return err
	}
	out := associated{ID: m.ID.String(), Category: captionedCategory(m.Category), All: []subtitleShown{}}
	for _, s := range all {
		out.All = append(out.All, subtitleShown{ID: s.File.String(), Language: s.Language.Code(), DisplayName: s.DisplayName})
	}
	return a.answer(w, r, http.StatusOK, envelope{Data: out})
}

// video reads the video that v2's requests about subtitles name.
func (o object) video() (captioned, error) {
	text, err := o.filled("id")
	if err != nil {
		return captioned{}, err
	}
	id, err := media.ParseID(text)
	if err != nil {
		return captioned{}, wrong("id", o["id"], "does not match the pattern ^[0-9]{1,19}$ of a media id")
	}
	return o.captioned(id, "id")
}
