package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const (
	initialize = "/2/media/upload/initialize"
	appending  = "/2/media/upload/1/append"
	finalize   = "/2/media/upload/1/finalize"
	status     = "/2/media/upload?media_id=1"
	oneShot    = "/2/media/upload"
	lookup     = "/2/media/7_1?media.fields=url"
	lookupList = "/2/media?media_keys=7_1,3_2"
	rendition  = "https://media.example/media/q3Zt0aYbXk1_vW-9/"
)

// problem is an error as the server writes it.
func problem(status int, title, kind, more string) string {
	if kind != "about:blank" {
		kind = "https://api.x.com/2/problems/" + kind
	}
	return fmt.Sprintf(`{"code":%d,"message":"It is so.","title":%q,"detail":"It is so.","type":%q,"status":%d%s}`,
		status, title, kind, status, more)
}

const invalid = `{"code":400,"message":"media is there twice","title":"Invalid Request",` +
	`"detail":"One or more parameters to your request was invalid.","type":"https://api.x.com/2/problems/invalid-request",` +
	`"status":400,"errors":[{"parameters":{"media":[]},"message":"media is there twice"}]}`

// missing is the entry of a lookup's errors.
func missing(parameter string) string {
	return fmt.Sprintf(`{"value":"3_1","detail":"Could not find media with %s: [3_1].","title":"Not Found Error",`+
		`"resource_type":"media","parameter":%q,"resource_id":"3_1",`+
		`"type":"https://api.x.com/2/problems/resource-not-found"}`, parameter, parameter)
}

// expired is the entry for a media past its content_expiration.
func expired(parameter string) string {
	return strings.NewReplacer("Not Found Error", "Gone", "resource-not-found", "resource-unavailable").Replace(missing(parameter))
}

// TestAnswersThatFit holds what the server answers against the document.
func TestAnswersThatFit(t *testing.T) {
	router := route(t, load(t))
	for name, x := range map[string]exchange{
		"opened video":       {"POST", initialize, 200, `{"data":{"id":"1","media_key":"7_1","expires_after_secs":86399,"size":9,"processing_info":{"state":"pending","check_after_secs":1,"progress_percent":0}}}`},
		"opened image":       {"POST", initialize, 200, `{"data":{"id":"1","media_key":"3_1","expires_after_secs":86400,"size":0}}`},
		"opened, undeclared": {"POST", initialize, 200, `{"data":{"id":"1","expires_after_secs":86400}}`},
		"opened model":       {"POST", initialize, 200, `{"data":{"id":"1","media_key":"1021_1","expires_after_secs":86400}}`},
		"segment":            {"POST", appending, 200, `{"data":{"expires_at":1794000000}}`},
		"finished image":     {"POST", finalize, 200, `{"data":{"id":"1","media_key":"3_1","size":117807,"expires_after_secs":86400,"image":{"image_type":"image/jpeg","w":1266,"h":793}}}`},
		"image put off":      {"POST", finalize, 200, `{"data":{"id":"1","media_key":"3_1","size":117807,"processing_info":{"state":"pending","check_after_secs":1}}}`},
		"finished subtitles": {"POST", oneShot, 200, `{"data":{"id":"1","media_key":"1020_1","size":44}}`},
		"video begins":       {"POST", finalize, 200, `{"data":{"id":"1","media_key":"1007_1","size":9,"processing_info":{"state":"pending","check_after_secs":1}}}`},
		"failed video":       {"POST", finalize, 200, `{"data":{"id":"1","media_key":"7_1","size":9,"processing_info":{"state":"failed","progress_percent":12,"error":{"code":1,"name":"InvalidMedia","message":"The file is cut short."}}}}`},
		"status, open":       {"GET", status, 200, `{"data":{"id":"1","expires_after_secs":86400,"processing_info":{"state":"pending","check_after_secs":1}}}`},
		"status, going on":   {"GET", status, 200, `{"data":{"id":"1","media_key":"13_1","size":9,"processing_info":{"state":"in_progress","check_after_secs":10,"progress_percent":0}}}`},
		"status, GIF":        {"GET", status, 200, `{"data":{"id":"1","media_key":"16_1","size":9,"video":{"video_type":"image/gif"},"processing_info":{"state":"succeeded","progress_percent":100}}}`},
		"status, image":      {"GET", status, 200, `{"data":{"id":"1","media_key":"1003_1","size":9,"image":{"image_type":"image/png","w":1,"h":1},"processing_info":{"state":"succeeded","progress_percent":100}}}`},
		"status, model":      {"GET", status, 200, `{"data":{"id":"1","media_key":"1021_1","size":9,"processing_info":{"state":"succeeded","progress_percent":100}}}`},
		"status, failed":     {"GET", status, 200, `{"data":{"id":"1","media_key":"3_1","size":9,"processing_info":{"state":"failed","progress_percent":0,"error":{"code":3,"name":"UnsupportedMedia","message":"Too many pixels."}}}}`},
		"audit trail":        {"GET", "/magpie/v1/media/1/audit", 200, `{"data":[{"at":"2026-11-22T06:00:00.5Z","user":"1","client":"","token":"t","group":"alt_text","before":null,"after":{"text":"A cat"}}],"meta":{"result_count":1,"next_cursor":"7"}}`},
		"analytics":          {"GET", "/magpie/v1/analytics?granularity=hour", 200, `{"data":{"start_time":"2026-11-21T00:00:00Z","end_time":"2026-11-22T00:00:00Z","granularity":"hour","totals":{"playback_start":4,"playback25":3,"playback50":2,"playback75":1,"playback_complete":1,"video_views":3,"watch_time_ms":1500,"play_from_tap":0,"cta_url_clicks":0,"cta_watch_clicks":0},"steps":[{"timestamp":"2026-11-21T09:00:00Z","metrics":{"playback_start":4,"playback25":3,"playback50":2,"playback75":1,"playback_complete":1,"video_views":3,"watch_time_ms":1500,"play_from_tap":0,"cta_url_clicks":0,"cta_watch_clicks":0}}]}}`},
		"most viewed":        {"GET", "/magpie/v1/analytics/top?limit=1", 200, `{"data":[{"media":{"id":"1","media_key":"7_1","category":"tweet_video","media_type":"video/mp4","state":"succeeded","progress_percent":100,"bytes":9,"shared":false,"created_at":"2026-11-22T06:00:00Z"},"metrics":{"playback_start":4,"playback25":3,"playback50":2,"playback75":1,"playback_complete":1,"video_views":3,"watch_time_ms":1500,"play_from_tap":0,"cta_url_clicks":0,"cta_watch_clicks":0}}],"meta":{"result_count":1}}`},
		"history":            {"GET", "/magpie/v1/media/1/history", 200, `{"data":[{"at":"2026-11-22T06:00:00.5Z","event":"attempt_ended","text":"It succeeded: 1 file can be had.","attempt":1,"outcome":"succeeded","took_ms":31,"renditions":[{"name":"small.jpg","role":"image","content_type":"image/jpeg","bytes":5,"width":2,"height":2}]}],"meta":{"result_count":1,"whole":true}}`},
		"photo with notes":   {"GET", lookup, 200, `{"data":{"media_key":"3_1","type":"photo","sticker_info":{"stickers":[{"id":"1"}]},"shared_info":{"shared":true}}}`},
		"no metadata":        {"POST", "/2/media/metadata", 200, `{"data":{"id":"1","associated_metadata":{}}}`},
		"photo":              {"GET", lookup, 200, `{"data":{"media_key":"3_1","type":"photo","url":"` + rendition + `large.jpg","width":9,"height":9,"alt_text":"A cat","placeholder":"1QcSHQRnh493V4dIh4eXh1h4kJUI"}}`},
		"video":              {"GET", lookup, 200, `{"data":{"media_key":"7_1","type":"video","duration_ms":0,"preview_image_url":"` + rendition + `poster.jpg","variants":[{"bit_rate":832000,"content_type":"video/mp4","url":"` + rendition + `640x360.mp4"},{"content_type":"application/x-mpegURL","url":"` + rendition + `master.m3u8"}]}}`},
		"GIF":                {"GET", lookup, 200, `{"data":{"media_key":"16_1","type":"animated_gif","variants":[{"bit_rate":0,"content_type":"video/mp4","url":"` + rendition + `480x270.mp4"}]}}`},
		"subtitles":          {"GET", lookup, 200, `{"data":{"media_key":"1020_1","type":"subtitle","url":"` + rendition + `subtitles.vtt"}}`},
		"model":              {"GET", lookup, 200, `{"data":{"media_key":"1021_1","type":"model","url":"` + rendition + `model.glb","model":{"bytes":600,"vertices":3,"bounds":{"min":[0,-1,0],"max":[1.5,1,0]}}}}`},
		"some found":         {"GET", lookupList, 200, `{"data":[{"media_key":"7_1","type":"video"}],"errors":[` + missing("media_keys") + `]}`},
		"none found":         {"GET", lookupList, 200, `{"errors":[` + missing("media_keys") + `]}`},
		"no such media":      {"GET", lookup, 404, problem(404, "Not Found Error", "resource-not-found", `,"errors":[`+missing("media_key")+`]`)},
		"signed":             {"GET", lookup, 200, `{"data":{"media_key":"3_1","type":"photo","url":"` + rendition + `large.jpg?ticket=v1.k1.AQ-_.Zm9v"}}`},
		"no URLs":            {"GET", lookup, 200, `{"data":{"media_key":"7_1","type":"video","unavailable":"This media is for subscribers only."}}`},
		"expired media":      {"GET", lookup, 410, problem(410, "Gone", "resource-unavailable", `,"errors":[`+expired("media_key")+`]`)},
		"one expired":        {"GET", lookupList, 200, `{"errors":[` + expired("media_keys") + `,` + missing("media_keys") + `]}`},
		"invalid":            {"POST", appending, 400, invalid},
		"invalid, no name":   {"POST", initialize, 400, strings.Replace(invalid, `{"media":[]}`, `{}`, 1)},
		"unauthorized":       {"GET", status, 401, `{"code":401,"message":"The access token was revoked.","title":"Unauthorized","detail":"Unauthorized","type":"about:blank","status":401}`},
		"forbidden":          {"GET", status, 403, problem(403, "Forbidden", "about:blank", "")},
		"app-only":           {"GET", status, 403, problem(403, "Unsupported Authentication", "unsupported-authentication", "")},
		"no such upload":     {"POST", finalize, 404, problem(404, "Not Found Error", "resource-not-found", "")},
		"expired":            {"GET", status, 410, problem(410, "Gone", "resource-unavailable", "")},
		"too large":          {"POST", oneShot, 413, problem(413, "Payload Too Large", "invalid-request", "")},
		"unsupported":        {"POST", appending, 415, problem(415, "Unsupported Media Type", "invalid-request", "")},
		"internal":           {"GET", lookupList, 500, problem(500, "Internal Error", "internal-error", "")},
		"busy":               {"POST", finalize, 503, problem(503, "Service Unavailable", "about:blank", "")},
		"full":               {"POST", appending, 507, problem(507, "Insufficient Storage", "about:blank", "")},
		"gone rendition":     {"GET", "/media/q3Zt0aYbXk1_vW-9/large.jpg", 410, problem(410, "Gone", "resource-unavailable", "")},
		"not shown":          {"GET", "/media/q3Zt0aYbXk1_vW-9/large.jpg", 403, problem(403, "Forbidden", "about:blank", "")},
		"withheld":           {"GET", "/media/q3Zt0aYbXk1_vW-9/large.jpg", 451, problem(451, "Unavailable For Legal Reasons", "resource-unavailable", "")},
		"expired original":   {"GET", "/magpie/v1/media/1/original", 410, problem(410, "Gone", "resource-unavailable", "")},
		"no such original":   {"GET", "/magpie/v1/media/1/original", 404, problem(404, "Not Found Error", "resource-not-found", "")},
		"ready":              {"GET", "/readyz", 200, `{"catalogue":"ok","blobs":"ok","bus":"ok"}`},
		"not ready":          {"GET", "/readyz", 503, `{"catalogue":"ok","blobs":"not ready","bus":"ok"}`},
	} {
		if err := validate(t, router, x); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAnswersThatDoNotFit checks that the document would catch what broke
// clients before, and members that nobody described.
func TestAnswersThatDoNotFit(t *testing.T) {
	router := route(t, load(t))
	upload := func(rest string) string { return `{"data":{"id":"1","media_key":"7_1","size":9` + rest + `}}` }
	image := func(rest string) string { return `{"data":{"id":"1","media_key":"3_1","size":9` + rest + `}}` }
	for name, x := range map[string]exchange{
		"a status that is not listed":           {"GET", status, 404, problem(404, "Not Found Error", "resource-not-found", "")},
		"pending without check_after_secs":      {"POST", finalize, 200, upload(`,"processing_info":{"state":"pending"}`)},
		"check_after_secs of 0":                 {"GET", status, 200, upload(`,"processing_info":{"state":"in_progress","check_after_secs":0,"progress_percent":5}`)},
		"succeeded, and ask again":              {"GET", status, 200, upload(`,"video":{"video_type":"video/mp4"},"processing_info":{"state":"succeeded","progress_percent":100,"check_after_secs":1}`)},
		"succeeded at 99 %":                     {"GET", status, 200, upload(`,"video":{"video_type":"video/mp4"},"processing_info":{"state":"succeeded","progress_percent":99}`)},
		"failed without a reason":               {"GET", status, 200, upload(`,"processing_info":{"state":"failed","progress_percent":99}`)},
		"in progress with an error":             {"GET", status, 200, upload(`,"processing_info":{"state":"in_progress","check_after_secs":1,"progress_percent":99,"error":{"code":1,"name":"InvalidMedia","message":"no"}}`)},
		"an error's code and name disagree":     {"GET", status, 200, upload(`,"processing_info":{"state":"failed","progress_percent":9,"error":{"code":1,"name":"UnsupportedMedia","message":"no"}}`)},
		"an error without words":                {"GET", status, 200, upload(`,"processing_info":{"state":"failed","progress_percent":9,"error":{"code":1,"name":"InvalidMedia","message":""}}`)},
		"a state of nobody's":                   {"GET", status, 200, upload(`,"processing_info":{"state":"processing","check_after_secs":1}`)},
		"a video without processing_info":       {"POST", finalize, 200, upload(`,"video":{"video_type":"video/mp4"}`)},
		"an unfinished video with its video":    {"GET", status, 200, upload(`,"video":{"video_type":"video/mp4"},"processing_info":{"state":"pending","check_after_secs":1}`)},
		"an image that makes clients poll":      {"POST", finalize, 200, image(`,"image":{"image_type":"image/png","w":1,"h":1},"processing_info":{"state":"succeeded","progress_percent":100}`)},
		"an image without its size":             {"POST", oneShot, 200, image(`,"image":{"image_type":"image/png"}`)},
		"an image's status that says nothing":   {"GET", status, 200, image(`,"image":{"image_type":"image/png","w":1,"h":1}`)},
		"an id as a number":                     {"POST", initialize, 200, `{"data":{"id":1,"expires_after_secs":1}}`},
		"a member that is not described":        {"POST", appending, 200, `{"data":{"expires_at":1794000000,"total_bytes":9}}`},
		"expires_at in words":                   {"POST", appending, 200, `{"data":{"expires_at":"2026-11-21T00:00:00Z"}}`},
		"expired and still there":               {"POST", initialize, 200, `{"data":{"id":"1","expires_after_secs":0}}`},
		"a key of no category":                  {"POST", initialize, 200, `{"data":{"id":"1","media_key":"4_1","expires_after_secs":1}}`},
		"a video opened as if it were an image": {"POST", initialize, 200, `{"data":{"id":"1","media_key":"7_1","expires_after_secs":1}}`},
		"data beside errors":                    {"POST", initialize, 200, `{"data":{"id":"1","expires_after_secs":1},"errors":[]}`},
		"a placeholder that is no base64":       {"GET", lookup, 200, `{"data":{"media_key":"3_1","type":"photo","placeholder":"a cat, maybe"}}`},
		"a count of nothing":                    {"GET", lookup, 200, `{"data":{"media_key":"1021_1","type":"model","model":{"bytes":600,"skins":0}}}`},
		"a flat box":                            {"GET", lookup, 200, `{"data":{"media_key":"1021_1","type":"model","model":{"bytes":600,"bounds":{"min":[0,0],"max":[1,1]}}}}`},
		"a photo with variants":                 {"GET", lookup, 200, `{"data":{"media_key":"3_1","type":"photo","variants":[]}}`},
		"a photo with a video's key":            {"GET", lookup, 200, `{"data":{"media_key":"7_1","type":"photo"}}`},
		"a playlist with a bit rate":            {"GET", lookup, 200, `{"data":{"media_key":"7_1","type":"video","variants":[{"bit_rate":1,"content_type":"application/x-mpegURL","url":"` + rendition + `master.m3u8"}]}}`},
		"a URL without an origin":               {"GET", lookup, 200, `{"data":{"media_key":"3_1","type":"photo","url":"/media/q3Zt0aYbXk1_vW-9/large.jpg"}}`},
		"nothing found and nothing missing":     {"GET", lookupList, 200, `{}`},
		"an empty list":                         {"GET", lookupList, 200, `{"data":[]}`},
		"the other lookup's parameter":          {"GET", lookupList, 200, `{"errors":[` + missing("media_key") + `]}`},
		"a metadata group of nobody's":          {"POST", "/2/media/metadata", 200, `{"data":{"id":"1","associated_metadata":{"mood":{}}}}`},
		"a cleared group":                       {"POST", "/2/media/metadata", 200, `{"data":{"id":"1","associated_metadata":{"alt_text":null}}}`},
		"half of a group":                       {"POST", "/2/media/metadata", 200, `{"data":{"id":"1","associated_metadata":{"geo_restrictions":{"whitelisted_country_codes":["us"]}}}}`},
		"a refusal without words":               {"POST", initialize, 400, strings.ReplaceAll(invalid, "media is there twice", "")},
		"a refusal without its list":            {"POST", initialize, 400, invalid[:strings.Index(invalid, `,"errors"`)] + "}"},
		"another status inside than outside":    {"POST", finalize, 410, problem(404, "Gone", "resource-unavailable", "")},
		"a title that belongs elsewhere":        {"POST", finalize, 410, problem(410, "Forbidden", "resource-unavailable", "")},
		"a cause that leaked":                   {"POST", finalize, 500, problem(500, "Internal Error", "internal-error", `,"cause":"open blobs: permission denied"`)},
		"only a code and a message":             {"POST", finalize, 500, `{"code":500,"message":"The server could not answer."}`},
		"a list of strings":                     {"POST", finalize, 500, `{"errors":["internal server error"]}`},
		"ready, and a part is not":              {"GET", "/readyz", 200, `{"catalogue":"ok","blobs":"not ready","bus":"ok"}`},
		"not ready, and every part is":          {"GET", "/readyz", 503, `{"catalogue":"ok","blobs":"ok","bus":"ok"}`},
	} {
		if err := validate(t, router, x); err == nil {
			t.Errorf("%s fits: %s", name, x.body)
		}
	}
}

// TestHeaders checks that what clients act on must be there.
func TestHeaders(t *testing.T) {
	router := route(t, load(t))
	common := http.Header{
		"Content-Type":           {"application/json; charset=utf-8"},
		"Cache-Control":          {"no-cache, no-store, max-age=0"},
		"X-Content-Type-Options": {"nosniff"},
	}
	busy := exchange{"POST", finalize, 503, problem(503, "Service Unavailable", "about:blank", "")}
	if validateWith(t, router, busy, common) == nil {
		t.Error("a 503 fits that does not say when to come back")
	}
	who := exchange{"GET", status, 401, `{"code":401,"message":"The access token has expired.","title":"Unauthorized","detail":"Unauthorized","type":"about:blank","status":401}`}
	if validateWith(t, router, who, common) == nil {
		t.Error("a 401 fits that does not say how to sign in")
	}
	html := common.Clone()
	html.Set("Content-Type", "text/html")
	if validateWith(t, router, exchange{"POST", appending, 400, invalid}, html) == nil {
		t.Error("an error fits that is not JSON by its content type")
	}
}

// TestFiles holds answers that carry files against the document.
func TestFiles(t *testing.T) {
	router := route(t, load(t))
	shown := http.Header{
		"Accept-Ranges": {"bytes"}, "Access-Control-Allow-Origin": {"*"}, "Cache-Control": {"public, max-age=300"},
		"Content-Type": {"application/x-mpegURL"}, "Etag": {`"89abcdef-1f"`}, "X-Content-Type-Options": {"nosniff"},
	}
	playlist := exchange{"GET", "/media/q3Zt0aYbXk1_vW-9/master.m3u8", 200, "#EXTM3U\n"}
	if err := validateWith(t, router, playlist, shown); err != nil {
		t.Error(err)
	}
	for name, value := range map[string]string{
		"Content-Type": "text/html", "Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "", "ETag": "W/\"1\"",
	} {
		wrong := shown.Clone()
		wrong.Set(name, value)
		if validateWith(t, router, playlist, wrong) == nil {
			t.Errorf("a rendition fits with %s: %q", name, value)
		}
	}
	kept := http.Header{
		"Accept-Ranges": {"bytes"}, "Cache-Control": {"private, no-cache"}, "Content-Type": {"image/webp"},
		"Content-Disposition": {`attachment; filename="1.webp"`}, "Content-Security-Policy": {"default-src 'none'; sandbox"},
		"Etag": {`"00112233445566778899aabbccddeeff"`}, "X-Content-Type-Options": {"nosniff"},
	}
	original := exchange{"GET", "/magpie/v1/media/1/original", 206, "RIFF"}
	if err := validateWith(t, router, original, kept); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"Content-Disposition", "Content-Security-Policy", "X-Content-Type-Options"} {
		wrong := kept.Clone()
		wrong.Del(name)
		if validateWith(t, router, original, wrong) == nil {
			t.Errorf("an original fits without %s", name)
		}
	}
	health := exchange{"GET", "/healthz", 200, "ok\n"}
	if err := validateWith(t, router, health, http.Header{"Content-Type": {"text/plain; charset=utf-8"}}); err != nil {
		t.Error(err)
	}
}
