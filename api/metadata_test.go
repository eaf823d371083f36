package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"magpie/internal/media"
)

// TestEveryMetadataAnswerFits parses what clients send and holds what is stored,
// which is what an answer shows, against the schema of its group.
func TestEveryMetadataAnswerFits(t *testing.T) {
	doc := load(t)
	router := route(t, doc)
	for _, sent := range []string{
		`{"allow_download_status":{}}`,
		`{"allow_download_status":{"allow_download":"true"}}`,
		`{"alt_text":{"text":""}}`,
		`{"alt_text":{"text":"` + strings.Repeat("\U0001F408", 1000) + `"}}`,
		`{"audience_policy":{"x_subscriptions":["Any"]}}`,
		`{"content_expiration":{"timestamp_sec":1.74e9}}`,
		`{"domain_restrictions":{"whitelist":["WWW.Example.com.","localhost"]}}`,
		`{"found_media_origin":{"provider":"giphy","id":"u5BzatR15TZ04"}}`,
		`{"geo_restrictions":{"whitelisted_country_codes":["us","DE"]}}`,
		`{"geo_restrictions":{}}`,
		`{"management_info":{"managed":false}}`,
		`{"preview_image":{"media_key":{"media":1146654567674912769}}}`,
		`{"sensitive_media_warning":{"other":true}}`,
		`{"shared_info":{"shared":true}}`,
		`{"sticker_info":{"stickers":[{"id":"12345","group_annotation_id":9223372036854775807,"transform_ty":-5.2e0},{}]}}`,
		`{"upload_source":{"text":"gallery"}}`,
	} {
		request := `{"id":"1","metadata":` + sent + `}`
		if err := validateRequest(t, router, "POST", "/2/media/metadata", request); err != nil {
			t.Errorf("the request %s: %v", request, err)
		}
		set, _, err := media.ParseMetadata(members(t, sent))
		if err != nil {
			t.Errorf("%s: %v", sent, err)
			continue
		}
		for group, stored := range set {
			body := fmt.Sprintf(`{"data":{"id":"1","associated_metadata":{%q:%s}}}`, group, stored)
			if err := validate(t, router, exchange{"POST", "/2/media/metadata", 200, body}); err != nil {
				t.Errorf("the answer %s: %v", body, err)
			}
		}
	}
}

func members(t *testing.T, object string) map[string]json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &m); err != nil {
		t.Fatal(err)
	}
	return m
}
