package console

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// doorOpen is how long somebody may take to sign in.
const doorOpen = 15 * time.Minute

// door is a sign-in that has begun. The browser keeps it, sealed, in a cookie of
// its own, so that several tabs may sign in at once; it is opened by the state
// that comes back in the address, and only in the browser that it was given to.
type door struct {
	auth.Begun
	To    string
	Until time.Time
}

const sealedDoor = "console door"

// newDoor makes a sign-in.
func (s *Server) newDoor(r *http.Request, to string) (door, error) {
	var text [3]string
	for i := range text {
		b := make([]byte, 32)
		if _, err := io.ReadFull(s.Random, b); err != nil {
			return door{}, fmt.Errorf("begin a sign-in: %w", err)
		}
		text[i] = base64.RawURLEncoding.EncodeToString(b)
	}
	return door{
		Begun: auth.Begun{State: text[0], Verifier: text[1], Nonce: text[2], Callback: s.Origin(r) + auth.ConsoleCallback},
		To:    to, Until: s.Now().Add(doorOpen),
	}, nil
}

// setDoor gives the browser a sign-in to keep. The cookie is Lax and not Strict:
// an issuer is another site, and it is from there that the browser comes back.
func (s *Server) setDoor(w http.ResponseWriter, r *http.Request, d door) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: s.doorName(r, d.State), Value: s.Keys.Seal(sealedDoor, d.State, string(text)), Path: auth.ConsoleCallback,
		MaxAge: int(doorOpen.Seconds()), HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
	})
	return nil
}

// takeDoor gives the sign-in that a state opens, and takes its cookie back.
func (s *Server) takeDoor(w http.ResponseWriter, r *http.Request, state string) (door, bool) {
	c, err := r.Cookie(s.doorName(r, state))
	if err != nil || state == "" {
		return door{}, false
	}
	http.SetCookie(w, &http.Cookie{Name: c.Name, Path: auth.ConsoleCallback, MaxAge: -1, HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode})
	text, err := s.Keys.Open(sealedDoor, state, c.Value)
	if err != nil {
		return door{}, false
	}
	var d door
	if json.Unmarshal([]byte(text), &d) != nil || !s.Now().Before(d.Until) {
		return door{}, false
	}
	return d, true
}

// doorName tells the cookies of several tabs apart.
func (s *Server) doorName(r *http.Request, state string) string {
	sum := sha256.Sum256([]byte(state))
	return s.cookieName(r) + "_" + base64.RawURLEncoding.EncodeToString(sum[:9])
}

// signIn answers GET /console/sign-in: it sends the browser to where people sign
// in, and remembers where it came from.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	d, err := s.newDoor(r, within(r.URL.Query().Get("to")))
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	to, err := s.Sessions.Begin(r.Context(), d.Begun)
	if err != nil {
		s.wrong(w, r, err)
		return
	}
	if err := s.setDoor(w, r, d); err != nil {
		s.Fail(w, r, err)
		return
	}
	s.sendTo(w, to)
}

// callback answers GET /console/callback, to which the browser comes back: it
// makes the session and its cookie. Coming back twice is no harm.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	d, ok := s.takeDoor(w, r, query.Get("state"))
	if !ok {
		if s.secret(r) != "" { // it was here before
			s.sendTo(w, Path)
			return
		}
		s.tell(w, "late")
		return
	}
	if code := query.Get("error"); code != "" {
		s.Log.WarnContext(r.Context(), "sign-in to the console refused", "error", shorten(code), "description", shorten(query.Get("error_description")))
		switch code {
		case "access_denied":
			s.tell(w, "denied")
		case "server_error", "temporarily_unavailable":
			s.tell(w, "away")
		default:
			s.tell(w, "refused")
		}
		return
	}
	secret := auth.ConsoleSecret(s.Keys, d.Begun)
	if err := s.Sessions.Enter(r.Context(), secret, d.Begun, auth.Came{Code: query.Get("code"), Issuer: query.Get("iss")}); err != nil {
		s.wrong(w, r, err)
		return
	}
	s.setSession(w, r, secret, auth.ConsoleMost)
	s.sendTo(w, d.To)
}

// wrong tells why signing in did not work; the log knows more.
func (s *Server) wrong(w http.ResponseWriter, r *http.Request, err error) {
	s.Log.WarnContext(r.Context(), "sign-in to the console did not work", "err", err)
	switch media.CodeOf(err) {
	case media.CodeForbidden, media.CodeUnauthorized, media.CodeNotFound:
		s.tell(w, "refused")
	default:
		s.tell(w, "away")
	}
}

// tell sends the browser to the page, which has words for what went wrong.
func (s *Server) tell(w http.ResponseWriter, what string) { s.sendTo(w, Path+"?sign-in="+what) }

// sendTo sends the browser on. Nothing on the way may keep what is in the address.
func (s *Server) sendTo(w http.ResponseWriter, to string) {
	h := w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}

// within gives a path of the console's pages as it is, and the first page for
// anything else: nobody is led elsewhere, nor in circles.
func within(to string) string {
	u, err := url.Parse(to)
	if err != nil || len(to) > 1500 || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(to, Path) ||
		strings.ContainsFunc(to, func(c rune) bool { return c <= ' ' || c == '\\' || c >= 0x7f }) {
		return Path
	}
	clean := path.Clean(u.Path)
	if clean+"/" != u.Path && clean != u.Path || clean == auth.ConsoleCallback || clean == Path+"sign-in" || clean == Path+"session" {
		return Path
	}
	query := u.Query()
	query.Del("sign-in") // what went wrong the last time
	u.RawQuery, u.Fragment = query.Encode(), ""
	return u.String()
}

// shorten keeps what somebody else wrote from filling the log.
func shorten(s string) string {
	const most = 200
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
