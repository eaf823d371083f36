package oauth

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"

	"magpie/internal/media"
)

// fault is an error answer of OAuth 2 (RFC 6749 §5.2).
type fault struct {
	status      int
	code, words string
}

func (f *fault) Error() string { return f.code + ": " + f.words }

func missing(name string) *fault {
	return &fault{http.StatusBadRequest, "invalid_request", "Missing required parameter [" + name + "]."}
}

func invalidRequest(field, what string) *fault {
	return &fault{http.StatusBadRequest, "invalid_request", field + " " + what + "."}
}

// noAuthorization is X's answer to a confidential client that comes without its
// secret.
func noAuthorization() *fault {
	return &fault{http.StatusUnauthorized, "unauthorized_client", "Missing valid authorization header"}
}

// answerFault answers for what went wrong at the token or the revoke endpoint.
// Errors that are none of the client's are the server's Fail's.
func (s *Server) answerFault(w http.ResponseWriter, r *http.Request, err error) {
	var f *fault
	var e *media.Error
	switch {
	case errors.As(err, &f):
	case !errors.As(err, &e):
		s.Fail(w, r, err)
		return
	case e.Code == media.CodeForbidden:
		f = &fault{http.StatusBadRequest, "invalid_grant", e.Message()}
	case e.Code == media.CodeInvalid && e.Field == "scope":
		f = &fault{http.StatusBadRequest, "invalid_scope", e.Message()}
	case e.Code == media.CodeInvalid:
		f = &fault{http.StatusBadRequest, "invalid_request", e.Message()}
	case e.Code == media.CodeBusy:
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
		f = &fault{http.StatusServiceUnavailable, "temporarily_unavailable", e.Message()}
	default:
		s.Fail(w, r, err)
		return
	}
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="magpie"`)
	}
	s.answer(w, r, f.status, map[string]string{"error": f.code, "error_description": f.words})
}

// answer sends JSON that nobody may keep.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(b)+1))
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}
