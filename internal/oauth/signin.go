package oauth

import (
	"errors"
	"math"
	"net/http"
	"strconv"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// signIn checks a name and a password and shows the request again, to somebody
// or with words. The cookie gets a new secret: one that somebody else could
// know is never a sign-in's.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, q request, v visitor, username, password string) {
	again := func(status int, err error) {
		var e *media.Error
		if errors.As(err, &e) && e.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
		}
		v.account.ID = "" // the form, also for somebody who was signed in
		s.ask(w, r, status, q, v, form{Username: username, Wrong: words(err), Code: media.CodeOf(err)})
	}
	if err := s.Attempts.Begin(username, r.RemoteAddr); err != nil {
		again(http.StatusTooManyRequests, err)
		return
	}
	secret, who, err := s.Accounts.SignIn(r.Context(), username, password)
	switch media.CodeOf(err) {
	case "":
	case media.CodeUnauthorized:
		s.Log.WarnContext(r.Context(), "sign-in refused", "from", r.RemoteAddr)
		again(http.StatusUnauthorized, err)
		return
	case media.CodeBusy:
		again(http.StatusServiceUnavailable, err)
		return
	default:
		s.Fail(w, r, err)
		return
	}
	s.Attempts.Right(username, r.RemoteAddr)
	s.Log.InfoContext(r.Context(), "signed in", "user", who.ID, "from", r.RemoteAddr)
	s.setCookie(w, r, secret, int(auth.SignInLifetime.Seconds()))
	s.sendTo(w, http.StatusSeeOther, q.action)
}
