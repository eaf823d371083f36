package console

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// answer is who is signed in, and a token to call the API with.
type answer struct {
	AccessToken string   `json:"access_token"`
	ExpiresIn   int      `json:"expires_in"` // seconds
	User        string   `json:"user"`
	Username    string   `json:"username"`
	Scopes      []string `json:"scopes"`
	Admin       bool     `json:"admin"`
}

// token answers POST /console/session: who is signed in, with a new access token.
// Asking again, also at once in two tabs, is no harm.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	secret := s.secret(r)
	if secret == "" {
		s.Fail(w, r, media.Errorf(media.CodeUnauthorized, "Nobody is signed in to the console."))
		return
	}
	who, err := s.Sessions.Token(r.Context(), secret)
	if media.CodeOf(err) == media.CodeUnauthorized {
		s.setSession(w, r, "", -time.Second)
	}
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	body, err := json.Marshal(answer{
		AccessToken: who.Access, ExpiresIn: int(who.Lifetime.Seconds()), User: who.User, Username: who.Username,
		Scopes: who.Scopes, Admin: slices.Contains(who.Scopes, auth.Admin),
	})
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)+1))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(append(body, '\n'))
}

// signOut answers DELETE /console/session: the session, its access tokens and the
// sign-in that it came of end.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	if secret := s.secret(r); secret != "" {
		if err := s.Sessions.Leave(r.Context(), secret); err != nil {
			s.Fail(w, r, err)
			return
		}
	}
	if err := s.EndSignIn(w, r); err != nil {
		s.Fail(w, r, err)
		return
	}
	s.setSession(w, r, "", -time.Second)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// own lets through only what a page of this origin sent.
func (s *Server) own(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.foreign.Check(r); err != nil {
			s.Fail(w, r, media.Errorf(media.CodeForbidden, "Only the console's own pages may ask this."))
			return
		}
		next(w, r)
	}
}

// secret is that of the session in the request's cookie, or "".
func (s *Server) secret(r *http.Request) string {
	c, err := r.Cookie(s.cookieName(r))
	if err != nil || len(c.Value) > 100 {
		return ""
	}
	return c.Value
}

// setSession gives the browser the cookie, or takes it back. Only the console's own
// scripts make requests that need it, so it is Strict: no other site's page can
// have it sent.
func (s *Server) setSession(w http.ResponseWriter, r *http.Request, secret string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(r), Value: secret, Path: "/console", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteStrictMode,
	})
}

// secure says whether the browser reached the server by TLS.
func (s *Server) secure(r *http.Request) bool { return s.Secure || r.TLS != nil }

// cookieName has the prefix that keeps plain HTTP from setting the cookie, which
// browsers know by TLS only.
func (s *Server) cookieName(r *http.Request) string {
	if s.secure(r) {
		return "__Secure-magpie_console"
	}
	return "magpie_console"
}
