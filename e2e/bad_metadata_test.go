package e2e

import (
	"fmt"
	"strings"
	"testing"
)

func TestBadMetadata(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	id := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	video := c.initialize("video/mp4", "tweet_video", 10)
	c.describe(id, `{"alt_text":{"text":"stays"}}`)
	theirs := c.as(s.token("7")).initialize("image/png", "", 10)
	friends := c.as(s.token("7")).call("POST", "/2/media/upload/initialize", map[string]any{"additional_owners": []string{"1"}}).data()["id"].(string)
	set := func(groups string) string { return fmt.Sprintf(`{"id":"%s","metadata":%s}`, id, groups) }
	const unknown = "is not defined in the schema and the schema does not allow additional properties"
	rows := []bad{
		{name: "no body", words: "Request body is not valid JSON."},
		{name: "an array", body: `[]`, words: "Request body must be a JSON object."},
		{name: "a form", kind: "application/x-www-form-urlencoded", body: "id=1", words: "content-type of application/json"},
		{name: "v1.1's text", kind: "text/plain", body: `{"id":"` + id + `"}`, words: "content-type of application/json"},
		{name: "no id", body: `{"metadata":{}}`, field: "$.id", words: "$.id: is missing but it is required"},
		{name: "id null", body: `{"id":null,"metadata":{}}`, field: "$.id", words: "is missing"},
		{name: "id empty", body: `{"id":"","metadata":{}}`, field: "$.id", words: "$.id"},
		{name: "id as number", body: `{"id":` + id + `}`, field: "$.id", words: "integer found, string expected"},
		{name: "id as list", body: `{"id":["` + id + `"]}`, field: "$.id", words: "array found, string expected"},
		{name: "id with minus", body: `{"id":"-1"}`, field: "$.id", words: "^[0-9]{1,19}$"},
		{name: "id with plus", body: `{"id":"+1"}`, field: "$.id", words: "^[0-9]{1,19}$"},
		{name: "id with a blank", body: `{"id":"1 "}`, field: "$.id", words: "^[0-9]{1,19}$"},
		{name: "id with NUL", body: `{"id":"1\u0000"}`, field: "$.id", words: "^[0-9]{1,19}$"},
		{name: "id of 20 digits", body: `{"id":"12345678901234567890"}`, field: "$.id", words: "^[0-9]{1,19}$"},
		{name: "a key", body: `{"id":"3_1"}`, field: "$.id", words: "^[0-9]{1,19}$"},
		{name: "id twice", body: `{"id":"1","id":"` + id + `"}`, field: "$.id", words: "is there twice"},
		{name: "media_id", body: `{"media_id":"` + id + `"}`, field: "$.media_id", words: unknown},
		{name: "no wrapper", body: `{"id":"` + id + `","alt_text":{"text":"x"}}`, field: "$.alt_text", words: unknown},
		{name: "metadata a list", body: set(`[]`), field: "$.metadata", words: "array found, object expected"},
		{name: "metadata a string", body: set(`"x"`), field: "$.metadata", words: "string found, object expected"},
		{name: "metadata a number", body: set(`1e400`), field: "$.metadata", words: "number found, object expected"},
		{name: "a group of nobody's", body: set(`{"colour":{}}`), field: "$.metadata.colour", words: "is not defined in the schema"},
		{name: "a group's case", body: set(`{"Alt_Text":{"text":"x"}}`), field: "$.metadata.Alt_Text", words: "is not defined in the schema"},
		{name: "a group twice", body: set(`{"alt_text":{"text":"x"},"alt_text":null}`), field: "$.metadata.alt_text", words: "is there twice"},
		{name: "a member twice", body: set(`{"alt_text":{"text":"x","text":"y"}}`), field: "$.metadata.alt_text.text", words: "is there twice"},
		{name: "alt_text a string", body: set(`{"alt_text":"x"}`), field: "$.metadata.alt_text", words: "string found, object expected"},
		{name: "alt_text a list", body: set(`{"alt_text":["x"]}`), field: "$.metadata.alt_text", words: "array found, object expected"},
		{name: "alt_text empty", body: set(`{"alt_text":{}}`), field: "$.metadata.alt_text.text", words: "is missing"},
		{name: "text null", body: set(`{"alt_text":{"text":null}}`), field: "$.metadata.alt_text.text", words: "null found, string expected"},
		{name: "text a number", body: set(`{"alt_text":{"text":5}}`), field: "$.metadata.alt_text.text", words: "integer found, string expected"},
		{name: "text too long", body: set(`{"alt_text":{"text":"` + strings.Repeat("猫", 1001) + `"}}`), field: "$.metadata.alt_text.text", words: "1000"},
		{name: "text not UTF-8", body: set("{\"alt_text\":{\"text\":\"\xc3\x28\"}}"), words: "not in UTF-8"},
		{name: "a member of nobody's", body: set(`{"alt_text":{"text":"x","lang":"en"}}`), field: "$.metadata.alt_text.lang", words: "is not defined in the schema"},
		{name: "download a word", body: set(`{"allow_download_status":{"allow_download":"yes"}}`), field: "$.metadata.allow_download_status.allow_download", words: "boolean expected"},
		{name: "download a number", body: set(`{"allow_download_status":{"allow_download":1}}`), field: "$.metadata.allow_download_status.allow_download", words: "boolean expected"},
		{name: "audience All", body: set(`{"audience_policy":{"creator_subscriptions":["All"]}}`), field: "$.metadata.audience_policy.creator_subscriptions[0]", words: "enumeration"},
		{name: "audience a string", body: set(`{"audience_policy":{"x_subscriptions":"Any"}}`), field: "$.metadata.audience_policy.x_subscriptions", words: "array expected"},
		{name: "expiry missing", body: set(`{"content_expiration":{}}`), field: "$.metadata.content_expiration.timestamp_sec", words: "is missing"},
		{name: "expiry below 0", body: set(`{"content_expiration":{"timestamp_sec":-1}}`), field: "$.metadata.content_expiration.timestamp_sec"},
		{name: "expiry as text", body: set(`{"content_expiration":{"timestamp_sec":"1740787200"}}`), field: "$.metadata.content_expiration.timestamp_sec", words: "string found"},
		{name: "expiry huge", body: set(`{"content_expiration":{"timestamp_sec":1e400}}`), field: "$.metadata.content_expiration.timestamp_sec"},
		{name: "expiry broken", body: set(`{"content_expiration":{"timestamp_sec":1.5}}`), field: "$.metadata.content_expiration.timestamp_sec"},
		{name: "a URL as domain", body: set(`{"domain_restrictions":{"whitelist":["https://example.com/"]}}`), field: "$.metadata.domain_restrictions.whitelist[0]", words: "host name"},
		{name: "no domains", body: set(`{"domain_restrictions":{}}`), field: "$.metadata.domain_restrictions.whitelist", words: "is missing"},
		{name: "a provider too long", body: set(`{"found_media_origin":{"provider":"ninechars","id":"x"}}`), field: "$.metadata.found_media_origin.provider", words: "8"},
		{name: "no provider", body: set(`{"found_media_origin":{"id":"x"}}`), field: "$.metadata.found_media_origin.provider", words: "is missing"},
		{name: "a country of three letters", body: set(`{"geo_restrictions":{"whitelisted_country_codes":["USA"]}}`), field: "$.metadata.geo_restrictions.whitelisted_country_codes[0]", words: "two letters"},
		{name: "countries null", body: set(`{"geo_restrictions":{"blacklisted_country_codes":[null]}}`), field: "$.metadata.geo_restrictions.blacklisted_country_codes[0]", words: "null found"},
		{name: "managed missing", body: set(`{"management_info":{}}`), field: "$.metadata.management_info.managed", words: "is missing"},
		{name: "managed yes", body: set(`{"management_info":{"managed":"yes"}}`), field: "$.metadata.management_info.managed", words: "boolean expected"},
		{name: "poster unknown", body: set(`{"preview_image":{"media_key":{"media":"1146654567674912769"}}}`), field: "$.metadata.preview_image.media_key.media", words: "image"},
		{name: "poster a video", body: set(`{"preview_image":{"media_key":{"media":"` + video + `"}}}`), field: "$.metadata.preview_image.media_key.media", words: "image"},
		{name: "poster another's", body: set(`{"preview_image":{"media_key":{"media":"` + theirs + `"}}}`), field: "$.metadata.preview_image.media_key.media", words: "image"},
		{name: "poster a key", body: set(`{"preview_image":{"media_key":"3_1"}}`), field: "$.metadata.preview_image.media_key", words: "object expected"},
		{name: "poster another category", body: set(`{"preview_image":{"media_key":{"media":"` + id + `","media_category":"TweetVideo"}}}`), field: "$.metadata.preview_image.media_key.media_category", words: "TweetImage"},
		{name: "a warning in words", body: set(`{"sensitive_media_warning":{"other":"spoiler"}}`), field: "$.metadata.sensitive_media_warning.other", words: "boolean expected"},
		{name: "a warning of nobody's", body: set(`{"sensitive_media_warning":{"spoiler":true}}`), field: "$.metadata.sensitive_media_warning.spoiler", words: "is not defined"},
		{name: "shared null", body: set(`{"shared_info":{"shared":null}}`), field: "$.metadata.shared_info.shared", words: "null found"},
		{name: "no stickers", body: set(`{"sticker_info":{"stickers":[]}}`), field: "$.metadata.sticker_info.stickers", words: "1 to 25"},
		{name: "26 stickers", body: set(`{"sticker_info":{"stickers":[{}` + strings.Repeat(`,{}`, 25) + `]}}`), field: "$.metadata.sticker_info.stickers", words: "25"},
		{name: "a sticker's number", body: set(`{"sticker_info":{"stickers":[{"id":1}]}}`), field: "$.metadata.sticker_info.stickers[0].id", words: "string expected"},
		{name: "a sticker beyond numbers", body: set(`{"sticker_info":{"stickers":[{},{"transform_a":1e400}]}}`), field: "$.metadata.sticker_info.stickers[1].transform_a"},
		{name: "a sticker beyond 2^63", body: set(`{"sticker_info":{"stickers":[{"group_annotation_id":9223372036854775808}]}}`), field: "$.metadata.sticker_info.stickers[0].group_annotation_id"},
		{name: "two sources", body: set(`{"upload_source":{"upload_source":"a","text":"b"}}`), field: "$.metadata.upload_source.text", words: "only one"},
		{name: "a source too long", body: set(`{"upload_source":{"upload_source":"` + strings.Repeat("x", 101) + `"}}`), field: "$.metadata.upload_source.upload_source", words: "100"},
		{name: "one good and one bad", body: set(`{"alt_text":{"text":"lost"},"shared_info":{"shared":0}}`), field: "$.metadata.shared_info.shared", words: "boolean expected"},
		{name: "deep", body: set(strings.Repeat(`{"alt_text":`, 5000) + "1" + strings.Repeat("}", 5000)), field: "$.metadata.alt_text.text", words: "is missing"},
		{name: "more than a megabyte", body: set(`{"alt_text":{"text":"` + strings.Repeat("x", 1<<20) + `"}}`), status: 413, words: "1048576"},
		{name: "unknown", body: `{"id":"1146654567674912769","metadata":{}}`, status: 404, words: "1146654567674912769"},
		{name: "another's", body: `{"id":"` + theirs + `","metadata":{}}`, status: 404, words: theirs},
		{name: "a friend's", body: `{"id":"` + friends + `","metadata":{}}`, status: 403, words: "owner"},
		{name: "compressed", body: "{}", headers: []string{"Content-Encoding", "deflate"}, status: 415, words: "send the body as it is"},
	}
	c.allRefused("POST", "/2/media/metadata", rows)
	if got := c.lookup("3_" + id)["alt_text"]; got != "stays" {
		t.Errorf("a refused call changed alt_text to %v", got)
	}
}
