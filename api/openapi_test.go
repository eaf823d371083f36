package api

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

// load reads the document.
func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestDocumentIsValid holds the document, with its examples, against OpenAPI 3.1.
func TestDocumentIsValid(t *testing.T) {
	doc := load(t)
	if err := doc.Validate(context.Background()); err != nil {
		t.Error(err)
	}
	for name, s := range doc.Components.Schemas {
		if err := s.Value.Validate(context.Background(), openapi3.IsOpenAPI31OrLater()); err != nil {
			t.Errorf("schema %s: %v", name, err)
		}
	}
}

// routes is every operation with the scopes of which a caller needs one, and
// the statuses that it may answer.
func routes() map[string]string {
	return map[string]string{
		"POST /2/media/upload/initialize":                               "media.write: 200 400 401 403 408 413 415 429 500 503 507",
		"POST /2/media/upload/{id}/append":                              "media.write: 200 400 401 403 404 408 410 413 415 429 500 503 507",
		"POST /2/media/upload/{id}/finalize":                            "media.write: 200 400 401 403 404 410 415 429 500 503 507",
		"GET /2/media/upload":                                           "media.write: 200 400 401 403 410 429 500 503",
		"POST /2/media/upload":                                          "media.write: 200 201 202 204 400 401 403 404 408 410 413 415 429 500 503 507",
		"POST /2/media/metadata":                                        "media.write: 200 400 401 403 404 408 413 415 429 500 503 507",
		"GET /2/media":                                                  "tweet.read: 200 400 401 403 429 500 503",
		"GET /2/media/{media_key}":                                      "tweet.read: 200 400 401 403 404 410 429 500 503",
		"POST /2/media/subtitles":                                       "media.write: 200 400 401 403 404 408 413 415 429 500 503 507",
		"DELETE /2/media/subtitles":                                     "media.write: 200 400 401 403 404 408 413 415 429 500 503 507",
		"GET /2/media/analytics":                                        "tweet.read: 200 400 401 403 429 500 503",
		"GET /1.1/media/upload.json":                                    "media.write: 200 400 401 403 404 410 429 500 503",
		"POST /1.1/media/upload.json":                                   "media.write: 200 201 202 204 400 401 403 404 408 410 413 415 429 500 503 507",
		"POST /1.1/media/metadata/create.json":                          "media.write: 200 400 401 403 404 408 410 413 415 429 500 503 507",
		"POST /1.1/media/subtitles/create.json":                         "media.write: 200 400 401 403 404 408 410 413 415 429 500 503 507",
		"POST /1.1/media/subtitles/delete.json":                         "media.write: 200 400 401 403 404 408 410 413 415 429 500 503 507",
		"GET /2/oauth2/authorize":                                       ": 200 302 303 400 401 403 429 500 503",
		"POST /2/oauth2/authorize":                                      ": 200 302 303 400 401 403 429 500 503",
		"GET /2/oauth2/style.css":                                       ": 200",
		"POST /2/oauth2/token":                                          ": 200 400 401 500 503",
		"POST /2/oauth2/revoke":                                         ": 200 400 401 500 503",
		"POST /oauth2/token":                                            ": 200 400 403 500 503",
		"POST /oauth2/invalidate_token":                                 ": 200 400 403 500 503",
		"GET /magpie/v1/media/{id}/original":                            "tweet.read media.write: 200 206 304 400 401 403 404 410 412 416 500 503",
		"HEAD /magpie/v1/media/{id}/original":                           "tweet.read media.write: 200 206 304 400 401 403 404 410 412 416 500 503",
		"POST /magpie/v1/media/{id}/urls":                               "media.write: 200 400 401 403 404 408 410 413 500 503",
		"POST /magpie/v1/grants":                                        "media.write: 200 400 401 403 408 413 500 503",
		"POST /magpie/v1/webhooks":                                      "media.write: 201 400 401 403 408 413 500 503 507",
		"GET /magpie/v1/webhooks":                                       "media.write: 200 400 401 403 500 503",
		"GET /magpie/v1/webhooks/{id}":                                  "media.write: 200 400 401 403 404 500 503",
		"PATCH /magpie/v1/webhooks/{id}":                                "media.write: 200 400 401 403 404 408 413 500 503 507",
		"DELETE /magpie/v1/webhooks/{id}":                               "media.write: 204 400 401 403 404 500 503 507",
		"POST /magpie/v1/webhooks/{id}/rotate-secret":                   "media.write: 200 400 401 403 404 500 503 507",
		"POST /magpie/v1/webhooks/{id}/test":                            "media.write: 202 400 401 403 404 429 500 503 507",
		"GET /magpie/v1/webhooks/{id}/deliveries":                       "media.write: 200 400 401 403 404 500 503",
		"POST /magpie/v1/webhooks/{id}/deliveries/{delivery}/redeliver": "media.write: 202 400 401 403 404 500 503 507",
		"GET /magpie/v1/stream":                                         "tweet.read media.write: 200 400 401 403 429 500 503",
		"GET /magpie/v1/media":                                          "tweet.read media.write: 200 400 401 403 500 503",
		"GET /magpie/v1/media/{id}":                                     "tweet.read media.write: 200 400 401 403 404 500 503",
		"DELETE /magpie/v1/media/{id}":                                  "media.write: 200 400 401 403 404 409 500 503 507",
		"POST /magpie/v1/media/{id}/restore":                            "media.write: 200 400 401 403 404 410 500 503 507",
		"GET /magpie/v1/uploads":                                        "tweet.read media.write: 200 400 401 403 500 503",
		"GET /magpie/v1/uploads/{id}":                                   "tweet.read media.write: 200 400 401 403 404 410 500 503",
		"DELETE /magpie/v1/uploads/{id}":                                "media.write: 204 400 401 403 404 409 500 503 507",
		"GET /magpie/v1/storage":                                        "tweet.read media.write: 200 400 401 403 500 503",
		"GET /magpie/v1/limits":                                         "tweet.read media.write: 200 400 401 403 500 503",
		"GET /media/{slug}/{name}":                                      ": 200 206 302 304 403 404 410 412 416 451 500 503",
		"HEAD /media/{slug}/{name}":                                     ": 200 206 304 403 404 410 412 416 451 500 503",
		"GET /magpie/v1/media/{id}/audit":                               "tweet.read media.write: 200 400 401 403 404 500 503",
		"GET /magpie/v1/analytics":                                      "tweet.read media.write: 200 400 401 403 404 500 503",
		"GET /magpie/v1/analytics/top":                                  "tweet.read media.write: 200 400 401 403 500 503",
		"GET /magpie/v1/media/{id}/history":                             "tweet.read media.write: 200 400 401 403 404 500 503",
		"OPTIONS /media/{slug}/{name}":                                  ": 204",
		"GET /media/{slug}":                                             ": 200 206 302 304 403 404 410 412 416 451 500 503",
		"HEAD /media/{slug}":                                            ": 200 206 304 403 404 410 412 416 451 500 503",
		"OPTIONS /media/{slug}":                                         ": 204",
		"GET /docs":                                                     ": 200 500",
		"GET /docs/{file}":                                              ": 200 404 500",
		"GET /healthz":                                                  ": 200",
		"GET /readyz":                                                   ": 200 503",

		// tus.
		"OPTIONS /magpie/v1/tus/":     ": 204",
		"POST /magpie/v1/tus/":        "media.write: 201 400 401 403 404 408 409 410 412 413 415 429 460 500 503 507",
		"OPTIONS /magpie/v1/tus/{id}": ": 204",
		"HEAD /magpie/v1/tus/{id}":    "media.write: 200 400 401 403 404 410 412 500 503 507",
		"PATCH /magpie/v1/tus/{id}":   "media.write: 204 400 401 403 404 408 409 410 412 413 415 460 500 503 507",
		"DELETE /magpie/v1/tus/{id}":  "media.write: 204 400 401 403 404 409 410 412 500 503 507",
		"GET /magpie/v1/tus/{id}":     "media.write: 200 400 401 403 404 410 500 503 507",

		// How media are played.
		"POST /magpie/v1/events":                       ": 204 400 403 408 413 415 429 500 503",
		"OPTIONS /magpie/v1/events":                    ": 204",
		"GET /magpie/v1/embed/{media_key}":             ": 200 403 404 410 451 500 503",
		"GET /magpie/v1/oembed":                        ": 200 400 401 404 500 501 503",
		"GET /magpie/v1/events.js":                     ": 200 304",
		"OPTIONS /magpie/v1/events.js":                 ": 204",
		"POST /magpie/v1/media/{id}/playback-token":    ": 200 400 403 404 410 451 500 503",
		"OPTIONS /magpie/v1/media/{id}/playback-token": ": 204",

		// For operators.
		"GET /magpie/v1/admin/jobs":               "magpie.admin: 200 400 401 403 500 503",
		"POST /magpie/v1/admin/jobs/{id}/requeue": "magpie.admin: 200 400 401 403 404 409 500 503",
		"GET /magpie/v1/admin/storage":            "magpie.admin: 200 400 401 403 500 503",
		"GET /magpie/v1/admin/engines":            "magpie.admin: 200 400 401 403 500 503",
		"GET /magpie/v1/admin/uploads":            "magpie.admin: 200 400 401 403 500 503",
		"GET /magpie/v1/admin/settings":           "magpie.admin: 200 400 401 403 500 503",
		"GET /magpie/v1/admin/tokens":             "magpie.admin: 200 400 401 403 500 503",
		"DELETE /magpie/v1/admin/tokens/{id}":     "magpie.admin: 204 400 401 403 404 500 503",
		"GET /magpie/v1/admin/clients":            "magpie.admin: 200 400 401 403 500 503",
		"DELETE /magpie/v1/admin/clients/{id}":    "magpie.admin: 204 400 401 403 404 409 500 503",
		"GET /magpie/v1/admin/users":              "magpie.admin: 200 400 401 403 500 503",
	}
}

func TestRoutes(t *testing.T) {
	got := map[string]string{}
	for path, item := range load(t).Paths.Map() {
		for method, op := range item.Operations() {
			var scopes []string
			if list, ok := op.Extensions["x-scopes"].([]any); ok {
				for _, s := range list {
					scopes = append(scopes, fmt.Sprint(s))
				}
			}
			if op.Security == nil {
				t.Errorf("%s %s says nothing about security", method, path)
			} else if needed := len(*op.Security) > 0; needed != (op.Extensions["x-scopes"] != nil) {
				t.Errorf("%s %s: %d ways to sign in and the scopes %v", method, path, len(*op.Security), scopes)
			}
			statuses := slices.Sorted(maps.Keys(op.Responses.Map()))
			got[method+" "+path] = strings.Join(scopes, " ") + ": " + strings.Join(statuses, " ")
		}
	}
	if diff := cmp.Diff(routes(), got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

// TestAnswersAreClosed walks the schema of every answer: an object that could
// hold what nobody described would make holding answers against it worthless.
func TestAnswersAreClosed(t *testing.T) {
	for path, item := range load(t).Paths.Map() {
		for method, op := range item.Operations() {
			for status, response := range op.Responses.Map() {
				for kind, content := range response.Value.Content {
					at := fmt.Sprintf("%s %s %s %s", method, path, status, kind)
					if content.Schema == nil {
						t.Errorf("%s: no schema", at)
						continue
					}
					closed(t, at, content.Schema.Value, false)
				}
			}
		}
	}
}

// closed checks one schema. covered means that another schema beside it in an
// allOf closes the object, so that this one only narrows it.
func closed(t *testing.T, at string, s *openapi3.Schema, covered bool) {
	t.Helper()
	if s.Type.Includes(openapi3.TypeObject) && !covered {
		shut := s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has
		list := s.AdditionalProperties.Schema != nil && len(s.Properties) == 0
		if !shut && !list {
			t.Errorf("%s: an object that takes members which are not described", at)
		}
	}
	for name := range s.Properties {
		closed(t, at+"."+name, s.Properties[name].Value, covered)
	}
	for _, name := range s.Required {
		if s.Properties[name] == nil && !covered && len(s.AnyOf) == 0 {
			t.Errorf("%s: %s is required and not described", at, name)
		}
	}
	if s.Type.Includes(openapi3.TypeArray) {
		if s.Items == nil {
			t.Errorf("%s: an array of anything", at)
		} else {
			closed(t, at+"[]", s.Items.Value, covered)
		}
	}
	for i, one := range s.OneOf {
		closed(t, fmt.Sprintf("%s/%d", at, i), one.Value, covered)
	}
	for i, one := range s.AllOf {
		closed(t, fmt.Sprintf("%s&%d", at, i), one.Value, covered || i > 0)
	}
	if s.Type == nil && len(s.OneOf)+len(s.AllOf)+len(s.AnyOf) == 0 && s.Not == nil {
		t.Errorf("%s: a schema that takes anything", at)
	}
}

// TestVocabulary holds the lists of the document against those of the code.
func TestVocabulary(t *testing.T) {
	schemas := load(t).Components.Schemas
	enum := func(s *openapi3.SchemaRef) []string {
		var out []string
		for _, v := range s.Value.Enum {
			out = append(out, fmt.Sprint(v))
		}
		return out
	}
	if diff := cmp.Diff(names(media.Categories()), enum(schemas["MediaCategory"])); diff != "" {
		t.Errorf("categories (-code +document):\n%s", diff)
	}
	once := slices.DeleteFunc(names(media.Categories()), func(c string) bool { return c == string(media.AmplifyVideo) })
	if diff := cmp.Diff(once, enum(schemas["OneShotCategory"])); diff != "" {
		t.Errorf("one-shot categories (-code +document):\n%s", diff)
	}
	if diff := cmp.Diff(names(media.Types()), enum(schemas["MediaType"])); diff != "" {
		t.Errorf("types (-code +document):\n%s", diff)
	}
	groups := slices.Sorted(maps.Keys(schemas["Metadata"].Value.Properties))
	if diff := cmp.Diff(media.Groups(), groups); diff != "" {
		t.Errorf("groups that answers hold (-code +document):\n%s", diff)
	}
	groups = slices.Sorted(maps.Keys(schemas["MetadataRequest"].Value.Properties["metadata"].Value.Properties))
	if diff := cmp.Diff(media.Groups(), groups); diff != "" {
		t.Errorf("groups that requests hold (-code +document):\n%s", diff)
	}
}

func names[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// TestKeysOfEveryCategory checks that each category's keys fit the one pattern
// of its kind.
func TestKeysOfEveryCategory(t *testing.T) {
	schemas := load(t).Components.Schemas
	for _, c := range append(media.Categories(), media.Model) {
		key := string(media.KeyOf(c, 1146654567674912769))
		want := map[media.Kind][]string{
			media.KindImage:    {"ImageKey", "MediaKey", "StillKey"},
			media.KindVideo:    {"MediaKey", "MovingKey", "VideoKey"},
			media.KindGIF:      {"GifKey", "MediaKey", "MovingKey"},
			media.KindSubtitle: {"FileKey", "MediaKey", "StillKey"},
			media.KindModel:    {"FileKey", "MediaKey", "StillKey"},
		}[c.Kind()]
		var got []string
		for _, name := range []string{"FileKey", "GifKey", "ImageKey", "MediaKey", "MovingKey", "StillKey", "VideoKey"} {
			if schemas[name].Value.VisitJSON(key) == nil {
				got = append(got, name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", c, key, diff)
		}
	}
}

func route(t *testing.T, doc *openapi3.T) routers.Router {
	t.Helper()
	doc.Servers = nil
	// Of 3.1, kin-openapi compiles a schema anew for each answer, and then uses the validator
	// for 3.0 all the same; it tells bytes by what 3.0 said.
	doc.OpenAPI = "3.0.3"
	doc.Components.Schemas["Bytes"].Value.Format = "binary"
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// exchange is an answer to a request.
type exchange struct {
	method, path string
	status       int
	body         string
}

// validate holds a JSON answer, with the headers that such answers have, against
// the document.
func validate(t *testing.T, router routers.Router, x exchange) error {
	t.Helper()
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-cache, no-store, max-age=0")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("x-transaction-id", "0123456789abcdef")
	switch x.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="magpie"`)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h.Set("Retry-After", "1")
	}
	return validateWith(t, router, x, h)
}

func validateWith(t *testing.T, router routers.Router, x exchange, h http.Header) error {
	t.Helper()
	input := request(t, router, x.method, x.path, "")
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: x.status, Header: h, Body: io.NopCloser(strings.NewReader(x.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
}

func validateRequest(t *testing.T, router routers.Router, method, path, body string) error {
	t.Helper()
	input := request(t, router, method, path, body)
	input.Options = &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	return openapi3filter.ValidateRequest(context.Background(), input)
}

func request(t *testing.T, router routers.Router, method, path, body string) *openapi3filter.RequestValidationInput {
	t.Helper()
	r, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	route, params, err := router.FindRoute(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route}
}
