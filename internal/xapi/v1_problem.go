package xapi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"magpie/internal/media"
)

// v1Problem is the body of an error on a path of v1.1. X's upload host answers
// request and error, the others errors; clients of the upload read either, so
// there it is both.
type v1Problem struct {
	Request string    `json:"request,omitempty"`
	Error   string    `json:"error,omitempty"`
	Errors  []v1Entry `json:"errors"`
}

// v1Entry is one of errors[]: X's number for what was wrong, and words.
type v1Entry struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// X's numbers (developer documentation, "Response codes").
const (
	v1BadID        = 25  // Invalid media_id
	v1BadSignature = 32  // OAuth 1.0a that could not be verified
	v1NoPage       = 34  // no such thing
	v1NoParameter  = 38  // something was not sent
	v1BadParameter = 44  // something that was sent can't be right
	v1BadMethod    = 86  // the route takes another method
	v1RateLimit    = 88  // too many requests
	v1BadToken     = 89  // a token that is unknown, expired or revoked
	v1OverCapacity = 130 // come back later
	v1Internal     = 131 // a fault of ours
	v1NoAuth       = 215 // no credentials
	v1NotAllowed   = 220 // credentials that may not do this
	v1ReadOnly     = 261 // a client that may only read
	v1BadMedia     = 324 // the file itself
)

// v1UploadPath is where errors have both shapes.
const v1UploadPath = "/1.1/media/upload.json"

// isV1 reports whether a path is one of v1.1, whether or not there is anything.
func isV1(path string) bool { return path == "/1.1" || strings.HasPrefix(path, "/1.1/") }

// newV1Problem puts an error into v1.1's status and body. X's own words come
// first where they are known, and ours, which say more, after them.
func newV1Problem(r *http.Request, e *media.Error) (status int, body v1Problem) {
	status, code, words := v1Words(e)
	p := v1Problem{Errors: []v1Entry{{Code: code, Message: words}}}
	if r.URL.Path == v1UploadPath {
		p.Request, p.Error = r.URL.Path, words
	}
	return status, p
}

func v1Words(e *media.Error) (status, code int, words string) {
	switch e.Code {
	case media.CodeInvalid:
		code, words = v1Invalid(e)
		return http.StatusBadRequest, code, words
	case media.CodeTooLarge:
		return http.StatusRequestEntityTooLarge, v1BadMedia, e.Detail
	case media.CodeTooSlow:
		return http.StatusRequestTimeout, v1BadParameter, e.Detail
	case media.CodeNoCredentials:
		return http.StatusBadRequest, v1NoAuth, "Bad Authentication data: " + e.Detail
	case media.CodeSignature:
		return http.StatusUnauthorized, v1BadSignature, "Could not authenticate you: " + e.Detail
	case media.CodeUnauthorized:
		return http.StatusUnauthorized, v1BadToken, "Invalid or expired token: " + e.Detail
	case media.CodeConflict:
		return http.StatusConflict, v1NotAllowed, e.Detail
	case media.CodeQuota:
		return http.StatusForbidden, v1NotAllowed, e.Detail
	case media.CodeForbidden, media.CodeAppOnly, media.CodeWithheld:
		return http.StatusForbidden, v1NotAllowed, "Your credentials do not allow access to this resource: " + e.Detail
	case media.CodeOAuth1Permissions:
		return http.StatusForbidden, v1ReadOnly, "Application cannot perform write actions: " + e.Detail
	case media.CodeNotFound, media.CodeGone:
		if e.Field == "media_id" {
			return http.StatusBadRequest, v1BadID, badID(e.Value, e.Detail)
		}
		return http.StatusNotFound, v1NoPage, "Sorry, that page does not exist: " + e.Detail
	case media.CodeNoMethod:
		return http.StatusMethodNotAllowed, v1BadMethod, e.Detail
	case media.CodeUnsupported:
		return http.StatusUnsupportedMediaType, v1BadParameter, e.Detail
	case media.CodeRateLimited:
		return http.StatusTooManyRequests, v1RateLimit, "Rate limit exceeded: " + e.Detail
	case media.CodeBusy:
		return http.StatusServiceUnavailable, v1OverCapacity, "Over capacity: " + e.Detail
	case media.CodeFull:
		return http.StatusInsufficientStorage, v1OverCapacity, "Over capacity: " + e.Detail
	}
	return http.StatusInternalServerError, v1Internal, "Internal error: " + shapeOf(media.CodeInternal).detail
}

// v1Invalid tells which part of a request is wrong, by the names that v1.1 has
// for it, and not by the paths of a JSON body.
func v1Invalid(e *media.Error) (code int, words string) {
	field, value := strings.TrimPrefix(e.Field, "$."), strings.Trim(e.Value, `"`)
	ours := strings.TrimPrefix(e.Message(), "$.")
	missing := errors.Is(e, errMissing)
	switch {
	case missing && field != e.Field:
		return v1NoParameter, field + " parameter is missing."
	case missing:
		return v1NoParameter, ours
	case field == "media_id" || field == "media_key":
		return v1BadID, badID(value, "It "+strings.TrimPrefix(ours, field+": "))
	case field == "media_type" && !slices.Contains(media.Types(), media.Type(value)):
		return v1BadMedia, "media type unrecognized. " + ours
	case isMedia(field) || field == "id":
		return v1BadMedia, ours
	}
	return v1BadParameter, strings.TrimPrefix(ours, "metadata.")
}

// badID is X's way to name an id that is of no use.
func badID(value, ours string) string {
	return fmt.Sprintf("Invalid media_id: Some(%s). %s", value, ours)
}
