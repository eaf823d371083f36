package xapi

import (
	"encoding/json"
	"net/http"

	"magpie/internal/auth"
)

// v1SubtitlesCreate answers POST /1.1/media/subtitles/create.json: it attaches
// subtitle files to a video as v2 does, all of them or none. The answer is 200
// and empty.
func (a *API) v1SubtitlesCreate(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	video, entries, err := readV1Subtitles(r)
	if err != nil {
		return err
	}
	if _, _, err := a.attach(r, who, video, entries, "media_id"); err != nil {
		return err
	}
	return answerEmpty(w)
}

// v1SubtitlesDelete answers POST /1.1/media/subtitles/delete.json: it takes a
// video's subtitles in each of the languages away. The answer is 200 and empty,
// whether or not there were any.
func (a *API) v1SubtitlesDelete(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	video, entries, err := readV1Subtitles(r)
	if err != nil {
		return err
	}
	spoken, err := languages(entries)
	if err != nil {
		return err
	}
	if _, err := a.detach(r, who, video, spoken); err != nil {
		return err
	}
	return answerEmpty(w)
}

// readV1Subtitles reads the body of either: media_id, media_category, and
// subtitle_info with subtitles in it. Members that it doesn't know it passes
// over.
func readV1Subtitles(r *http.Request) (captioned, []subtitleEntry, error) {
	o, err := readV1Object(r)
	if err != nil {
		return captioned{}, nil, err
	}
	id, err := o.mediaID("media_id")
	if err != nil {
		return captioned{}, nil, err
	}
	video, err := o.captioned(id, "media_id")
	if err != nil {
		return captioned{}, nil, err
	}
	if !o.has("subtitle_info") {
		return captioned{}, nil, missing("subtitle_info")
	}
	var info object
	if json.Unmarshal(o["subtitle_info"], &info) != nil {
		return captioned{}, nil, mismatch("subtitle_info", o["subtitle_info"], "object")
	}
	if !info.has("subtitles") {
		return captioned{}, nil, missing("subtitle_info.subtitles")
	}
	entries, err := subtitleEntries("subtitle_info.subtitles", info["subtitles"])
	return video, entries, err
}
