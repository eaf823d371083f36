package xapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"magpie/internal/media"
)

func TestSubtitlesCreate(t *testing.T) {
	s := newTheatre(t)
	shown := func(file media.ID, language, name string) string {
		return fmt.Sprintf(`{"id":"%s","language_code":"%s","display_name":"%s"}`, file, language, name)
	}
	is := func(a answer, all ...string) {
		t.Helper()
		a.is(http.StatusOK, `{"data":{"id":"%s","media_category":"TweetVideo","associated_subtitles":[%s]}}`, s.video, strings.Join(all, ","))
	}
	is(s.attach(s.video, s.file, "EN", "English"), shown(s.file, "EN", "English"))
	is(s.attach(s.video, s.other, "SP", "  Español "), shown(s.file, "EN", "English"), shown(s.other, "SP", "Español"))
	is(s.attach(s.video, s.other, "en", "English (SDH)"), shown(s.other, "EN", "English (SDH)"), shown(s.other, "SP", "Español"))
	is(s.attach(s.video, s.file, "PT-br", "Brasil"), shown(s.other, "EN", "English (SDH)"), shown(s.file, "pt-BR", "Brasil"), shown(s.other, "SP", "Español"))
	s.shows(s.video, s.other, "en", "English (SDH)", s.file, "pt-BR", "Brasil", s.other, "sp", "Español")

	many := func(category, list string) answer {
		return s.call("POST", "/2/media/subtitles", fmt.Sprintf(`{"id":"%s"%s,"subtitles":%s}`, s.video, category, list), "Content-Type", "application/json; charset=UTF-8")
	}
	all := []string{shown(s.other, "DE", "Deutsch"), shown(s.file, "EN", "English"), shown(s.file, "pt-BR", "Brasil"), shown(s.other, "SP", "Español")}
	for _, category := range []string{"", `,"media_category":null`, `,"media_category":"TweetVideo"`, `,"media_category":"tweet_video"`, `,"media_category":"TWEET_VIDEO"`, `,"media_category":"tweetvideo"`} {
		is(many(category, "["+all[0]+","+all[1]+"]"), all...)
	}

	amplified := s.movie("amplify_video")
	a := s.call("POST", "/2/media/subtitles", fmt.Sprintf(`{"id":"%s","media_category":"AmplifyVideo","subtitles":%s}`, amplified, all[1]), "Content-Type", jsonKind)
	a.is(http.StatusOK, `{"data":{"id":"%s","media_category":"AmplifyVideo","associated_subtitles":[%s]}}`, amplified, all[1])
	s.shows(amplified, s.file, "en", "English")
}

// A file is used by those who may use it, wherever it came from.
func TestSubtitlesCreateTakesFilesThatMayBeUsed(t *testing.T) {
	s := newTheatre(t)
	who, token := s.as(stranger)
	theirs := s.captions(who, token)
	lent := s.made(map[string]any{"media_category": "subtitles", "additional_owners": []string{owner}}, vtt(), who, token)
	shared := s.made(map[string]any{"media_category": "subtitles", "shared": true}, vtt(), who, token)
	gone := s.captions()
	if _, err := s.catalog.DeleteMedia(t.Context(), gone, s.clock); err != nil {
		t.Fatal(err)
	}
	session := s.open(map[string]any{"media_category": "subtitles"})
	working := s.now
	ended := func(end func(media.ID)) media.ID {
		t.Helper()
		defer func() { s.now = working }()
		s.now = func(_ context.Context, id media.ID) error { end(id); return nil }
		id := s.open(map[string]any{"media_category": "subtitles"})
		s.send(id, 0, vtt())
		s.finalize(id)
		return id
	}
	pending := ended(func(media.ID) {})
	failed := ended(func(id media.ID) {
		s.publish(id, media.Outcome{Failure: media.NewFailure(media.InvalidMedia, "The subtitles cannot be read: line 3: a word.")})
	})

	for id, words := range map[media.ID]string{
		theirs: "must be the id of a subtitle file that this user may use", gone: "must be the id of a subtitle file that this user may use",
		404:     "must be the id of a subtitle file that this user may use",
		session: "is an upload that is not finalized yet; finalize it first",
		pending: "is still being processed", failed: "can't be used: The subtitles cannot be read: line 3: a word.",
		s.video:                           "is of the category tweet_video; it must be an upload of the category subtitles",
		s.upload(map[string]any{}, png()): "is of the category tweet_image; it must be",
	} {
		a := s.attach(s.video, id, "EN", "English")
		a.refused(http.StatusBadRequest, "$.subtitles.id: "+words)
		a.blames("$.subtitles.id", fmt.Sprintf(`"%s"`, id))
	}
	s.shows(s.video)
	for _, id := range []media.ID{lent, shared} {
		s.attach(s.video, id, "EN", "English").id()
		s.shows(s.video, id, "en", "English")
	}
}

func TestSubtitlesCreateRefuses(t *testing.T) {
	s := newTheatre(t)
	gif := s.upload(map[string]any{"media_category": "tweet_gif"}, gif())
	image := s.upload(map[string]any{}, png())
	dm := s.movie("dm_video")
	id := fmt.Sprintf(`"%s"`, s.video)
	file := fmt.Sprintf(`"%s"`, s.file)
	with := func(subtitles string) string {
		return fmt.Sprintf(`{"id":%s,"media_category":"TweetVideo","subtitles":%s}`, id, subtitles)
	}
	one := func(file, language, name string) string {
		return fmt.Sprintf(`{"id":%s,"language_code":%s,"display_name":%s}`, file, language, name)
	}
	fine := one(file, `"EN"`, `"English"`)
	var tooMany []string
	for i := range 101 {
		tooMany = append(tooMany, one(file, fmt.Sprintf(`"x-%d"`, i), `"Name"`))
	}
	for _, c := range []struct{ body, field, value, words string }{
		{``, "", "", "Request body is not valid JSON."},
		{`{"id":`, "", "", "Request body is not valid JSON."},
		{`[]`, "", "", "Request body must be a JSON object."},
		{`null`, "", "", "Request body must be a JSON object."},
		{`{}`, "$.id", "", "$.id: is missing but it is required"},
		{`{"id":null,"subtitles":` + fine + `}`, "$.id", "", "is missing"},
		{`{"id":"","subtitles":` + fine + `}`, "$.id", "", "is missing"},
		{`{"id":12,"subtitles":` + fine + `}`, "$.id", "12", "$.id: integer found, string expected"},
		{`{"id":["1"],"subtitles":` + fine + `}`, "$.id", `["1"]`, "$.id: array found, string expected"},
		{`{"id":"7_12","subtitles":` + fine + `}`, "$.id", `"7_12"`, "does not match the pattern"},
		{`{"id":"99999999999999999999","subtitles":` + fine + `}`, "$.id", `"99999999999999999999"`, "does not match the pattern"},
		{`{"media_id":` + id + `,"subtitles":` + fine + `}`, "$.media_id", id, "is not defined in the schema"},
		{`{"id":` + id + `,"language_code":"EN"}`, "$.language_code", `"EN"`, "is not defined in the schema"},
		{`{"id":` + id + `}`, "$.subtitles", "", "$.subtitles: is missing but it is required"},
		{with(`null`), "$.subtitles", "", "is missing"},
		{with(`"EN"`), "$.subtitles", `"EN"`, "$.subtitles: string found, object expected"},
		{with(`[]`), "$.subtitles", `[]`, "must have from 1 to 100 items"},
		{with("[" + strings.Join(tooMany, ",") + "]"), "$.subtitles", "", "must have from 1 to 100 items"},
		{with(`[7]`), "$.subtitles[0]", `7`, "$.subtitles[0]: integer found, object expected"},
		{with(`[null]`), "$.subtitles[0]", `null`, "$.subtitles[0]: null found, object expected"},
		{with(`{}`), "$.subtitles.id", "", "$.subtitles.id: is missing but it is required"},
		{with(`{"media_id":"1","language_code":"EN","display_name":"x"}`), "$.subtitles.media_id", `"1"`, "is not defined in the schema"},
		{with(one(`7`, `"EN"`, `"x"`)), "$.subtitles.id", `7`, "integer found, string expected"},
		{with(one(`"x"`, `"EN"`, `"x"`)), "$.subtitles.id", `"x"`, "does not match the pattern"},
		{with(one(file, `null`, `"x"`)), "$.subtitles.language_code", "", "is missing"},
		{with(one(file, `7`, `"x"`)), "$.subtitles.language_code", `7`, "integer found, string expected"},
		{with(one(file, `"E"`, `"x"`)), "$.subtitles.language_code", `"E"`, "must be a language as two letters, such as EN"},
		{with(one(file, `"english language"`, `"x"`)), "$.subtitles.language_code", `"english language"`, "BCP 47"},
		{with(one(file, `"en-../x"`, `"x"`)), "$.subtitles.language_code", `"en-../x"`, "BCP 47"},
		{with(one(file, `"EN"`, `null`)), "$.subtitles.display_name", "", "is missing"},
		{with(one(file, `"EN"`, `""`)), "$.subtitles.display_name", "", "is missing"},
		{with(one(file, `"EN"`, `" "`)), "$.subtitles.display_name", `" "`, "must be the name that a player's menu shows"},
		{with(one(file, `"EN"`, `"a\nb"`)), "$.subtitles.display_name", `"a\nb"`, "must be one line without control characters"},
		{with(one(file, `"EN"`, `"`+strings.Repeat("é", 101)+`"`)), "$.subtitles.display_name", "", "at most 100 characters"},
		{with("[" + fine + "," + one(file, `"en"`, `"again"`) + "]"), "$.subtitles[1].language_code", `"en"`, "is there twice"},
		{with("[" + fine + "," + one(`"404"`, `"DE"`, `"x"`) + "]"), "$.subtitles[1].id", `"404"`, "must be the id of a subtitle file"},
		{`{"id":` + id + `,"media_category":7,"subtitles":` + fine + `}`, "$.media_category", "7", "integer found, string expected"},
		{`{"id":` + id + `,"media_category":"video","subtitles":` + fine + `}`, "$.media_category", `"video"`, `does not have a value in the enumeration ["AmplifyVideo", "TweetVideo"]`},
		{`{"id":` + id + `,"media_category":"TweetGif","subtitles":` + fine + `}`, "$.media_category", `"TweetGif"`, "enumeration"},
		{`{"id":` + id + `,"media_category":"AmplifyVideo","subtitles":` + fine + `}`, "$.media_category", `"AmplifyVideo"`, "is not the category of the video " + s.video.String() + ", which is TweetVideo"},
		{fmt.Sprintf(`{"id":"%s","subtitles":%s}`, gif, fine), "$.id", fmt.Sprintf(`"%s"`, gif), "is of the category tweet_gif; only tweet_video and amplify_video have subtitles"},
		{fmt.Sprintf(`{"id":"%s","subtitles":%s}`, image, fine), "$.id", fmt.Sprintf(`"%s"`, image), "is of the category tweet_image"},
		{fmt.Sprintf(`{"id":"%s","subtitles":%s}`, dm, fine), "$.id", fmt.Sprintf(`"%s"`, dm), "is of the category dm_video"},
		{fmt.Sprintf(`{"id":%s,"subtitles":%s}`, file, fine), "$.id", file, "is of the category subtitles"},
	} {
		t.Run(fmt.Sprintf("%.120s", c.body), func(t *testing.T) {
			a := s.call("POST", "/2/media/subtitles", c.body, "Content-Type", jsonKind)
			a.t = t
			a.refused(http.StatusBadRequest, c.words)
			if c.value != "" || c.field == "" {
				a.blames(c.field, c.value)
			}
		})
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		s.call("POST", "/2/media/subtitles", with(fine), "Content-Type", kind).refused(http.StatusBadRequest, "content-type of application/json")
	}
	s.call("POST", "/2/media/subtitles", `{"id":"`+strings.Repeat("1", maxObject)+`"}`, "Content-Type", jsonKind).refused(http.StatusRequestEntityTooLarge, "1048576")
	s.shows(s.video)

	// The hundred and first language of a video is too much, however it comes.
	s.call("POST", "/2/media/subtitles", with("["+strings.Join(tooMany[:100], ",")+"]"), "Content-Type", jsonKind).id()
	a := s.attach(s.video, s.file, "EN", "English")
	a.refused(http.StatusBadRequest, "would have subtitles in 101 languages; it may have them in 100")
	a.blames("$.subtitles", "")
}
