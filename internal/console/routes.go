package console

import (
	"context"
	"embed"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

//go:embed all:dist
var built embed.FS

// Path is below what everything of the console is.
const Path = "/console/"

// Config is what the console works with.
type Config struct {
	// Origins are those, beside the console's own, that media may come from.
	Origins []string
	// Origin is the console's own origin, as the browser sees it.
	Origin   func(*http.Request) string
	Sessions Sessions
	Keys     *auth.Keys
	// EndSignIn ends the browser's sign-in at the embedded OAuth 2 server.
	EndSignIn func(http.ResponseWriter, *http.Request) error
	// Public is the origin by which browsers reach the server, where a request
	// does not show it because a proxy stands between; "" for the request's.
	Public string
	// Secure says that browsers reach the server by TLS although a request does
	// not show it, because a proxy ends it.
	Secure bool
	Now    func() time.Time
	Random io.Reader
	Log    *slog.Logger
	// Fail answers for what there is none of, and for faults of the server.
	Fail func(http.ResponseWriter, *http.Request, error)
}

// Sessions are who is signed in: by the embedded OAuth 2 server (auth.Console), or
// by an OpenID Connect issuer (auth.ConsoleAtIssuer).
type Sessions interface {
	// Begin gives the address that the browser is sent to, to sign in.
	Begin(context.Context, auth.Begun) (string, error)
	// Enter makes a session with a secret for what the browser came back with. A
	// session that is there already is no error. CodeForbidden says that it can't be had.
	Enter(ctx context.Context, secret string, b auth.Begun, came auth.Came) error
	// Token gives an access token to whoever has the secret of a session. One that
	// is unknown or has ended is CodeUnauthorized.
	Token(ctx context.Context, secret string) (auth.SignedIn, error)
	// Leave ends a session; one that is not there is no error.
	Leave(ctx context.Context, secret string) error
}

// Server is the console of one server.
type Server struct {
	Config
	files   func() (map[string]file, error)
	foreign *http.CrossOriginProtection
	mux     *http.ServeMux
}

// New makes the console's handler, for Path and what is below it.
func New(c Config) (*Server, error) {
	dist, err := fs.Sub(built, "dist")
	if err != nil {
		return nil, err
	}
	return newServer(c, dist)
}

func newServer(c Config, dist fs.FS) (*Server, error) {
	s := &Server{Config: c, files: readOnce(dist), foreign: http.NewCrossOriginProtection(), mux: http.NewServeMux()}
	if c.Public != "" {
		if err := s.foreign.AddTrustedOrigin(c.Public); err != nil {
			return nil, err
		}
	}
	s.mux.HandleFunc("GET "+strings.TrimSuffix(Path, "/"), s.home)
	s.mux.HandleFunc("GET "+Path, s.page)
	s.mux.HandleFunc("GET "+Path+"assets/{file...}", s.asset)
	s.mux.HandleFunc("GET "+Path+"sign-in", s.signIn)
	s.mux.HandleFunc("GET "+auth.ConsoleCallback, s.callback)
	s.mux.HandleFunc("POST "+Path+"session", s.own(s.token))
	s.mux.HandleFunc("DELETE "+Path+"session", s.own(s.signOut))
	s.mux.HandleFunc("GET "+Path+"session", s.unknown)
	s.mux.HandleFunc("/", s.unknown)
	return s, nil
}

// Route puts the console under Path.
func (s *Server) Route(mux *http.ServeMux) {
	mux.Handle(Path, s)
	mux.Handle(strings.TrimSuffix(Path, "/"), s)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// home leads to where the pages are.
func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	to := Path
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusFound)
}

// unknown answers for what no route takes: pages are read, and no more.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request) {
	allowed := "GET, HEAD"
	if r.URL.Path == Path+"session" {
		allowed = "DELETE, POST"
	}
	w.Header().Set("Allow", allowed)
	s.Fail(w, r, media.Errorf(media.CodeNoMethod, "%s is not possible here; %s is.", r.Method, strings.ReplaceAll(allowed, ",", " or")))
}
