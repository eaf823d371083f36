package xapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"magpie/internal/media"
)

// v1Subtitles sends one of v1.1's two requests, with CLIP and FILE in its body
// replaced by their ids.
func (s *theatre) v1Subtitles(what, body, kind string, headers ...string) answer {
	s.t.Helper()
	body = strings.NewReplacer("CLIP", s.video.String(), "FILE", s.file.String(), "OTHER", s.other.String()).Replace(body)
	return s.call("POST", "/1.1/media/subtitles/"+what+".json", body, append([]string{"Content-Type", kind}, headers...)...)
}

// isEmpty checks that an answer is 200 and nothing else.
func (a answer) isEmpty() {
	a.t.Helper()
	if a.Code != http.StatusOK || a.Body.Len() > 0 || a.Header().Get("Content-Length") != "0" || a.Header().Get("Content-Type") != "" {
		a.t.Errorf("status %d, %q, %v", a.Code, a.Body, a.Header())
	}
}

func TestV1Subtitles(t *testing.T) {
	s := newTheatre(t)
	if s.video < 1<<53 || s.file < 1<<53 {
		t.Fatal("the ids are too small to show whether numbers are exact")
	}
	s.v1Subtitles("create", `{"media_id":"CLIP","media_category":"TweetVideo","subtitle_info":{"subtitles":[{"media_id":"FILE","language_code":"EN","display_name":"English"}]}}`, jsonKind).isEmpty()
	s.shows(s.video, s.file, "en", "English")
	s.v1Subtitles("create", `{"media_id":CLIP,"media_category":"TWEET_VIDEO","subtitle_info":{"subtitles":[{"media_id":OTHER,"language_code":"EN","display_name":"SDH"},
		{"media_id":FILE,"language_code":"pt-br","display_name":"Brasil"}]}}`, "text/plain;charset=UTF-8").isEmpty()
	s.shows(s.video, s.other, "en", "SDH", s.file, "pt-BR", "Brasil")
	s.v1Subtitles("create", `{"media_id":CLIP,"subtitle_info":{"subtitles":{"media_id":FILE,"language_code":"SP","display_name":"Español"}},"more":1}`, "").isEmpty()
	s.shows(s.video, s.other, "en", "SDH", s.file, "pt-BR", "Brasil", s.file, "sp", "Español")

	s.v1Subtitles("delete", `{"media_id":"CLIP","media_category":"TweetVideo","subtitle_info":{"subtitles":[{"language_code":"en"}]}}`, "text/plain").isEmpty()
	s.shows(s.video, s.file, "pt-BR", "Brasil", s.file, "sp", "Español")
	s.v1Subtitles("delete", `{"media_id":CLIP,"media_category":"tweet_video","subtitle_info":{"subtitles":[{"language_code":"EN"},{"language_code":"SP"},{"language_code":"PT_BR"}]}}`, jsonKind).isEmpty()
	s.shows(s.video)

	// One behaviour underneath: what one dialect attaches another detaches.
	s.attach(s.video, s.file, "EN", "English").id()
	s.v1Subtitles("delete", `{"media_id":CLIP,"subtitle_info":{"subtitles":[{"language_code":"EN"}]}}`, jsonKind).isEmpty()
	s.v1Subtitles("create", `{"media_id":CLIP,"subtitle_info":{"subtitles":[{"media_id":FILE,"language_code":"EN","display_name":"English"}]}}`, jsonKind).isEmpty()
	s.detach(s.video, "EN").is(http.StatusOK, `{"data":{"deleted":true}}`)
}

func TestV1SubtitlesRefuse(t *testing.T) {
	s := newTheatre(t)
	s.attach(s.video, s.file, "FR", "Français").id()
	with := func(subtitles string) string {
		return `{"media_id":"CLIP","media_category":"TweetVideo","subtitle_info":{"subtitles":` + subtitles + `}}`
	}
	type refusal struct {
		body         string
		status, code int
		words        string
	}
	both := []refusal{
		{``, 400, v1BadParameter, "not valid JSON"},
		{`{`, 400, v1BadParameter, "not valid JSON"},
		{`[]`, 400, v1BadParameter, "must be a JSON object"},
		{`null`, 400, v1BadParameter, "must be a JSON object"},
		{`media_id=CLIP`, 400, v1BadParameter, "not valid JSON"},
		{`{}`, 400, v1NoParameter, "media_id parameter is missing."},
		{`{"id":"CLIP"}`, 400, v1NoParameter, "media_id parameter is missing."},
		{`{"media_id":"x"}`, 400, v1BadID, "Invalid media_id: Some(x)."},
		{`{"media_id":1.9e18}`, 400, v1BadID, "exact number"},
		{`{"media_id":-1}`, 400, v1BadID, "exact number"},
		{`{"media_id":"CLIP"}`, 400, v1NoParameter, "subtitle_info parameter is missing."},
		{`{"media_id":"CLIP","media_category":"TweetImage","subtitle_info":{}}`, 400, v1BadParameter, "media_category: does not have a value in the enumeration"},
		{`{"media_id":"CLIP","media_category":7,"subtitle_info":{}}`, 400, v1BadParameter, "media_category: integer found, string expected"},
		{`{"media_id":"CLIP","subtitle_info":"EN"}`, 400, v1BadParameter, "subtitle_info: string found, object expected"},
		{`{"media_id":"CLIP","subtitle_info":{}}`, 400, v1NoParameter, "subtitle_info.subtitles parameter is missing."},
		{with(`"EN"`), 400, v1BadParameter, "subtitle_info.subtitles: string found, object expected"},
		{with(`[]`), 400, v1BadParameter, "subtitle_info.subtitles: must have from 1 to 100 items"},
		{with(`[1]`), 400, v1BadParameter, "subtitle_info.subtitles[0]: integer found, object expected"},
		{with(`[{"media_id":"FILE","display_name":"x"}]`), 400, v1NoParameter, "subtitle_info.subtitles[0].language_code parameter is missing."},
		{with(`[{"media_id":"FILE","language_code":7,"display_name":"x"}]`), 400, v1BadParameter, "language_code: integer found, string expected"},
		{with(`[{"media_id":"FILE","language_code":"english language","display_name":"x"}]`), 400, v1BadParameter, "must be a language as two letters"},
		{with(`[{"media_id":"FILE","language_code":"EN","display_name":"x"},{"media_id":"FILE","language_code":"en","display_name":"y"}]`), 400, v1BadParameter, "subtitle_info.subtitles[1].language_code: is there twice"},
		{strings.Replace(with(`[{"media_id":"FILE","language_code":"EN","display_name":"x"}]`), "CLIP", "5", 1), 404, v1NoPage, "There is no upload 5"},
		{strings.Replace(with(`[{"media_id":"FILE","language_code":"EN","display_name":"x"}]`), "CLIP", "FILE", 1), 400, v1BadID, "is of the category subtitles"},
		{strings.Replace(with(`[{"media_id":"FILE","language_code":"EN","display_name":"x"}]`), "TweetVideo", "AmplifyVideo", 1), 400, v1BadParameter, "media_category: is not the category of the video"},
		{`{"x":"` + strings.Repeat("x", maxObject) + `"}`, 413, v1BadMedia, "1048576"},
	}
	creating := []refusal{
		{with(`[{"language_code":"EN","display_name":"x"}]`), 400, v1NoParameter, "subtitle_info.subtitles[0].media_id parameter is missing."},
		{with(`[{"media_id":true,"language_code":"EN","display_name":"x"}]`), 400, v1BadParameter, "subtitle_info.subtitles[0].media_id: does not match the pattern"},
		{with(`[{"media_id":99999999999999999999,"language_code":"EN","display_name":"x"}]`), 400, v1BadParameter, "does not match the pattern"},
		{with(`[{"media_id":"CLIP","language_code":"EN","display_name":"x"}]`), 400, v1BadParameter, "subtitle_info.subtitles[0].media_id: is of the category tweet_video"},
		{with(`[{"media_id":"FILE","language_code":"EN","display_name":"x"},{"media_id":"5","language_code":"DE","display_name":"x"}]`), 400, v1BadParameter, "subtitle_info.subtitles[1].media_id: must be the id of a subtitle file"},
		{with(`[{"media_id":"FILE","language_code":"EN"}]`), 400, v1NoParameter, "subtitle_info.subtitles[0].display_name parameter is missing."},
		{with(`[{"media_id":"FILE","language_code":"EN","display_name":"a\tb"}]`), 400, v1BadParameter, "display_name: must be one line"},
	}
	for what, list := range map[string][]refusal{"create": append(creating, both...), "delete": both} {
		for _, c := range list {
			t.Run(fmt.Sprintf("%s %.100s", what, c.body), func(t *testing.T) {
				a := s.v1Subtitles(what, c.body, jsonKind)
				a.t = t
				a.refusedV1(c.status, c.code, c.words)
			})
		}
		fine := with(`[{"media_id":"FILE","language_code":"FR","display_name":"x"}]`)
		for _, kind := range []string{urlKind, formKind, "text/html"} {
			s.v1Subtitles(what, fine, kind).refusedV1(400, v1BadParameter, "application/json")
		}
		who, token := s.as(stranger)
		s.v1Subtitles(what, fine, jsonKind, who, token).refusedV1(404, v1NoPage, "There is no upload")
	}
	lent := s.made(map[string]any{"media_category": "tweet_video", "additional_owners": []string{friend}}, mp4())
	s.publish(lent, movie())
	who, token := s.as(friend)
	for _, what := range []string{"create", "delete"} {
		s.v1Subtitles(what, strings.Replace(with(`[{"media_id":"FILE","language_code":"FR","display_name":"x"}]`), "CLIP", lent.String(), 1), jsonKind, who, token).refusedV1(403, v1NotAllowed, "Only the owner")
	}
	s.shows(s.video, s.file, "fr", "Français")
	s.shows(media.ID(lent))
}
