package xapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestSubtitlesDelete(t *testing.T) {
	s := newTheatre(t)
	s.attach(s.video, s.file, "EN", "English").id()
	s.attach(s.video, s.file, "pt-BR", "Brasil").id()
	s.attach(s.video, s.file, "SP", "Español").id()
	for _, c := range []struct {
		category, language string
		deleted            bool
	}{
		{"TweetVideo", "DE", false},
		{"TweetVideo", "pt", false},
		{"TweetVideo", "EN", true},
		{"TweetVideo", "EN", false},
		{"tweet_video", "PT-br", true},
		{"TWEET_VIDEO", "sp", true},
		{"tweetvideo", "sp", false},
	} {
		body := fmt.Sprintf(`{"id":"%s","media_category":"%s","language_code":"%s"}`, s.video, c.category, c.language)
		s.call("DELETE", "/2/media/subtitles", body, "Content-Type", "application/json; charset=utf-8").is(http.StatusOK, `{"data":{"deleted":%t}}`, c.deleted)
	}
	s.shows(s.video)
	// The file is still there for others.
	s.attach(s.video, s.file, "EN", "English").id()
	s.shows(s.video, s.file, "en", "English")
}

func TestSubtitlesDeleteRefuses(t *testing.T) {
	s := newTheatre(t)
	s.attach(s.video, s.file, "EN", "English").id()
	image := s.upload(map[string]any{}, png())
	id := fmt.Sprintf(`"%s"`, s.video)
	with := func(id, category, language string) string {
		return fmt.Sprintf(`{"id":%s,"media_category":%s,"language_code":%s}`, id, category, language)
	}
	for _, c := range []struct{ body, field, value, words string }{
		{``, "", "", "Request body must be a JSON object: this DELETE has none. It takes id, media_category and language_code."},
		{` `, "", "", "Request body is not valid JSON."},
		{`{`, "", "", "Request body is not valid JSON."},
		{`[]`, "", "", "Request body must be a JSON object."},
		{`"EN"`, "", "", "Request body must be a JSON object."},
		{`{}`, "$.id", "", "$.id: is missing but it is required"},
		{with(`null`, `"TweetVideo"`, `"EN"`), "$.id", "", "is missing"},
		{with(`12`, `"TweetVideo"`, `"EN"`), "$.id", "12", "integer found, string expected"},
		{with(`"0"`, `"TweetVideo"`, `"EN"`), "$.id", `"0"`, "does not match the pattern"},
		{with(`"-1"`, `"TweetVideo"`, `"EN"`), "$.id", `"-1"`, "does not match the pattern"},
		{with(id, `null`, `"EN"`), "$.media_category", "", "is missing"},
		{with(id, `""`, `"EN"`), "$.media_category", "", "is missing"},
		{with(id, `{}`, `"EN"`), "$.media_category", "{}", "object found, string expected"},
		{with(id, `"TweetImage"`, `"EN"`), "$.media_category", `"TweetImage"`, "enumeration"},
		{with(id, `"AmplifyVideo"`, `"EN"`), "$.media_category", `"AmplifyVideo"`, "is not the category of the video"},
		{with(fmt.Sprintf(`"%s"`, image), `"TweetVideo"`, `"EN"`), "$.id", fmt.Sprintf(`"%s"`, image), "is of the category tweet_image"},
		{with(id, `"TweetVideo"`, `null`), "$.language_code", "", "is missing"},
		{with(id, `"TweetVideo"`, `""`), "$.language_code", "", "is missing"},
		{with(id, `"TweetVideo"`, `["EN"]`), "$.language_code", `["EN"]`, "array found, string expected"},
		{with(id, `"TweetVideo"`, `"E"`), "$.language_code", `"E"`, "two letters, such as EN"},
		{with(id, `"TweetVideo"`, `"*"`), "$.language_code", `"*"`, "two letters, such as EN"},
		{`{"id":` + id + `,"media_category":"TweetVideo","subtitles":{"language_code":"EN"}}`, "$.subtitles", `{"language_code":"EN"}`, "is not defined in the schema"},
		{`{"media_id":` + id + `,"media_category":"TweetVideo","language_code":"EN"}`, "$.media_id", id, "is not defined in the schema"},
	} {
		t.Run(fmt.Sprintf("%.120s", c.body), func(t *testing.T) {
			a := s.call("DELETE", "/2/media/subtitles", c.body, "Content-Type", jsonKind)
			a.t = t
			a.refused(http.StatusBadRequest, c.words)
			a.blames(c.field, c.value)
		})
	}
	s.call("DELETE", "/2/media/subtitles", nil).refused(http.StatusBadRequest, "this DELETE has none")
	s.call("DELETE", "/2/media/subtitles?id="+s.video.String()+"&media_category=TweetVideo&language_code=EN", nil).refused(http.StatusBadRequest, "this DELETE has none")
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		s.call("DELETE", "/2/media/subtitles", with(id, `"TweetVideo"`, `"EN"`), "Content-Type", kind).refused(http.StatusBadRequest, "content-type of application/json")
	}
	s.call("DELETE", "/2/media/subtitles", `{"id":"`+strings.Repeat("1", maxObject)+`"}`, "Content-Type", jsonKind).refused(http.StatusRequestEntityTooLarge, "1048576")
	s.shows(s.video, s.file, "en", "English")
}
