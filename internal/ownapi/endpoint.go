package ownapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// need is what an endpoint asks of a caller.
type need struct {
	scopes  []string // one of them
	appOnly bool     // an app-only token will do
}

// handler answers one request of an identified caller, or returns why not.
// Once it has written anything it returns nil.
type handler func(w http.ResponseWriter, r *http.Request, who auth.Identity) error

// endpoint makes an http.Handler of a handler: it identifies the caller, holds
// the need against what they may, and answers errors. An endpoint that asks for
// no credentials is no endpoint: put its handler into the mux as it is.
func (a *API) endpoint(n need, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, done, err := a.gate.Request(r)
		defer done()
		if err == nil {
			err = n.check(who)
		}
		if err == nil {
			err = h(w, r, who)
		}
		if err != nil {
			a.fail(w, r, err)
		}
	})
}

// check reports whether a caller has what is needed.
func (n need) check(who auth.Identity) error {
	var err error
	for _, scope := range n.scopes {
		if err = who.Need(scope, n.appOnly); err == nil {
			return nil
		}
	}
	if len(n.scopes) > 1 && media.CodeOf(err) == media.CodeForbidden {
		return media.Errorf(media.CodeForbidden, "The token lacks the scope %s, one of which this endpoint needs.", strings.Join(n.scopes, " or "))
	}
	return err
}

// How much of a JSON body is read, and how long it may take.
const (
	maxBody  = 1 << 20
	bodyTime = 30 * time.Second
)

// readBody reads a request's JSON body into v, which takes no other members
// than it has. No body at all is CodeInvalid.
func readBody(w http.ResponseWriter, r *http.Request, v any) error {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime)) // not every connection has one
	b, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return &media.Error{
			Code: media.CodeInvalid, Field: "body", Cause: err,
			Detail: "The request body broke off before its end, or came too slowly; send the request again.",
		}
	}
	if len(b) > maxBody {
		return media.Errorf(media.CodeTooLarge, "The JSON body has more than %d bytes.", maxBody)
	}
	_ = control.SetReadDeadline(time.Time{}) // past the body it would take the client for gone
	return decode(b, v)
}

// decode is readBody for bytes at hand.
func decode(b []byte, v any) error {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil && d.InputOffset() < int64(len(b)) {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is something after the JSON object")
		}
	}
	var typed *json.UnmarshalTypeError
	switch {
	case errors.As(err, &typed) && typed.Field != "":
		return media.Invalid("$."+typed.Field, "must be %s, not a JSON %s", typeWords(typed.Type.String()), typed.Value)
	case errors.Is(err, io.EOF):
		return media.Invalid("body", "must be a JSON object; there is none")
	case err != nil:
		return media.Invalid("body", "must be a JSON object with the members that this endpoint has: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// typeWords says a Go type as people who write JSON do.
func typeWords(t string) string {
	switch t = strings.TrimLeft(t, "*"); {
	case t == "string":
		return "a string"
	case t == "bool":
		return "true or false"
	case strings.HasPrefix(t, "int") || strings.HasPrefix(t, "uint"):
		return "a whole number"
	case strings.HasPrefix(t, "float"):
		return "a number"
	case strings.HasPrefix(t, "[]"):
		return "a list"
	}
	return "an object"
}

// answer sends a successful JSON body. body nil sends none, with the status 204.
func (a *API) answer(w http.ResponseWriter, _ *http.Request, status int, body any) error {
	h := w.Header()
	h.Set("Cache-Control", "no-cache, no-store, max-age=0")
	h.Set("X-Content-Type-Options", "nosniff")
	if body == nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(b)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // a client that left needs no answer
	return nil
}

// parameters reads a request's query, in which each of names may be once and
// nothing else at all.
func parameters(r *http.Request, names ...string) (map[string]string, error) {
	out := map[string]string{}
	for name, values := range r.URL.Query() {
		known := false
		for _, n := range names {
			known = known || n == name
		}
		switch {
		case !known && len(names) == 0:
			return nil, media.Invalid(name, "is no parameter of this endpoint, which takes none")
		case !known:
			return nil, media.Invalid(name, "is no parameter of this endpoint, which takes %s", strings.Join(names, ", "))
		case len(values) > 1:
			return nil, media.Invalid(name, "is there %d times; it may be there once", len(values))
		}
		out[name] = values[0]
	}
	return out, nil
}
