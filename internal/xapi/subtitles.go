package xapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// captioned is the video that a request about subtitles names.
type captioned struct {
	id       media.ID
	member   string         // of the body that holds the id
	category media.Category // "" where the request doesn't say
}

// captioned reads media_category beside a video's id. X's names for it differ
// here from those at upload; both are taken.
func (o object) captioned(id media.ID, member string) (captioned, error) {
	v := captioned{id: id, member: member}
	text, err := o.text("media_category")
	if err != nil || text == "" {
		return v, err
	}
	v.category, err = media.ParseCategory(text)
	if err != nil || captionedCategory(v.category) == "" {
		return v, wrong("media_category", o["media_category"], `does not have a value in the enumeration ["AmplifyVideo", "TweetVideo"]`)
	}
	return v, nil
}

// captionedCategory is X's name for a category in its answers about subtitles,
// "" for one that has none.
func captionedCategory(c media.Category) string {
	switch c {
	case media.TweetVideo:
		return "TweetVideo"
	case media.AmplifyVideo:
		return "AmplifyVideo"
	}
	return ""
}

// ownVideo reads the video and checks that the caller owns it and that it may
// have subtitles. Processing may still be under way.
func (a *API) ownVideo(r *http.Request, who auth.Identity, v captioned) (media.Media, error) {
	if err := a.owns(r, who, v.id); err != nil {
		return media.Media{}, err
	}
	m, err := a.catalog.Media(r.Context(), v.id)
	refuse := func(member string, sent any, format string, args ...any) error {
		text, _ := json.Marshal(sent) // a string
		return wrong(member, text, format, args...)
	}
	switch name := captionedCategory(m.Category); {
	case media.CodeOf(err) == media.CodeNotFound:
		return m, refuse(v.member, v.id.String(), "is an upload that is not finalized; subtitles go with a finalized one")
	case err != nil:
		return m, err
	case name == "":
		return m, refuse(v.member, v.id.String(), "is of the category %s; only tweet_video and amplify_video have subtitles", m.Category)
	case v.category != "" && v.category != m.Category:
		return m, refuse("media_category", captionedCategory(v.category), "is not the category of the video %s, which is %s", v.id, name)
	case m.State == media.Failed:
		return m, refuse(v.member, v.id.String(), "is a video that could not be processed: %s", m.Failure.Message)
	}
	return m, nil
}

// subtitleEntry is one object of a request's subtitles. Its members are named as
// they stand in the body: $.subtitles[1].id is subtitles[1].id.
type subtitleEntry struct {
	object
	at string // what those names begin with
}

// subtitleEntries reads subtitles that may be one object, as v2 has them, or
// an array of them, as v1.1 has.
func subtitleEntries(at string, v json.RawMessage) ([]subtitleEntry, error) {
	if v[0] != '[' {
		e, err := newSubtitleEntry(at, v)
		return []subtitleEntry{e}, err
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(v, &raw); err != nil {
		return nil, mismatch(at, v, "array")
	}
	if len(raw) == 0 || len(raw) > catalog.MaxSubtitles {
		return nil, wrong(at, v, "must have from 1 to %d items", catalog.MaxSubtitles)
	}
	out := make([]subtitleEntry, len(raw))
	for i, text := range raw {
		var err error
		if out[i], err = newSubtitleEntry(fmt.Sprintf("%s[%d]", at, i), text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func newSubtitleEntry(at string, v json.RawMessage) (subtitleEntry, error) {
	var members object
	if json.Unmarshal(v, &members) != nil || members == nil {
		return subtitleEntry{}, mismatch(at, v, "object")
	}
	e := subtitleEntry{object: object{}, at: at + "."}
	for name, member := range members {
		e.object[e.at+name] = member
	}
	return e, nil
}

// filled reads a member that must be a string with something in it.
func (o object) filled(name string) (string, error) {
	text, err := o.text(name)
	if err == nil && text == "" {
		err = missing(name)
	}
	return text, err
}

// parsed reads a member that must be a string which parse takes.
func parsed[T any](o object, name string, parse func(string) (T, error)) (T, error) {
	var none T
	text, err := o.filled(name)
	if err != nil {
		return none, err
	}
	value, err := parse(text)
	var refused *media.Error
	if errors.As(err, &refused) {
		return none, wrong(name, o[name], "%s", refused.Detail)
	}
	return value, err
}

// languages reads the language of every entry. No two may be the same.
func languages(entries []subtitleEntry) ([]media.Language, error) {
	out := make([]media.Language, 0, len(entries))
	seen := map[media.Language]bool{}
	for _, e := range entries {
		l, err := parsed(e.object, e.at+"language_code", media.ParseLanguage)
		if err != nil {
			return nil, err
		}
		if seen[l] {
			return nil, wrong(e.at+"language_code", e.object[e.at+"language_code"], "is there twice: a video has one file of subtitles in each language")
		}
		seen[l] = true
		out = append(out, l)
	}
	return out, nil
}

// attach attaches the files of all entries to a video, or none, and gives all
// that is attached then. file names the member of an entry that holds the
// file's id.
func (a *API) attach(r *http.Request, who auth.Identity, v captioned, entries []subtitleEntry, file string) (media.Media, []media.Subtitle, error) {
	spoken, err := languages(entries)
	if err != nil {
		return media.Media{}, nil, err
	}
	add := make([]media.Subtitle, len(entries))
	for i, e := range entries {
		add[i].Language = spoken[i]
		if add[i].File, err = e.mediaID(e.at + file); err != nil {
			return media.Media{}, nil, err
		}
		if add[i].DisplayName, err = parsed(e.object, e.at+"display_name", media.ParseDisplayName); err != nil {
			return media.Media{}, nil, err
		}
	}
	m, err := a.ownVideo(r, who, v)
	if err != nil {
		return m, nil, err
	}
	for i, e := range entries {
		if err := a.usableFile(r, who, e, file, add[i].File); err != nil {
			return m, nil, err
		}
	}
	all, err := a.catalog.AttachSubtitles(r.Context(), v.id, add, who.Actor(), a.now())
	if err != nil {
		return m, nil, fmt.Errorf("attach subtitles to %s: %w", v.id, inBody(err))
	}
	return m, all, nil
}

// usableFile checks that the caller may use a file and that it is finished.
func (a *API) usableFile(r *http.Request, who auth.Identity, e subtitleEntry, member string, id media.ID) error {
	refuse := func(format string, args ...any) error {
		return wrong(e.at+member, e.object[e.at+member], format, args...)
	}
	m, err := a.catalog.Media(r.Context(), id)
	switch {
	case media.CodeOf(err) == media.CodeNotFound:
		if session, err := a.sessions.Session(r.Context(), who.User, id); err == nil && session.State != media.SessionExpired {
			return refuse("is an upload that is not finalized yet; finalize it first")
		}
		return refuse("must be the id of a subtitle file that this user may use")
	case err != nil:
		return err
	case !m.VisibleTo(who.User) || !m.GoneAt.IsZero():
		return refuse("must be the id of a subtitle file that this user may use")
	case m.Category.Kind() != media.KindSubtitle:
		return refuse("is of the category %s; it must be an upload of the category subtitles", m.Category)
	case m.State == media.Failed:
		return refuse("can't be used: %s", m.Failure.Message)
	case m.State != media.Succeeded:
		return refuse("is still being processed; ask for its status and try again")
	}
	return nil
}

// detach takes the subtitles in some languages from a video, and reports
// whether there were any.
func (a *API) detach(r *http.Request, who auth.Identity, v captioned, spoken []media.Language) (bool, error) {
	if _, err := a.ownVideo(r, who, v); err != nil {
		return false, err
	}
	deleted, err := a.catalog.DetachSubtitles(r.Context(), v.id, spoken, who.Actor())
	if err != nil {
		return false, fmt.Errorf("detach subtitles from %s: %w", v.id, err)
	}
	return deleted, nil
}
