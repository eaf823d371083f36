package xapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

func TestInitialize(t *testing.T) {
	s := newServer(t)
	const processed = `,"processing_info":{"state":"pending","check_after_secs":1,"progress_percent":0}`
	for _, c := range []struct{ name, body, key, more string }{
		{"nothing said", `{}`, "", ""},
		{"a video", `{"media_category":"tweet_video","media_type":"video/mp4","total_bytes":5}`, "7", `,"size":5` + processed},
		{"an amplified video", `{"media_category":"amplify_video"}`, "13", processed},
		{"a GIF", `{"media_category":"tweet_gif"}`, "16", processed},
		{"an image", `{"media_category":"tweet_image","total_bytes":17179869184}`, "3", `,"size":17179869184`},
		{"a message's image", `{"media_category":"dm_image"}`, "1003", ""},
		{"a message's video", `{"media_category":"dm_video"}`, "1007", processed},
		{"a message's GIF", `{"media_category":"dm_gif","media_type":"video/mp4"}`, "1016", processed},
		{"subtitles", `{"media_category":"subtitles","media_type":"text/srt"}`, "1020", ""},
		{"a category by type", `{"media_type":"video/webm"}`, "7", processed},
		{"a model by type", `{"media_type":"model/gltf-binary"}`, "1021", ""},
		{"nulls", `{"media_category":null,"media_type":null,"total_bytes":null,"shared":null,"additional_owners":null}`, "", ""},
		{"empty names", `{"media_category":"","media_type":""}`, "", ""},
		{"nothing in it", `{"total_bytes":0}`, "", `,"size":0`},
		{"a float that is whole", `{"total_bytes":1e3}`, "", `,"size":1000`},
		{"blanks around", " {\n\"total_bytes\" : 10.0 } ", "", `,"size":10`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.call("POST", "/2/media/upload/initialize", c.body, "Content-Type", "application/json; charset=utf-8")
			id := a.id()
			key := ""
			if c.key != "" {
				key = fmt.Sprintf(`,"media_key":"%s_%s"`, c.key, id)
			}
			a.t = t
			a.is(http.StatusOK, `{"data":{"id":"%s"%s,"expires_after_secs":86400%s}}`, id, key, c.more)
		})
	}
}

func TestInitializeKeepsWhatWasSaid(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{
		"media_category": "dm_video", "media_type": "video/quicktime", "total_bytes": 12, "shared": true,
		"additional_owners": []string{friend, "9999999999999999999"},
	})
	got, err := s.catalog.Session(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	want := media.Session{
		ID: id, Owner: owner, Category: media.DMVideo, Type: media.QuickTime, TotalBytes: 12, Shared: true,
		AdditionalOwners: []string{friend, "9999999999999999999"}, State: media.SessionOpen,
		CreatedAt: s.clock, ExpiresAt: s.clock.Add(24 * time.Hour),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the session differs (-want +got):\n%s", diff)
	}
}

func TestInitializeRefuses(t *testing.T) {
	s := newServer(t)
	const bare = "Requests with bodies must have content-type of application/json."
	for _, c := range []struct {
		body       string
		status     int
		field      string // "" for none
		value      string
		words      string
		otherwords string
	}{
		{`{"total_bytes":-1}`, 400, "$.total_bytes", "-1", "$.total_bytes: must be from 0 to 17179869184", ""},
		{`{"total_bytes":-2}`, 400, "$.total_bytes", "-2", "must be from 0", ""},
		{`{"total_bytes":17179869185}`, 400, "$.total_bytes", "17179869185", "$.total_bytes: must be from 0 to 17179869184", ""},
		{`{"total_bytes":99999999999999999999}`, 400, "$.total_bytes", "99999999999999999999", "is larger than any number", ""},
		{`{"total_bytes":-1e300}`, 400, "$.total_bytes", "-1e300", "is larger", ""},
		{`{"total_bytes":1e999}`, 400, "$.total_bytes", "1e999", "is larger", ""},
		{`{"total_bytes":1.5}`, 400, "$.total_bytes", "1.5", "$.total_bytes: number found, integer expected", ""},
		{`{"total_bytes":"12"}`, 400, "$.total_bytes", `"12"`, "$.total_bytes: string found, integer expected", ""},
		{`{"total_bytes":true}`, 400, "$.total_bytes", "true", "boolean found, integer expected", ""},
		{`{"total_bytes":{}}`, 400, "$.total_bytes", "{}", "object found, integer expected", ""},
		{`{"total_bytes":[1]}`, 400, "$.total_bytes", "[1]", "array found, integer expected", ""},
		{`{"media_category":"TweetFilm"}`, 400, "$.media_category", "TweetFilm", "is not one of [amplify_video, tweet_gif", "subtitles]"},
		{`{"media_category":7}`, 400, "$.media_category", "7", "integer found, string expected", ""},
		{`{"media_type":"image/svg+xml"}`, 400, "$.media_type", "image/svg+xml", "is not one of [video/mp4", ""},
		{`{"media_type":false}`, 400, "$.media_type", "false", "boolean found, string expected", ""},
		{`{"media_type":"image/png","media_category":"tweet_gif"}`, 400, "$.media_type", "image/png", "it goes with tweet_image, dm_image", ""},
		{`{"media_type":"model/gltf-binary","media_category":"tweet_image"}`, 400, "$.media_type", "model/gltf-binary", "leave media_category out", ""},
		{`{"shared":"true"}`, 400, "$.shared", `"true"`, "string found, boolean expected", ""},
		{`{"shared":1}`, 400, "$.shared", "1", "integer found, boolean expected", ""},
		{`{"additional_owners":"1,2"}`, 400, "$.additional_owners", `"1,2"`, "string found, array expected", ""},
		{`{"additional_owners":["1",2]}`, 400, "$.additional_owners[1]", "2", "$.additional_owners[1]: integer found, string expected", ""},
		{`{"additional_owners":[null]}`, 400, "$.additional_owners[0]", "null", "null found, string expected", ""},
		{`{"additional_owners":["jack"]}`, 400, "$.additional_owners", "jack", "1 to 19 digits", ""},
		{`{"additional_owners":[` + strings.Repeat(`"1",`, 100) + `"1"]}`, 400, "$.additional_owners", "", "101 users; at most 100", ""},
		{`{"zeta":1,"alpha":2,"b":3,"c":4,"d":5,"e":6,"f":7}`, 400, "$.alpha", "2", "$.alpha: is not defined in the schema and the schema does not allow additional properties", "[additional_owners, media_category"},
		{`{"command":"` + strings.Repeat("é", 300) + `"}`, 400, "$.command", `"` + strings.Repeat("é", 99) + "…", "not defined", ""},
		{`{`, 400, "", "", "Request body is not valid JSON.", ""},
		{``, 400, "", "", "Request body is not valid JSON.", ""},
		{`{} {}`, 400, "", "", "Request body is not valid JSON.", ""},
		{`[]`, 400, "", "", "Request body must be a JSON object.", ""},
		{`null`, 400, "", "", "Request body must be a JSON object.", ""},
		{`"{}"`, 400, "", "", "Request body must be a JSON object.", ""},
		{strings.Repeat("[", 20_000), 400, "", "", "Request body is not valid JSON.", ""},
		{`{"media_type":"` + strings.Repeat("x", maxObject) + `"}`, 413, "", "", "more than 1048576 bytes", ""},
	} {
		t.Run(fmt.Sprintf("%.60s", c.body), func(t *testing.T) {
			a := s.call("POST", "/2/media/upload/initialize", c.body, "Content-Type", jsonKind)
			a.t = t
			a.refused(c.status, c.words, c.otherwords)
			if c.status == http.StatusBadRequest {
				a.blames(c.field, c.value)
			}
		})
	}
	for _, kind := range []string{"", "text/json", "application/x-www-form-urlencoded", formKind, "application/json; ="} {
		s.call("POST", "/2/media/upload/initialize", "{}", "Content-Type", kind).refused(http.StatusBadRequest, bare)
	}
}

// blames checks which parameter an invalid request's answer names, and the
// value that it shows.
func (a answer) blames(field, value string) {
	a.t.Helper()
	body := decode(a.t, a.Body.String()).(map[string]any)
	got := body["errors"].([]any)[0].(map[string]any)["parameters"]
	want := map[string]any{}
	if field != "" {
		want[field] = []any{}
	}
	if value != "" {
		want[field] = []any{value}
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		a.t.Errorf("parameters differ (-want +got):\n%s", diff)
	}
}

func TestInitializeByMany(t *testing.T) {
	s := newServer(t)
	seen := map[media.ID]bool{}
	for range 50 { // the clock stands still: only the random part differs
		id := s.open(map[string]any{})
		if seen[id] {
			t.Fatalf("%s came twice", id)
		}
		seen[id] = true
	}
}
