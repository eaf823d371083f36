package xapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// refusedV1 checks that an answer is an error in v1.1's shape, on the upload's
// path in both of its shapes.
func (a answer) refusedV1(status, code int, words ...string) {
	a.t.Helper()
	var p v1Problem
	if err := json.Unmarshal(a.Body.Bytes(), &p); err != nil || len(p.Errors) != 1 {
		a.t.Errorf("status %d, want %d; %v: %q", a.Code, status, err, a.Body)
		return
	}
	if a.Code != status || p.Errors[0].Code != code || a.Header().Get("Content-Type") != "application/json; charset=utf-8" {
		a.t.Errorf("status %d, want %d with code %d: %s", a.Code, status, code, a.Body)
	}
	for _, w := range words {
		if !strings.Contains(p.Errors[0].Message, w) {
			a.t.Errorf("the message %q lacks %q", p.Errors[0].Message, w)
		}
	}
	if strings.Contains(a.Body.String(), "$.") {
		a.t.Errorf("a path of a JSON body: %s", a.Body)
	}
	if p.Request != "" && (p.Request != v1UploadPath || p.Error != p.Errors[0].Message) {
		a.t.Errorf("half of a shape: %s", a.Body)
	}
}

// Every code in v1.1's status, number and words.
func TestV1Problem(t *testing.T) {
	for code, want := range map[media.Code]struct {
		status, code int
		words        string
	}{
		media.CodeInvalid:           {400, v1BadParameter, "It is <so>."},
		media.CodeNoCredentials:     {400, v1NoAuth, "Bad Authentication data: It is <so>."},
		media.CodeUnauthorized:      {401, v1BadToken, "Invalid or expired token: It is <so>."},
		media.CodeSignature:         {401, v1BadSignature, "Could not authenticate you: It is <so>."},
		media.CodeForbidden:         {403, v1NotAllowed, "Your credentials do not allow access to this resource: It is <so>."},
		media.CodeAppOnly:           {403, v1NotAllowed, "Your credentials do not allow access to this resource: It is <so>."},
		media.CodeWithheld:          {403, v1NotAllowed, "Your credentials do not allow access to this resource: It is <so>."},
		media.CodeOAuth1Permissions: {403, v1ReadOnly, "Application cannot perform write actions: It is <so>."},
		media.CodeNotFound:          {404, v1NoPage, "Sorry, that page does not exist: It is <so>."},
		media.CodeGone:              {404, v1NoPage, "Sorry, that page does not exist: It is <so>."},
		media.CodeNoMethod:          {405, v1BadMethod, "It is <so>."},
		media.CodeTooLarge:          {413, v1BadMedia, "It is <so>."},
		media.CodeUnsupported:       {415, v1BadParameter, "It is <so>."},
		media.CodeRateLimited:       {429, v1RateLimit, "Rate limit exceeded: It is <so>."},
		media.CodeInternal:          {500, v1Internal, "Internal error: The server could not answer. Its log says why."},
		media.CodeBusy:              {503, v1OverCapacity, "Over capacity: It is <so>."},
		media.CodeFull:              {507, v1OverCapacity, "Over capacity: It is <so>."},
	} {
		e := &media.Error{Code: code, Detail: "It is <so>.", Cause: errors.New("secret"), RetryAfter: time.Minute}
		for path, both := range map[string]bool{v1UploadPath: true, "/1.1/media/metadata/create.json": false, "/1.1/nothing": false} {
			a := writeV1(t, path, fmt.Errorf("doing it: %w", e))
			entry := fmt.Sprintf(`"errors":[{"code":%d,"message":%q}]`, want.code, want.words)
			if both {
				entry = fmt.Sprintf(`"request":%q,"error":%q,`, path, want.words) + entry
			}
			a.is(want.status, "{%s}", entry)
			if got := a.Header().Get("Retry-After"); got != "60" {
				t.Errorf("Retry-After %q", got)
			}
			if got := a.Header().Get("Www-Authenticate"); want.status == http.StatusUnauthorized && got == "" {
				t.Error("401 without WWW-Authenticate")
			}
		}
	}
	writeV1(t, "/1.1/x", errors.New("open /var/lib/magpie: permission denied")).refusedV1(500, v1Internal, "Its log says why.")
}

// What was wrong with a request, by X's numbers and v1.1's names.
func TestV1ProblemOfAnInvalidRequest(t *testing.T) {
	of := func(field, value, detail string) error {
		return &media.Error{Code: media.CodeInvalid, Field: field, Value: value, Detail: detail}
	}
	for _, c := range []struct {
		err   error
		code  int
		words string
	}{
		{missing("segment_index"), v1NoParameter, "segment_index parameter is missing."},
		{noMedia("media parameter is missing."), v1NoParameter, "media parameter is missing."},
		{of("$.media_id", `"x"`, "$.media_id: does not match"), v1BadID, "Invalid media_id: Some(x). It does not match"},
		{of("$.media_id", `12`, "$.media_id: integer found"), v1BadID, "Invalid media_id: Some(12). It integer found"},
		{aboutMedia(unknownUpload(5), 5), v1BadID, "Invalid media_id: Some(5). There is no upload 5 here that this user may use."},
		{of("media_type", "video/avi", "is not one of [video/mp4]"), v1BadMedia, "media type unrecognized. media_type is not one of [video/mp4]"},
		{of("media_type", "video/mp4", "The upload was declared as video/mp4, but the file is image/png."), v1BadParameter, "The upload was declared as video/mp4, but the file is image/png."},
		{of("media", "", "The file is empty."), v1BadMedia, "The file is empty."},
		{of("total_bytes", "9", "File size exceeds 5242880 bytes. That is the most."), v1BadParameter, "File size exceeds 5242880 bytes. That is the most."},
		{of("$.metadata.alt_text.text", `""`, "$.metadata.alt_text.text: is too long"), v1BadParameter, "alt_text.text: is too long"},
		{of("", "", "Request body is not valid JSON."), v1BadParameter, "Request body is not valid JSON."},
	} {
		writeV1(t, "/1.1/x", c.err).is(400, `{"errors":[{"code":%d,"message":%q}]}`, c.code, c.words)
	}
}

// writeV1 answers an error on a path.
func writeV1(t *testing.T, path string, err error) answer {
	t.Helper()
	w := httptest.NewRecorder()
	WriteProblem(slog.New(slog.DiscardHandler), 1)(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, nil), err)
	return answer{w, t}
}

func TestV1UnknownRoutes(t *testing.T) {
	s := newServer(t)
	for _, path := range []string{"/1.1", "/1.1/", "/1.1/media/upload", "/1.1/media/upload.json/", "/1.1/statuses/update.json", "/1.1/media/Upload.json", "/1.1/media/metadata/create"} {
		for _, method := range []string{"GET", "POST", "PUT"} {
			s.call(method, path, "x", "Authorization", "").refusedV1(404, v1NoPage, "Sorry, that page does not exist: There is nothing at "+method)
		}
	}
	for route, allow := range map[string]string{
		"PUT " + v1UploadPath:                     "GET, POST",
		"DELETE " + v1UploadPath:                  "GET, POST",
		"GET /1.1/media/metadata/create.json":     "POST",
		"DELETE /1.1/media/subtitles/delete.json": "POST",
	} {
		method, path, _ := strings.Cut(route, " ")
		a := s.call(method, path, nil, "Authorization", "")
		a.refusedV1(405, v1BadMethod, method)
		if got := a.Header().Get("Allow"); got != allow {
			t.Errorf("%s: Allow %q, want %q", route, got, allow)
		}
	}
	s.call("GET", "/1.12/media/upload.json", nil).refused(404, "/1.12") // not v1.1's
}

// A v1.1 caller is a user with media.write.
func TestV1AsksWho(t *testing.T) {
	s := newServer(t)
	app := s.token(auth.Grant{User: owner, Scopes: auth.Scopes(), AppOnly: true})
	reader := s.token(auth.Grant{User: owner, Scopes: []string{auth.TweetRead}})
	for _, route := range []string{
		"POST " + v1UploadPath, "GET " + v1UploadPath, "POST /1.1/media/metadata/create.json",
		"POST /1.1/media/subtitles/create.json", "POST /1.1/media/subtitles/delete.json",
	} {
		method, path, _ := strings.Cut(route, " ")
		for header, want := range map[string]struct {
			status, code int
			words        string
		}{
			"":                 {400, v1NoAuth, "Bad Authentication data"},
			"Bearer":           {400, v1NoAuth, "Bad Authentication data"},
			"Basic eDp5":       {400, v1NoAuth, "Bad Authentication data"},
			"Bearer nonsense":  {401, v1BadToken, "Invalid or expired token"},
			"Bearer " + app:    {403, v1NotAllowed, "Your credentials do not allow access to this resource: Authenticating with OAuth 2.0 Application-Only"},
			"Bearer " + reader: {403, v1NotAllowed, "media.write"},
		} {
			a := s.call(method, path, "", "Authorization", header)
			a.refusedV1(want.status, want.code, want.words)
		}
	}
}
