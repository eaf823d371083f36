package xapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"magpie/internal/media"
)

const problems = "https://api.x.com/2/problems/"

// problem is the body of an error answer. It is at once X's Problem, the
// contract's Error (code and message), and the list of messages that clients of
// the older shape read. It is sent as application/json, because one client
// reads nothing else.
type problem struct {
	Code    int            `json:"code"`    // of the contract's Error; the status
	Message string         `json:"message"` // what was wrong, in words
	Title   string         `json:"title"`
	Detail  string         `json:"detail"`
	Type    string         `json:"type"`
	Status  int            `json:"status"`
	Errors  []problemEntry `json:"errors,omitempty"`
}

// problemEntry is one of X's errors[]: a message and the parameters at fault.
type problemEntry struct {
	Parameters map[string][]string `json:"parameters"`
	Message    string              `json:"message"`
}

// shape is how an error code looks on X's wire.
type shape struct {
	status int
	title  string
	kind   string // last part of the type, or about:blank
	detail string // "" for the error's own words
}

// Where X's own answer is known, this is it; the words are then in message and
// errors[].
func shapeOf(c media.Code) shape {
	switch c {
	case media.CodeInvalid:
		return shape{http.StatusBadRequest, "Invalid Request", "invalid-request", "One or more parameters to your request was invalid."}
	case media.CodeNoCredentials, media.CodeUnauthorized, media.CodeSignature:
		return shape{http.StatusUnauthorized, "Unauthorized", "about:blank", "Unauthorized"}
	case media.CodeForbidden:
		return shape{http.StatusForbidden, "Forbidden", "about:blank", ""}
	case media.CodeOAuth1Permissions:
		return shape{http.StatusForbidden, "Forbidden", "oauth1-permissions", ""}
	case media.CodeAppOnly:
		return shape{http.StatusForbidden, "Unsupported Authentication", "unsupported-authentication", ""}
	case media.CodeNotFound:
		return shape{http.StatusNotFound, "Not Found Error", "resource-not-found", ""}
	case media.CodeConflict:
		return shape{http.StatusConflict, "Conflict", "conflict", ""}
	case media.CodeQuota: // 403, since clients try again after a 429
		return shape{http.StatusForbidden, "UsageCapExceeded", "usage-capped", ""}
	case media.CodeGone:
		return shape{http.StatusGone, "Gone", "resource-unavailable", ""}
	case media.CodeWithheld:
		return shape{http.StatusUnavailableForLegalReasons, "Unavailable For Legal Reasons", "resource-unavailable", ""}
	case media.CodeTooLarge:
		return shape{http.StatusRequestEntityTooLarge, "Payload Too Large", "invalid-request", ""}
	case media.CodeTooSlow:
		return shape{http.StatusRequestTimeout, "Request Timeout", "about:blank", ""}
	case media.CodePrecondition:
		return shape{http.StatusPreconditionFailed, "Precondition Failed", "invalid-request", ""}
	case media.CodeChecksum: // a status of tus's own
		return shape{460, "Checksum Mismatch", "invalid-request", ""}
	case media.CodeUnsupported:
		return shape{http.StatusUnsupportedMediaType, "Unsupported Media Type", "invalid-request", ""}
	case media.CodeNoMethod:
		return shape{http.StatusMethodNotAllowed, "Method Not Allowed", "invalid-request", ""}
	case media.CodeBusy:
		return shape{http.StatusServiceUnavailable, "Service Unavailable", "about:blank", ""}
	case media.CodeFull:
		return shape{http.StatusInsufficientStorage, "Insufficient Storage", "about:blank", ""}
	case media.CodeRateLimited:
		return shape{http.StatusTooManyRequests, "Too Many Requests", "about:blank", "Too Many Requests"}
	}
	return shape{http.StatusInternalServerError, "Internal Error", "internal-error", "The server could not answer. Its log says why."}
}

// WriteProblem answers with an error, once the client had a chance to finish
// sending a body that holds one segment of maxSegment bytes. Errors without a
// code become a plain internal error, and their cause goes to the log only. The
// path tells in which of X's shapes: v2's, or v1.1's.
func WriteProblem(log *slog.Logger, maxSegment int64) func(http.ResponseWriter, *http.Request, error) {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		p := patientOf(w)
		var e *media.Error
		if !errors.As(err, &e) {
			e = &media.Error{Code: media.CodeInternal}
		}
		if r.Context().Err() != nil && e.Code == media.CodeInternal {
			// The client closed its side, which stops what is done for it. It may
			// still be reading, and without an answer it would get an empty 200.
			log.WarnContext(r.Context(), "client left", "method", r.Method, "path", r.URL.Path, "err", err)
			e = media.Invalid("connection", "The connection was closed before the request was done; send it again, and keep your side open until the answer has come.")
			if p != nil && p.body.broke != nil {
				e = brokenBody(p.body.broke) // and that is why
			}
		}
		if p != nil && media.CodeOf(p.body.broke) == media.CodeTooSlow { // whatever the reader made of it
			errors.As(p.body.broke, &e)
			if r.ProtoMajor == 1 {
				w.Header().Set("Connection", "close") // RFC 9110 §15.5.9
			}
		}
		drain(w, r, maxSegment)
		s := shapeOf(e.Code).as(err)
		status, body := s.status, any(newProblem(e, s))
		if isV1(r.URL.Path) {
			status, body = newV1Problem(r, e)
			status = statusAsked(err, status)
		}
		if status >= http.StatusInternalServerError {
			log.Log(r.Context(), levelOf(status), "request failed", "method", r.Method, "path", r.URL.Path, "status", status, "err", err)
		}
		if e.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
		}
		if s.status == http.StatusUnauthorized { // in v1.1 not always the status
			w.Header()["Www-Authenticate"] = []string{`Bearer realm="magpie"`, `OAuth realm="magpie"`}
		}
		writeJSON(r.Context(), log, w, status, body)
	}
}

func levelOf(status int) slog.Level {
	if status == http.StatusInternalServerError {
		return slog.LevelError
	}
	return slog.LevelWarn
}

func newProblem(e *media.Error, s shape) problem {
	words := e.Detail
	if words == "" {
		words = s.detail
	}
	p := problem{Code: s.status, Message: words, Title: s.title, Detail: s.detail, Type: s.kind, Status: s.status}
	if p.Detail == "" {
		p.Detail = words
	}
	if p.Type != "about:blank" {
		p.Type = problems + p.Type
	}
	if e.Code == media.CodeInvalid {
		entry := problemEntry{Parameters: map[string][]string{}, Message: e.Message()}
		if e.Field != "" {
			entry.Parameters[e.Field] = values(e.Value)
		}
		p.Message = entry.Message
		p.Errors = []problemEntry{entry}
	}
	return p
}

// values lists what was sent, and nothing where nothing was.
func values(v string) []string {
	if v == "" {
		return []string{}
	}
	return []string{v}
}

// notFound is one entry of a lookup's partial errors.
type notFound struct {
	Value        string `json:"value"`
	Detail       string `json:"detail"`
	Title        string `json:"title"`
	ResourceType string `json:"resource_type"`
	Parameter    string `json:"parameter"`
	ResourceID   string `json:"resource_id"`
	Type         string `json:"type"`
}

func newNotFound(parameter, key string) notFound {
	return notFound{
		Value: key, ResourceID: key, Parameter: parameter, ResourceType: "media",
		Title: "Not Found Error", Type: problems + "resource-not-found",
		Detail: fmt.Sprintf("Could not find media with %s: [%s].", parameter, key),
	}
}

// newUnavailable is the entry for a media that is not shown any more.
func newUnavailable(parameter, key string) notFound {
	e := newNotFound(parameter, key)
	e.Title, e.Type = "Gone", problems+"resource-unavailable"
	e.Detail = fmt.Sprintf("The media with %s: [%s] is not available any more.", parameter, key)
	return e
}

// keepOut sets what every answer of the API says to caches and browsers.
func keepOut(h http.Header) {
	h.Set("Cache-Control", "no-cache, no-store, max-age=0")
	h.Set("X-Content-Type-Options", "nosniff")
}

// writeJSON answers with a JSON body.
func writeJSON(ctx context.Context, log *slog.Logger, w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		log.ErrorContext(ctx, "answer not encoded", "err", err)
		e := &media.Error{Code: media.CodeInternal}
		status = http.StatusInternalServerError
		b, _ = json.Marshal(newProblem(e, shapeOf(e.Code))) // strings and numbers only
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(b)+1))
	keepOut(h)
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}
