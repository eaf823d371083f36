package xapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"magpie/internal/media"
)

// injected is an error with the very status that was asked for.
type injected struct {
	told   *media.Error
	status int
}

func (e *injected) Error() string { return e.told.Error() }

// Unwrap gives the error that the client is told.
func (e *injected) Unwrap() error { return e.told }

// askedFor is the error that a fault asks for: of the code that has its status,
// or of one that is near.
func askedFor(f fault) error {
	code, known := map[int]media.Code{
		http.StatusBadRequest: media.CodeInvalid, http.StatusUnauthorized: media.CodeUnauthorized,
		http.StatusForbidden: media.CodeForbidden, http.StatusNotFound: media.CodeNotFound,
		http.StatusMethodNotAllowed: media.CodeNoMethod, http.StatusGone: media.CodeGone,
		http.StatusRequestEntityTooLarge: media.CodeTooLarge, http.StatusUnsupportedMediaType: media.CodeUnsupported,
		http.StatusTooManyRequests: media.CodeRateLimited, http.StatusInternalServerError: media.CodeInternal,
		http.StatusServiceUnavailable: media.CodeBusy, http.StatusInsufficientStorage: media.CodeFull,
	}[f.status]
	switch {
	case known:
	case f.status < http.StatusInternalServerError:
		code = media.CodeUnsupported
	default:
		code = media.CodeBusy
	}
	return &injected{status: f.status, told: &media.Error{
		Code: code, RetryAfter: f.retryAfter,
		Detail: fmt.Sprintf("Nothing was done: the request asked for the status %d by %s.", f.status, faultHeader),
	}}
}

// statusAsked is the status of an error: the usual one, unless another was asked
// for.
func statusAsked(err error, usual int) int {
	var e *injected
	if errors.As(err, &e) {
		return e.status
	}
	return usual
}

// as is a shape with the status that was asked for, if one was.
func (s shape) as(err error) shape {
	if status := statusAsked(err, s.status); status != s.status {
		s.status, s.title, s.kind = status, http.StatusText(status), "about:blank"
		if s.title == "" {
			s.title = "Status " + strconv.Itoa(status)
		}
	}
	return s
}

// heldBack holds an answer back for a time, or for good.
type heldBack struct {
	http.ResponseWriter
	ctx   context.Context
	delay time.Duration
	drop  bool
	begun bool
}

// begin waits before the first byte of the answer, unless the client leaves.
func (h *heldBack) begin() {
	if h.begun {
		return
	}
	h.begun = true
	if h.delay > 0 {
		late := time.NewTimer(h.delay)
		defer late.Stop()
		select {
		case <-late.C:
		case <-h.ctx.Done():
		}
	}
	if h.drop {
		panic(http.ErrAbortHandler)
	}
}

func (h *heldBack) WriteHeader(status int) {
	h.begin()
	h.ResponseWriter.WriteHeader(status)
}

func (h *heldBack) Write(p []byte) (int, error) {
	h.begin()
	return h.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (h *heldBack) Unwrap() http.ResponseWriter { return h.ResponseWriter }
