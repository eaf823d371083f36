package xapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
)

// write answers an error and gives the answer and the log.
func write(t *testing.T, ctx context.Context, err error) (answer, string) {
	t.Helper()
	var log bytes.Buffer
	w := httptest.NewRecorder()
	WriteProblem(slog.New(slog.NewTextHandler(&log, nil)), 1)(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/2/media", nil), err)
	return answer{w, t}, log.String()
}

func TestProblem(t *testing.T) {
	for _, c := range []struct {
		code                media.Code
		status              int
		title, kind, detail string // detail "" for the error's own words
		logged              string // a level
	}{
		{media.CodeNoCredentials, 401, "Unauthorized", "about:blank", "Unauthorized", ""},
		{media.CodeUnauthorized, 401, "Unauthorized", "about:blank", "Unauthorized", ""},
		{media.CodeSignature, 401, "Unauthorized", "about:blank", "Unauthorized", ""},
		{media.CodeOAuth1Permissions, 403, "Forbidden", "oauth1-permissions", "", ""},
		{media.CodeForbidden, 403, "Forbidden", "about:blank", "", ""},
		{media.CodeAppOnly, 403, "Unsupported Authentication", "unsupported-authentication", "", ""},
		{media.CodeNotFound, 404, "Not Found Error", "resource-not-found", "", ""},
		{media.CodeNoMethod, 405, "Method Not Allowed", "invalid-request", "", ""},
		{media.CodeGone, 410, "Gone", "resource-unavailable", "", ""},
		{media.CodeWithheld, 451, "Unavailable For Legal Reasons", "resource-unavailable", "", ""},
		{media.CodeTooLarge, 413, "Payload Too Large", "invalid-request", "", ""},
		{media.CodeUnsupported, 415, "Unsupported Media Type", "invalid-request", "", ""},
		{media.CodeRateLimited, 429, "Too Many Requests", "about:blank", "Too Many Requests", ""},
		{media.CodeBusy, 503, "Service Unavailable", "about:blank", "", "WARN"},
		{media.CodeFull, 507, "Insufficient Storage", "about:blank", "", "WARN"},
	} {
		t.Run(string(c.code), func(t *testing.T) {
			a, log := write(t, t.Context(), fmt.Errorf("doing it: %w", media.Errorf(c.code, "It is <so>.")))
			detail, kind := c.detail, c.kind
			if detail == "" {
				detail = "It is <so>."
			}
			if kind != "about:blank" {
				kind = "https://api.x.com/2/problems/" + kind
			}
			a.is(c.status, `{"code":%d,"message":"It is <so>.","title":%q,"detail":%q,"type":%q,"status":%[1]d}`, c.status, c.title, detail, kind)
			if (log != "") != (c.logged != "") || !strings.Contains(log, c.logged) {
				t.Errorf("logged %q, want level %q", log, c.logged)
			}
			var ways []string
			if c.status == http.StatusUnauthorized {
				ways = []string{`Bearer realm="magpie"`, `OAuth realm="magpie"`}
			}
			if got := a.Header().Values("WWW-Authenticate"); !slices.Equal(got, ways) {
				t.Errorf("WWW-Authenticate %q, want %q", got, ways)
			}
			for name, want := range map[string]string{
				"Cache-Control": "no-cache, no-store, max-age=0", "X-Content-Type-Options": "nosniff", "Retry-After": "",
				"Content-Length": fmt.Sprint(a.Body.Len()),
			} {
				if got := a.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestProblemOfAnInvalidRequest(t *testing.T) {
	const rest = `"title":"Invalid Request","detail":"One or more parameters to your request was invalid.","type":"https://api.x.com/2/problems/invalid-request","status":400`
	for _, c := range []struct {
		err                 *media.Error
		message, parameters string
	}{
		{media.Invalid("media", "is there twice"), "media is there twice", `{"media":[]}`},
		{media.Invalid("media", "The media is empty."), "The media is empty.", `{"media":[]}`},
		{media.Invalid("$.id", "$.id: is missing"), "$.id: is missing", `{"$.id":[]}`},
		{media.Invalid("", "Nothing is right."), "Nothing is right.", `{}`},
		{&media.Error{Code: media.CodeInvalid, Field: "shared", Value: `"x"`, Detail: "is not valid", Cause: errors.New("secret")}, "shared is not valid", `{"shared":["\"x\""]}`},
	} {
		a, log := write(t, t.Context(), c.err)
		a.is(http.StatusBadRequest, `{"code":400,"message":%q,%s,"errors":[{"parameters":%s,"message":%[1]q}]}`, c.message, rest, c.parameters)
		if log != "" {
			t.Errorf("logged %q", log)
		}
	}
}

func TestProblemWithoutACode(t *testing.T) {
	const words = "The server could not answer. Its log says why."
	for _, err := range []error{
		errors.New("open /var/lib/magpie: permission denied"),
		media.NewFailure(media.InvalidMedia, "permission denied"),
		&media.Error{Code: media.CodeInternal, Cause: errors.New("permission denied")},
		&media.Error{Code: "of tomorrow", Cause: errors.New("permission denied")},
	} {
		a, log := write(t, t.Context(), err)
		a.is(http.StatusInternalServerError, `{"code":500,"message":%q,"title":"Internal Error","detail":%[1]q,"type":"https://api.x.com/2/problems/internal-error","status":500}`, words)
		if !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "permission denied") || !strings.Contains(log, "path=/2/media") {
			t.Errorf("logged %q", log)
		}
	}
}

func TestProblemSaysWhenToComeBack(t *testing.T) {
	for wait, want := range map[time.Duration]string{time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", time.Hour: "3600"} {
		a, _ := write(t, t.Context(), media.Busy(wait, "Later."))
		if got := a.Header().Get("Retry-After"); got != want {
			t.Errorf("%v: Retry-After %q, want %q", wait, got, want)
		}
	}
}

// Where the client's side is closed, what could not be done is no success, and
// what could is told.
func TestProblemWhoseClientWent(t *testing.T) {
	ctx, gone := context.WithCancel(t.Context())
	gone()
	a, _ := write(t, ctx, fmt.Errorf("keep segment 0: %w", context.Canceled))
	a.refused(http.StatusBadRequest, "send it again")
	a, _ = write(t, ctx, media.Errorf(media.CodeNotFound, "There is no upload 1."))
	a.refused(http.StatusNotFound, "There is no upload 1.")
}

func TestAnswerThatCannotBeEncoded(t *testing.T) {
	var log bytes.Buffer
	w := httptest.NewRecorder()
	writeJSON(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), w, http.StatusOK, make(chan int))
	answer{w, t}.refused(http.StatusInternalServerError, "The server could not answer.")
	if !strings.Contains(log.String(), "unsupported type") {
		t.Errorf("logged %q", &log)
	}
}
