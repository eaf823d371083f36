package oauth

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// maxDecision is how much a form of the pages may send.
const maxDecision = 16 << 10

// authorize shows the page that a request comes to: to sign in, or to decide.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q, ok := s.request(w, r)
	if !ok {
		return
	}
	v, err := s.visitor(w, r)
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	s.ask(w, r, http.StatusOK, q, v, form{})
}

// decide takes what a person did on one of the pages.
func (s *Server) decide(w http.ResponseWriter, r *http.Request) {
	fields, err := readForm(w, r, maxDecision)
	if err != nil {
		s.pages.refuse(w, http.StatusBadRequest, "What your browser sent can't be read. Go back and try again.")
		return
	}
	q, ok := s.request(w, r)
	if !ok {
		return
	}
	v, err := s.visitor(w, r)
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	// The token alone would do; where the browser says that another site sent
	// the form, it isn't even looked at.
	foreign := http.NewCrossOriginProtection().Check(r) != nil
	if foreign || subtle.ConstantTimeCompare([]byte(fields["form_token"]), []byte(s.formToken(v, q))) != 1 {
		s.ask(w, r, http.StatusForbidden, q, v, form{Wrong: "The page was no longer current, or your browser sends no cookies. Please try again."})
		return
	}
	switch action := fields["action"]; {
	case action == "sign_in":
		s.signIn(w, r, q, v, fields["username"], fields["password"])
	case v.account.ID == "":
		s.ask(w, r, http.StatusForbidden, q, v, form{Wrong: "You are not signed in any more."})
	case action == "sign_out":
		if err := s.SignOut(w, r); err != nil {
			s.Fail(w, r, err)
			return
		}
		s.sendTo(w, http.StatusSeeOther, q.action)
	case action == "deny":
		s.sendTo(w, http.StatusSeeOther, backTo(q.redirect, told(q.state, url.Values{
			"error": {"access_denied"}, "error_description": {"The user denied it."},
		})))
	case action == "allow":
		s.allow(w, r, http.StatusSeeOther, q, v)
	default:
		s.ask(w, r, http.StatusBadRequest, q, v, form{Wrong: "Choose one of the buttons."})
	}
}

// request gives the checked request, or answers why there is none.
func (s *Server) request(w http.ResponseWriter, r *http.Request) (request, bool) {
	q, no, err := s.readRequest(r)
	switch {
	case err != nil:
		s.Fail(w, r, err)
	case no != nil && no.back == nil:
		s.pages.refuse(w, http.StatusBadRequest, no.words)
	case no != nil:
		status := http.StatusFound
		if r.Method == http.MethodPost {
			status = http.StatusSeeOther
		}
		s.sendTo(w, status, backTo(no.back, told(no.state, url.Values{"error": {no.code}, "error_description": {no.description}})))
	}
	return q, err == nil && no == nil
}

func (s *Server) allow(w http.ResponseWriter, r *http.Request, status int, q request, v visitor) {
	scopes := auth.Given(q.scopes, v.account)
	if len(scopes) == 0 {
		s.sendTo(w, status, backTo(q.redirect, told(q.state, url.Values{
			"error": {"invalid_scope"}, "error_description": {"The user is no admin, and may give nothing of what was asked for."},
		})))
		return
	}
	code, err := s.Consents.Allow(r.Context(), auth.Ask{
		Client: q.client.ID, User: v.account.ID, Scopes: scopes, RedirectURI: q.uri, Challenge: q.challenge,
	})
	if media.CodeOf(err) == media.CodeForbidden {
		s.pages.refuse(w, http.StatusForbidden, words(err))
		return
	}
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	s.sendTo(w, status, backTo(q.redirect, told(q.state, url.Values{"code": {code}})))
}

// told adds the state that a client sent, if it sent one.
func told(state string, values url.Values) url.Values {
	if state != "" {
		values.Set("state", state)
	}
	return values
}

// sendTo sends the browser on. Nothing on the way may keep what is in the
// address.
func (s *Server) sendTo(w http.ResponseWriter, status int, to string) {
	h := w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
}

// ask shows the page for whoever is there. The console is part of the server: who
// has signed in is not asked whether it may act.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, status int, q request, v visitor, f form) {
	f.Action, f.Token, f.Client, f.House = q.action, s.formToken(v, q), q.client.Name, q.client.ID == auth.ConsoleClient
	if v.account.ID == "" {
		s.pages.signIn(w, r, status, f)
		return
	}
	if f.House || len(auth.Given(q.scopes, v.account)) == 0 {
		s.allow(w, r, http.StatusSeeOther, q, v)
		return
	}
	f.User, f.Powers, f.BackTo = v.account.Username, powers(auth.Given(q.scopes, v.account)), shownOf(q.redirect)
	s.pages.consent(w, status, f, q.redirect)
}

// visitor is a browser, and who has signed in there, if anybody has.
type visitor struct {
	secret  string // of the cookie
	account catalog.Account
}

// visitor tells who is there, and gives a browser that has no cookie one.
func (s *Server) visitor(w http.ResponseWriter, r *http.Request) (visitor, error) {
	if c, err := r.Cookie(s.cookieName(r)); err == nil && c.Value != "" && len(c.Value) <= 100 {
		who, err := s.Accounts.SignedIn(r.Context(), c.Value)
		if media.CodeOf(err) == media.CodeUnauthorized {
			err = nil
		}
		return visitor{c.Value, who}, err
	}
	secret, err := s.Accounts.NewVisit()
	if err == nil {
		s.setCookie(w, r, secret, 0)
	}
	return visitor{secret: secret}, err
}

// secure says whether the browser reached the server by TLS.
func (s *Server) secure(r *http.Request) bool { return s.Secure || r.TLS != nil }

// cookieName has the prefix that keeps other hosts from setting the cookie,
// which browsers know by TLS only.
func (s *Server) cookieName(r *http.Request) string {
	if s.secure(r) {
		return "__Host-magpie_signin"
	}
	return "magpie_signin"
}

func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, secret string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(r), Value: secret, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
	})
}

// formToken binds a form to the browser that it is shown in and to the request
// that it is about.
func (s *Server) formToken(v visitor, q request) string {
	_, query, _ := strings.Cut(q.action, "?")
	return base64.RawURLEncoding.EncodeToString(s.Keys.Derive("form of a page", v.secret+" "+query))
}

// words is what an error says to people.
func words(err error) string {
	var e *media.Error
	if errors.As(err, &e) {
		return e.Message()
	}
	return "The server could not answer. Its log says why."
}
