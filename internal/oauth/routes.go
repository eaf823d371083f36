package oauth

import (
	"log/slog"
	"net/http"
	"strings"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// Config is what the endpoints work with.
type Config struct {
	Accounts *auth.Accounts
	Attempts *auth.Attempts
	Clients  *auth.Clients
	Consents *auth.Consents
	Keys     *auth.Keys
	// Secure says that browsers reach the server by TLS although a request does
	// not show it, because a proxy ends it.
	Secure bool
	// Fail answers for routes that there are none of, and for faults of the server.
	Fail func(http.ResponseWriter, *http.Request, error)
	Log  *slog.Logger
}

// Server is the OAuth 2 endpoints of one server.
type Server struct {
	Config
	pages *pages
	mux   *http.ServeMux
}

// New makes the endpoints' handler.
func New(c Config) *Server {
	s := &Server{Config: c, pages: newPages(), mux: http.NewServeMux()}
	for _, path := range []string{"/2/oauth2/authorize", "/i/oauth2/authorize"} {
		s.mux.HandleFunc("GET "+path, s.authorize)
		s.mux.HandleFunc("POST "+path, s.decide)
	}
	s.mux.HandleFunc("GET "+stylePath, s.pages.style)
	s.mux.HandleFunc("POST /2/oauth2/token", s.token)
	s.mux.HandleFunc("POST /2/oauth2/revoke", s.revoke)
	s.mux.HandleFunc("POST /oauth2/token", s.appToken)
	s.mux.HandleFunc("POST /oauth2/invalidate_token", s.endAppToken)
	s.mux.HandleFunc("/", s.unknown)
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// unknown answers for what no route takes: 405 where another method would do,
// else 404.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "/" && pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		s.Fail(w, r, media.Errorf(media.CodeNoMethod, "%s is not possible here; %s is.", r.Method, strings.Join(allowed, " or ")))
		return
	}
	s.Fail(w, r, media.Errorf(media.CodeNotFound, "There is nothing at %s %s.", r.Method, r.URL.Path))
}
