package oauth

import (
	"net/http"

	"magpie/internal/media"
)

// revoke answers POST /2/oauth2/revoke (RFC 7009). A token that nobody knows
// has ended as much as one can, so that is no error.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	if err := s.giveBack(w, r); err != nil {
		s.answerFault(w, r, err)
		return
	}
	s.answer(w, r, http.StatusOK, map[string]bool{"revoked": true})
}

func (s *Server) giveBack(w http.ResponseWriter, r *http.Request) error {
	fields, err := readForm(w, r, maxForm)
	if err != nil {
		return err
	}
	client, err := s.client(r, fields)
	if err != nil {
		return err
	}
	if fields["token"] == "" {
		return missing("token")
	}
	err = s.Consents.Revoke(r.Context(), client, fields["token"])
	if media.CodeOf(err) == media.CodeForbidden {
		return &fault{http.StatusBadRequest, "invalid_request", words(err)}
	}
	return err
}
