package oauth

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// client tells which client sent a request with these fields, by HTTP Basic or,
// in the body, client_id and client_secret; a public client has no secret (RFC
// 6749 §2.3.1). What is wrong is a *fault.
func (s *Server) client(r *http.Request, fields map[string]string) (catalog.Client, error) {
	id, secret, basic := basicAuth(r)
	switch {
	case basic && fields["client_secret"] != "":
		return catalog.Client{}, invalidRequest("client_secret", "is there although the request has an Authorization header")
	case basic && fields["client_id"] != "" && fields["client_id"] != id:
		return catalog.Client{}, invalidRequest("client_id", "is not the one of the Authorization header")
	case !basic:
		id, secret = fields["client_id"], fields["client_secret"]
	}
	if id == "" {
		if basic || r.Header.Get("Authorization") != "" {
			return catalog.Client{}, noAuthorization()
		}
		return catalog.Client{}, missing("client_id")
	}
	client, err := s.Clients.Authenticate(r.Context(), id, secret)
	if err == nil {
		return client, nil
	}
	if media.CodeOf(err) != media.CodeUnauthorized {
		return catalog.Client{}, err
	}
	if !basic && secret == "" {
		if known, err := s.Clients.ByID(r.Context(), id); err == nil && !known.Public {
			return catalog.Client{}, noAuthorization()
		}
	}
	return catalog.Client{}, &fault{status: http.StatusUnauthorized, code: "invalid_client", words: words(err)}
}

// basicAuth reads an Authorization header of the scheme Basic, whose two parts
// are form-urlencoded. Those who forgot that are understood all the same.
func basicAuth(r *http.Request) (id, secret string, ok bool) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return "", "", true
	}
	id, secret, _ = strings.Cut(string(b), ":")
	if v, err := url.QueryUnescape(id); err == nil {
		id = v
	}
	if v, err := url.QueryUnescape(secret); err == nil {
		secret = v
	}
	return id, secret, true
}
