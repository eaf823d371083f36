package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

// What X's contract for version 2 says, revision 2.167, as far as clients can
// tell: which members answers have, and of which kind. A member ending in /* is
// an object that X leaves open.
const (
	xUpload = "data object, data.id string, data.media_key string, data.expires_after_secs integer, data.size integer, " +
		"data.image object, data.image.image_type string, data.image.w integer, data.image.h integer, " +
		"data.video object, data.video.video_type string, data.processing_info object, " +
		"data.processing_info.state string, data.processing_info.check_after_secs integer, data.processing_info.progress_percent integer"
	xPartial = "errors array, errors[] object, errors[].type string, errors[].title string, errors[].detail string, errors[].value string, " +
		"errors[].parameter string, errors[].resource_id string, errors[].resource_type string"
	xMedia = "media_key string, type string, url string, preview_image_url string, duration_ms integer, width integer, height integer, " +
		"alt_text string, variants array, variants[] object, variants[].bit_rate integer, variants[].content_type string, variants[].url string, " +
		"public_metrics object, public_metrics.view_count integer, non_public_metrics object, organic_metrics object, organic_metrics.view_count integer, " +
		"non_public_metrics.playback_0_count integer, non_public_metrics.playback_25_count integer, non_public_metrics.playback_50_count integer, " +
		"non_public_metrics.playback_75_count integer, non_public_metrics.playback_100_count integer, " +
		"organic_metrics.playback_0_count integer, organic_metrics.playback_25_count integer, organic_metrics.playback_50_count integer, " +
		"organic_metrics.playback_75_count integer, organic_metrics.playback_100_count integer"
)

// xAnswers is what the 200 of each operation holds in X's contract.
func xAnswers() map[string]string {
	under := func(prefix, list string) string {
		return prefix + strings.ReplaceAll(list, ", ", ", "+prefix)
	}
	return map[string]string{
		"POST /2/media/upload/initialize":    "data object, data.id string, data.media_key string, data.expires_after_secs integer",
		"POST /2/media/upload/{id}/append":   "data object, data.expires_at integer",
		"POST /2/media/upload/{id}/finalize": xUpload,
		"GET /2/media/upload":                xUpload,
		"POST /2/media/upload":               xUpload,
		"POST /2/media/metadata":             "data object, data.id string, data.associated_metadata object, data.associated_metadata/*",
		"POST /2/media/subtitles":            "data object, data.id string, data.media_category string, data.associated_subtitles/*",
		"DELETE /2/media/subtitles":          "data object, data.deleted boolean",
		"GET /2/media":                       "data array, data[] object, " + under("data[].", xMedia) + ", " + xPartial,
		"GET /2/media/{media_key}":           "data object, " + under("data.", xMedia),
		"GET /2/media/analytics": "data array, data[] object, data[].media_key string, data[].timestamped_metrics array, " +
			under("data[].timestamped_metrics[]", " object, .timestamp string, .metrics object, .metrics.cta_url_clicks integer, "+
				".metrics.cta_watch_clicks integer, .metrics.play_from_tap integer, .metrics.playback25 integer, .metrics.playback50 integer, "+
				".metrics.playback75 integer, .metrics.playback_complete integer, .metrics.playback_start integer, .metrics.video_views integer, "+
				".metrics.watch_time_ms integer") + ", " + xPartial,
	}
}

// extensions is what magpie's answers hold beyond X's contract, and why.
func extensions() map[string]string {
	const shown = "X's pages show it, its contract does not"
	const failed = "X's wire has it at times, and clients show its message"
	out := map[string]string{
		"POST /2/media/upload/initialize data.size integer":                             shown,
		"POST /2/media/upload/initialize data.processing_info object":                   shown,
		"POST /2/media/upload/initialize data.processing_info.state string":             shown,
		"POST /2/media/upload/initialize data.processing_info.check_after_secs integer": shown,
		"POST /2/media/upload/initialize data.processing_info.progress_percent integer": shown,
	}
	for _, operation := range []string{"POST /2/media/upload/{id}/finalize", "GET /2/media/upload", "POST /2/media/upload"} {
		for _, member := range []string{" object", ".code integer", ".name string", ".message string"} {
			out[operation+" data.processing_info.error"+member] = failed
		}
	}
	const asked = "only for who asks for it by a value of media.fields that X does not have"
	for _, data := range []string{"GET /2/media data[].", "GET /2/media/{media_key} data."} {
		out[data+"placeholder string"] = asked
		out[data+"unavailable string"] = asked
		out[data+"model object"] = asked
		for _, count := range strings.Fields("bytes scenes nodes meshes primitives vertices triangles materials textures images skins animations members layers sounds") {
			out[data+"model."+count+" integer"] = asked
		}
		out[data+"model.bounds object"] = asked
		for _, end := range []string{"min", "max"} {
			out[data+"model.bounds."+end+" array"] = asked
			out[data+"model.bounds."+end+"[] number"] = asked
		}
	}
	// Groups of metadata, each with all that it holds.
	for _, data := range []string{"GET /2/media data[].", "GET /2/media/{media_key} data."} {
		for _, group := range media.Groups() {
			if group != "alt_text" { // X's, in another shape
				out[data+group+"/*"] = asked
			}
		}
	}
	return out
}

func TestAnswersAreThoseOfX(t *testing.T) {
	doc := load(t)
	beyond := map[string]string{}
	for operation, list := range xAnswers() {
		method, path, _ := strings.Cut(operation, " ")
		got := map[string]bool{}
		answered(t, got, "", doc.Paths.Value(path).GetOperation(method).Responses.Value("200").Value.Content.Get("application/json").Schema.Value)
		known := map[string]bool{}
		for _, m := range strings.Split(list, ", ") {
			known[m] = true
		}
		for _, m := range slices.Sorted(maps.Keys(got)) {
			if !known[m] && !open(known, m) {
				beyond[collapsed(operation+" "+m)] = "?"
			}
		}
		for m := range known {
			if !got[m] && !strings.HasSuffix(m, "/*") {
				t.Errorf("%s never answers with %s, which X has", operation, m)
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(extensions())), slices.Sorted(maps.Keys(beyond))); diff != "" {
		t.Errorf("beyond X's contract (-listed +there):\n%s", diff)
	}
}

// collapsed is a member as extensions lists it: those of an object that is there
// with all that it holds are one.
func collapsed(member string) string {
	for listed := range extensions() {
		if at, whole := strings.CutSuffix(listed, "/*"); whole && (strings.HasPrefix(member, at+" ") || strings.HasPrefix(member, at+".")) {
			return listed
		}
	}
	return member
}

// open reports whether a member lies in an object that X leaves open.
func open(known map[string]bool, member string) bool {
	for k := range known {
		if at, ok := strings.CutSuffix(k, "/*"); ok && strings.HasPrefix(member, at) {
			return true
		}
	}
	return false
}

// answered lists what an answer of a schema may hold, with its kind.
func answered(t *testing.T, out map[string]bool, at string, s *openapi3.Schema) {
	t.Helper()
	for _, list := range []openapi3.SchemaRefs{s.OneOf, s.AllOf, s.AnyOf} {
		for _, one := range list {
			answered(t, out, at, one.Value)
		}
	}
	if s.Type != nil && at != "" {
		out[at+" "+s.Type.Slice()[0]] = true
	}
	for name, p := range s.Properties {
		answered(t, out, strings.TrimPrefix(at+"."+name, "."), p.Value)
	}
	if s.Items != nil && s.Type.Includes(openapi3.TypeArray) && (s.MaxItems == nil || *s.MaxItems > 0) {
		answered(t, out, at+"[]", s.Items.Value)
	}
}

// TestErrorsAreThoseOfX: an error is X's Problem and X's Error at once, with the
// list of messages that X's wire has.
func TestErrorsAreThoseOfX(t *testing.T) {
	problem := load(t).Components.Schemas["Problem"].Value
	want := []string{"code", "detail", "errors", "message", "status", "title", "type"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(problem.Properties))); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	const at = "https://api.x.com/2/problems/"
	inContract := []string{"invalid-request", "resource-not-found", "resource-unavailable", "internal-error", "conflict", "usage-capped"}
	onWire := []string{"unsupported-authentication", "oauth1-permissions"}
	for _, v := range problem.Properties["type"].Value.Enum {
		name, ours := strings.CutPrefix(fmt.Sprint(v), at)
		if v != "about:blank" && (!ours || !slices.Contains(inContract, name) && !slices.Contains(onWire, name)) {
			t.Errorf("%v is no problem of X's", v)
		}
	}
}

// TestRequestsOfX: whatever X's contract lets a client send is described.
func TestRequestsOfX(t *testing.T) {
	doc := load(t)
	for operation, list := range map[string]string{
		"POST /2/media/upload/initialize":  "additional_owners media_category media_type shared total_bytes",
		"POST /2/media/upload/{id}/append": "media segment_index",
		"POST /2/media/upload":             "additional_owners media media_category",
		"POST /2/media/metadata":           "id metadata",
		"POST /2/media/subtitles":          "id media_category subtitles",
		"DELETE /2/media/subtitles":        "id language_code media_category",
	} {
		method, path, _ := strings.Cut(operation, " ")
		body := doc.Paths.Value(path).GetOperation(method).RequestBody.Value.Content.Get("application/json").Schema.Value
		for _, name := range strings.Fields(list) {
			if body.Properties[name] == nil {
				t.Errorf("%s does not take %s", operation, name)
			}
		}
	}
	for path, list := range map[string]string{
		"/2/media":             "media_keys media.fields",
		"/2/media/{media_key}": "media.fields",
		"/2/media/analytics":   "media_keys start_time end_time granularity media_analytics.fields",
		"/2/media/upload":      "media_id command",
	} {
		for _, name := range strings.Fields(list) {
			if doc.Paths.Value(path).Get.Parameters.GetByInAndName("query", name) == nil {
				t.Errorf("GET %s does not take %s", path, name)
			}
		}
	}
}
