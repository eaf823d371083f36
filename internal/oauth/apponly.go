package oauth

import (
	"net/http"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// v1Fault is an error as X's older endpoints answer it.
type v1Fault struct {
	Code    int    `json:"code"`
	Label   string `json:"label"`
	Message string `json:"message"`
}

func (s *Server) refuseV1(w http.ResponseWriter, r *http.Request, f v1Fault) {
	s.answer(w, r, http.StatusForbidden, map[string][]v1Fault{"errors": {f}})
}

// appToken answers POST /oauth2/token: the app-only token of a client, for its
// key and key secret.
func (s *Server) appToken(w http.ResponseWriter, r *http.Request) {
	client, fields, ok := s.keyClient(w, r)
	if !ok {
		return
	}
	if fields["grant_type"] != "client_credentials" {
		message := "grant_type must be client_credentials"
		if fields["grant_type"] == "" {
			message = "Missing required parameter: grant_type"
		}
		s.refuseV1(w, r, v1Fault{170, "forbidden_missing_parameter", message})
		return
	}
	token, err := s.Clients.AppToken(r.Context(), client)
	if media.CodeOf(err) == media.CodeUnauthorized { // revoked meanwhile
		s.refuseV1(w, r, unverified())
		return
	}
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	s.answer(w, r, http.StatusOK, struct {
		TokenType   string `json:"token_type"`
		AccessToken string `json:"access_token"`
	}{"bearer", token})
}

// endAppToken answers POST /oauth2/invalidate_token: the token ends, and the
// next call of appToken gives another.
func (s *Server) endAppToken(w http.ResponseWriter, r *http.Request) {
	client, fields, ok := s.keyClient(w, r)
	if !ok {
		return
	}
	token := fields["access_token"]
	if token == "" {
		token = r.URL.Query().Get("access_token") // as some clients send it
	}
	if token == "" {
		s.refuseV1(w, r, v1Fault{170, "forbidden_missing_parameter", "Missing required parameter: access_token"})
		return
	}
	err := s.Clients.EndAppToken(r.Context(), client, token)
	if media.CodeOf(err) == media.CodeNotFound {
		s.refuseV1(w, r, v1Fault{348, "forbidden_invalid_token", "Client application is not permitted to invalidate this token."})
		return
	}
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	s.answer(w, r, http.StatusOK, map[string]string{"access_token": token})
}

// keyClient tells which client sent a request, or answers that none is known.
func (s *Server) keyClient(w http.ResponseWriter, r *http.Request) (catalog.Client, map[string]string, bool) {
	fields, err := readForm(w, r, maxForm)
	if err != nil {
		s.Fail(w, r, err)
		return catalog.Client{}, nil, false
	}
	key, secret, ok := basicAuth(r)
	if !ok || key == "" || secret == "" {
		s.refuseV1(w, r, unverified())
		return catalog.Client{}, nil, false
	}
	client, err := s.Clients.AuthenticateKey(r.Context(), key, secret)
	if media.CodeOf(err) == media.CodeUnauthorized {
		s.refuseV1(w, r, unverified())
		return catalog.Client{}, nil, false
	}
	if err != nil {
		s.Fail(w, r, err)
		return catalog.Client{}, nil, false
	}
	return client, fields, true
}

// unverified is X's answer to credentials that are not an app's.
func unverified() v1Fault {
	return v1Fault{99, "authenticity_token_error", "Unable to verify your credentials"}
}
