package xapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
)

// note sends metadata for an upload.
func (s *server) note(id media.ID, metadata string, headers ...string) answer {
	s.t.Helper()
	return s.call("POST", "/2/media/metadata", fmt.Sprintf(`{"id":"%s","metadata":%s}`, id, metadata), append([]string{"Content-Type", jsonKind}, headers...)...)
}

func TestMetadata(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{}, png())
	is := func(a answer, all string) {
		t.Helper()
		a.is(http.StatusOK, `{"data":{"id":"%s","associated_metadata":%s}}`, id, all)
	}
	is(s.call("POST", "/2/media/metadata", map[string]any{"id": id.String()}), `{}`)
	is(s.note(id, `null`), `{}`)
	is(s.note(id, `{}`), `{}`)
	is(s.note(id, `{"alt_text":{"text":"a <magpie> \u0026 more"}}`), `{"alt_text":{"text":"a <magpie> & more"}}`)
	is(s.note(id, `{"upload_source":{"text":"gallery"},"allow_download_status":{"allow_download":"true"}}`),
		`{"alt_text":{"text":"a <magpie> & more"},"upload_source":{"upload_source":"gallery"},"allow_download_status":{"allow_download":true}}`)
	is(s.note(id, `{"alt_text":null,"upload_source":{"upload_source":"camera"},"geo_restrictions":null}`),
		`{"upload_source":{"upload_source":"camera"},"allow_download_status":{"allow_download":true}}`)
	is(s.note(id, `{"content_expiration":{"timestamp_sec":1.7407872e9},"geo_restrictions":{"whitelisted_country_codes":["US","de"]}}`),
		`{"upload_source":{"upload_source":"camera"},"allow_download_status":{"allow_download":true},"content_expiration":{"timestamp_sec":1740787200},
		"geo_restrictions":{"blacklisted_country_codes":[],"whitelisted_country_codes":["US","de"]}}`)
	is(s.note(id, `{"allow_download_status":null,"upload_source":null,"content_expiration":null,"geo_restrictions":null}`), `{}`)
}

// What is said before finalize is in force after it.
func TestMetadataOfASession(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{"additional_owners": []string{friend}})
	s.note(id, `{"alt_text":{"text":"early"}}`).is(http.StatusOK, `{"data":{"id":"%s","associated_metadata":{"alt_text":{"text":"early"}}}}`, id)
	who, token := s.as(friend)
	s.note(id, `{"alt_text":{"text":"no"}}`, who, token).refused(http.StatusForbidden, "Only the owner of "+id.String()+" may change it.")
	who, token = s.as(stranger)
	s.note(id, `{"alt_text":{"text":"no"}}`, who, token).refused(http.StatusNotFound, "There is no upload "+id.String()+" here")
	s.send(id, 0, png())
	s.finalize(id).id()
	s.note(id, `{}`).is(http.StatusOK, `{"data":{"id":"%s","associated_metadata":{"alt_text":{"text":"early"}}}}`, id)

	late := s.open(map[string]any{})
	s.clock = s.clock.Add(24 * time.Hour)
	if _, err := s.sessions.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.note(late, `{"alt_text":{"text":"late"}}`).refused(http.StatusNotFound, late.String())
}

func TestMetadataIsTheOwners(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{"additional_owners": []string{friend}, "shared": true}, png())
	who, token := s.as(friend)
	s.note(id, `{"alt_text":{"text":"no"}}`, who, token).refused(http.StatusForbidden, "Only the owner of "+id.String()+" may change it.")
	who, token = s.as(stranger)
	s.note(id, `{"alt_text":{"text":"no"}}`, who, token).refused(http.StatusNotFound, "There is no upload "+id.String()+" here")
	if _, err := s.catalog.DeleteMedia(t.Context(), id, s.clock); err != nil {
		t.Fatal(err)
	}
	s.note(id, `{"alt_text":{"text":"no"}}`).refused(http.StatusNotFound, "There is no upload "+id.String()+" here")
	s.note(1, `{"alt_text":{"text":"no"}}`).refused(http.StatusNotFound, "There is no upload 1 here")
	if got, err := s.catalog.Metadata(t.Context(), []media.ID{id}); err != nil || got[id]["alt_text"] != "" {
		t.Errorf("metadata %v, %v", got, err)
	}
}

func TestMetadataTakesPostersThatMayBeUsed(t *testing.T) {
	s := newServer(t)
	video := s.upload(map[string]any{"media_category": "tweet_video"}, mp4())
	poster := func(id media.ID) string {
		return fmt.Sprintf(`{"preview_image":{"media_key":{"media":"%s"}}}`, id)
	}
	who, token := s.as(stranger)
	shared := s.open(map[string]any{"shared": true}, who, token)
	s.send(shared, 0, png(), who, token)
	s.finalize(shared, who, token).id()
	theirs := s.open(map[string]any{}, who, token)
	s.send(theirs, 0, png(), who, token)
	s.finalize(theirs, who, token).id()
	lent := s.open(map[string]any{"additional_owners": []string{owner}}, who, token)
	s.send(lent, 0, png(), who, token)
	s.finalize(lent, who, token).id()
	gone := s.upload(map[string]any{}, png())
	if _, err := s.catalog.DeleteMedia(t.Context(), gone, s.clock); err != nil {
		t.Fatal(err)
	}
	unfinished := s.open(map[string]any{"media_category": "tweet_image"})
	for _, id := range []media.ID{theirs, gone, unfinished, video, 1} {
		a := s.note(video, poster(id))
		a.refused(http.StatusBadRequest, "$.metadata.preview_image.media_key.media: must be the id of an image that this user may use")
		a.blames("$.metadata.preview_image.media_key.media", id.String())
	}
	for _, id := range []media.ID{shared, lent, s.upload(map[string]any{}, png())} {
		s.note(video, poster(id)).is(http.StatusOK,
			`{"data":{"id":"%s","associated_metadata":{"preview_image":{"media_key":{"media":"%s","media_category":"TweetImage"}}}}}`, video, id)
	}
}

func TestMetadataRefuses(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{}, png())
	group := func(g string) string { return fmt.Sprintf(`{"id":"%s","metadata":{%s}}`, id, g) }
	for _, c := range []struct{ body, field, value, words string }{
		{``, "", "", "Request body is not valid JSON."},
		{`[]`, "", "", "Request body must be a JSON object."},
		{`{}`, "$.id", "", "$.id: is missing but it is required"},
		{`{"id":null}`, "$.id", "", "is missing"},
		{`{"id":""}`, "$.id", "", "is missing"},
		{`{"id":12}`, "$.id", "12", "$.id: integer found, string expected"},
		{`{"id":"x"}`, "$.id", `"x"`, "$.id: does not match the pattern ^[0-9]{1,19}$"},
		{`{"id":"0"}`, "$.id", `"0"`, "does not match the pattern"},
		{`{"id":"3_1"}`, "$.id", `"3_1"`, "does not match the pattern"},
		{`{"media_id":"1","metadata":{}}`, "$.media_id", `"1"`, "$.media_id: is not defined in the schema"},
		{`{"id":"1","alt_text":{"text":"x"}}`, "$.alt_text", `{"text":"x"}`, "is not defined in the schema"},
		{fmt.Sprintf(`{"id":"%s","metadata":[]}`, id), "$.metadata", "[]", "$.metadata: array found, object expected"},
		{fmt.Sprintf(`{"id":"%s","metadata":"x"}`, id), "$.metadata", `"x"`, "string found, object expected"},
		{group(`"colour":{}`), "$.metadata.colour", "{}", "$.metadata.colour: is not defined in the schema"},
		{group(`"alt_text":"x"`), "$.metadata.alt_text", `"x"`, "string found, object expected"},
		{group(`"alt_text":{}`), "$.metadata.alt_text.text", "", "$.metadata.alt_text.text: is missing but it is required"},
		{group(`"alt_text":{"text":7}`), "$.metadata.alt_text.text", "7", "integer found, string expected"},
		{group(`"alt_text":{"text":"` + strings.Repeat("x", 1001) + `"}`), "$.metadata.alt_text.text", `"` + strings.Repeat("x", 199) + "…", "at most 1000 characters"},
		{group(`"alt_text":{"text":"x","lang":"en"}`), "$.metadata.alt_text.lang", `"en"`, "is not defined in the schema"},
		{group(`"allow_download_status":{"allow_download":"yes"}`), "$.metadata.allow_download_status.allow_download", `"yes"`, "boolean expected"},
		{group(`"audience_policy":{"x_subscriptions":["All"]}`), "$.metadata.audience_policy.x_subscriptions[0]", `"All"`, "enumeration"},
		{group(`"content_expiration":{"timestamp_sec":-1}`), "$.metadata.content_expiration.timestamp_sec", "-1", "positive"},
		{group(`"content_expiration":{"timestamp_sec":1740787200000}`), "$.metadata.content_expiration.timestamp_sec", "1740787200000", "after the year 9999"},
		{group(`"domain_restrictions":{"whitelist":["https://x.com"]}`), "$.metadata.domain_restrictions.whitelist[0]", `"https://x.com"`, "is not a host name"},
		{group(`"found_media_origin":{"id":"1","provider":"a long name"}`), "$.metadata.found_media_origin.provider", `"a long name"`, "at most 8 characters"},
		{group(`"geo_restrictions":{"blacklisted_country_codes":["USA"]}`), "$.metadata.geo_restrictions.blacklisted_country_codes[0]", `"USA"`, "two letters"},
		{group(`"management_info":{}`), "$.metadata.management_info.managed", "", "is missing"},
		{group(`"preview_image":{"media_key":{}}`), "$.metadata.preview_image.media_key.media", "", "is missing"},
		{group(`"shared_info":{"shared":1}`), "$.metadata.shared_info.shared", "1", "integer found, boolean expected"},
		{group(`"sticker_info":{"stickers":[{"id":1}]}`), "$.metadata.sticker_info.stickers[0].id", "1", "integer found, string expected"},
		{group(`"upload_source":{"text":"a","upload_source":"b"}`), "$.metadata.upload_source.text", `"a"`, "older name"},
		{group(`"alt_text":{"text":"fine"},"shared_info":{}`), "$.metadata.shared_info.shared", "", "is missing"},
	} {
		t.Run(fmt.Sprintf("%.80s", c.body), func(t *testing.T) {
			a := s.call("POST", "/2/media/metadata", c.body, "Content-Type", jsonKind)
			a.t = t
			a.refused(http.StatusBadRequest, c.words)
			a.blames(c.field, c.value)
		})
	}
	s.call("POST", "/2/media/metadata", `{}`, "Content-Type", "text/plain").refused(http.StatusBadRequest, "content-type of application/json")
	s.call("POST", "/2/media/metadata", `{"id":"`+strings.Repeat("1", maxObject)+`"}`, "Content-Type", jsonKind).refused(http.StatusRequestEntityTooLarge, "1048576")
	s.note(id, `{}`).is(http.StatusOK, `{"data":{"id":"%s","associated_metadata":{}}}`, id)
}
