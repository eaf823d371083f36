package api

import (
	"net/http"
	"testing"
)

const (
	analytics = "/2/media/analytics?media_keys=7_1"
	subtitles = "/2/media/subtitles"
	uploadV1  = "/1.1/media/upload.json"
)

// TestNewerAnswersThatFit holds the answers of subtitles, analytics, version 1.1
// and the sign-in endpoints against the document.
func TestNewerAnswersThatFit(t *testing.T) {
	router := route(t, load(t))
	for name, x := range map[string]exchange{
		"attached":        {"POST", subtitles, 200, `{"data":{"id":"1","media_category":"TweetVideo","associated_subtitles":[{"id":"2","language_code":"EN","display_name":"English"},{"id":"3","language_code":"pt-BR","display_name":"Português"}]}}`},
		"detached":        {"DELETE", subtitles, 200, `{"data":{"deleted":false}}`},
		"measured":        {"GET", analytics, 200, `{"data":[{"media_key":"7_1","timestamped_metrics":[]},{"media_key":"3_1"}],"errors":[` + missing("media_keys") + `]}`},
		"too many":        {"GET", analytics, 429, `{"code":429,"message":"Of 900 requests none is left.","title":"Too Many Requests","detail":"Too Many Requests","type":"about:blank","status":429}`},
		"read-only app":   {"POST", subtitles, 403, problem(403, "Forbidden", "oauth1-permissions", "")},
		"compressed":      {"DELETE", subtitles, 415, problem(415, "Unsupported Media Type", "invalid-request", "")},
		"v1.1 opened":     {"POST", uploadV1, 202, `{"media_id":710511363345354753,"media_id_string":"710511363345354753","expires_after_secs":86400}`},
		"v1.1 image":      {"POST", uploadV1, 200, `{"media_id":1,"media_id_string":"1","size":9,"expires_after_secs":86400,"image":{"image_type":"image/png","w":1,"h":1}}`},
		"v1.1 video":      {"POST", uploadV1, 201, `{"media_id":1,"media_id_string":"1","media_key":"7_1","size":9,"expires_after_secs":86400,"processing_info":{"state":"pending","check_after_secs":1}}`},
		"v1.1 failed":     {"GET", uploadV1 + "?media_id=1", 200, `{"media_id":1,"media_id_string":"1","media_key":"7_1","size":9,"processing_info":{"state":"failed","progress_percent":12,"error":{"code":1,"name":"InvalidMedia","message":"It is cut."}}}`},
		"v1.1 segment":    {"POST", uploadV1, 400, `{"request":"/1.1/media/upload.json","error":"SegmentIndex must be between 0 and 999.","errors":[{"code":214,"message":"SegmentIndex must be between 0 and 999."}]}`},
		"v1.1 nobody":     {"POST", "/1.1/media/metadata/create.json", 400, `{"errors":[{"code":215,"message":"Bad Authentication data."}]}`},
		"v1.1 too many":   {"POST", "/1.1/media/subtitles/create.json", 429, `{"errors":[{"code":88,"message":"Rate limit exceeded"}]}`},
		"tokens":          {"POST", "/2/oauth2/token", 200, `{"token_type":"bearer","expires_in":7200,"access_token":"a","scope":"tweet.read offline.access","refresh_token":"r"}`},
		"no grant":        {"POST", "/2/oauth2/token", 400, `{"error":"invalid_grant","error_description":"The code is used up."}`},
		"revoked":         {"POST", "/2/oauth2/revoke", 200, `{"revoked":true}`},
		"app-only":        {"POST", "/oauth2/token", 200, `{"token_type":"bearer","access_token":"AAAA"}`},
		"no such app":     {"POST", "/oauth2/token", 403, `{"errors":[{"code":99,"label":"authenticity_token_error","message":"Unable to verify your credentials"}]}`},
		"app-only, ended": {"POST", "/oauth2/invalidate_token", 200, `{"access_token":"AAAA"}`},
	} {
		if err := validate(t, router, x); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	empty := http.Header{"Cache-Control": {"no-cache, no-store, max-age=0"}, "X-Content-Type-Options": {"nosniff"}}
	for _, x := range []exchange{{"POST", uploadV1, 204, ""}, {"POST", "/1.1/media/metadata/create.json", 200, ""}} {
		if err := validateWith(t, router, x, empty); err != nil {
			t.Errorf("%d of %s: %v", x.status, x.path, err)
		}
	}
}

// TestNewerAnswersThatDoNotFit checks that the document would catch what breaks
// the clients of each dialect.
func TestNewerAnswersThatDoNotFit(t *testing.T) {
	router := route(t, load(t))
	for name, x := range map[string]exchange{
		"no subtitles after attaching":     {"POST", subtitles, 200, `{"data":{"id":"1","media_category":"TweetVideo","associated_subtitles":[]}}`},
		"one object in place of a list":    {"POST", subtitles, 200, `{"data":{"id":"1","media_category":"TweetVideo","associated_subtitles":{"id":"2","language_code":"EN","display_name":"English"}}}`},
		"the category of an upload":        {"POST", subtitles, 200, `{"data":{"id":"1","media_category":"tweet_video","associated_subtitles":[{"id":"2","language_code":"EN","display_name":"English"}]}}`},
		"deleted in words":                 {"DELETE", subtitles, 200, `{"data":{"deleted":"true"}}`},
		"a count below nothing":            {"GET", analytics, 200, `{"data":[{"media_key":"7_1","timestamped_metrics":[{"timestamp":"2026-11-20T00:00:00Z","metrics":{"video_views":-1}}]}]}`},
		"analytics as one object":          {"GET", analytics, 200, `{"data":{"media_key":"7_1","timestamped_metrics":[]}}`},
		"v1.1 in v2's wrapper":             {"POST", uploadV1, 202, `{"data":{"id":"1","media_key":"7_1","expires_after_secs":86400}}`},
		"v1.1 id only as text":             {"POST", uploadV1, 202, `{"media_id":"1","media_id_string":"1","expires_after_secs":86400}`},
		"v1.1 id only as number":           {"POST", uploadV1, 202, `{"media_id":1,"expires_after_secs":86400}`},
		"v1.1 status with a lifetime":      {"GET", uploadV1 + "?media_id=1", 200, `{"media_id":1,"media_id_string":"1","size":9,"expires_after_secs":1,"processing_info":{"state":"succeeded","progress_percent":100}}`},
		"v1.1 error in v2's shape":         {"POST", uploadV1, 400, invalid},
		"v1.1 upload error without a list": {"POST", uploadV1, 400, `{"request":"/1.1/media/upload.json","error":"media type unrecognized."}`},
		"v1.1 error without a code":        {"POST", "/1.1/media/metadata/create.json", 403, `{"errors":[{"message":"No."}]}`},
		"a token for ever":                 {"POST", "/2/oauth2/token", 200, `{"token_type":"bearer","access_token":"a","scope":"tweet.read"}`},
		"an app's refresh token":           {"POST", "/oauth2/token", 200, `{"token_type":"bearer","access_token":"a","refresh_token":"r"}`},
		"an OAuth error in X's problem":    {"POST", "/2/oauth2/token", 400, invalid},
	} {
		if err := validate(t, router, x); err == nil {
			t.Errorf("%s fits: %s", name, x.body)
		}
	}
}
