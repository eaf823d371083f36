package oauth

import "net/http"

// SignOut ends the sign-in of the browser that a request came from, if there is
// one, and takes its cookie back.
func (s *Server) SignOut(w http.ResponseWriter, r *http.Request) error {
	c, err := r.Cookie(s.cookieName(r))
	if err != nil || c.Value == "" || len(c.Value) > 100 {
		return nil
	}
	if err := s.Accounts.SignOut(r.Context(), c.Value); err != nil {
		return err
	}
	s.setCookie(w, r, "", -1)
	return nil
}
