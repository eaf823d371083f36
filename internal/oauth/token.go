package oauth

import (
	"net/http"
	"strings"

	"magpie/internal/auth"
)

// maxForm is how much a request to one of the endpoints for clients may send.
const maxForm = 64 << 10

// tokenAnswer is what a client gets (RFC 6749 §5.1), as X writes it.
type tokenAnswer struct {
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	AccessToken  string `json:"access_token"`
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

// token answers POST /2/oauth2/token.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	issued, err := s.issue(w, r)
	if err != nil {
		s.answerFault(w, r, err)
		return
	}
	s.answer(w, r, http.StatusOK, tokenAnswer{
		TokenType: "bearer", ExpiresIn: int(auth.AccessLifetime.Seconds()), AccessToken: issued.Access,
		Scope: strings.Join(issued.Scopes, " "), RefreshToken: issued.Refresh,
	})
}

func (s *Server) issue(w http.ResponseWriter, r *http.Request) (auth.Issued, error) {
	fields, err := readForm(w, r, maxForm)
	if err != nil {
		return auth.Issued{}, err
	}
	var need []string
	switch grant := fields["grant_type"]; grant {
	case "":
		return auth.Issued{}, missing("grant_type")
	case "authorization_code":
		need = []string{"code", "redirect_uri", "code_verifier"}
	case "refresh_token":
		need = []string{"refresh_token"}
	case "client_credentials":
		return auth.Issued{}, &fault{http.StatusBadRequest, "unsupported_grant_type", "App-only tokens are given at POST /oauth2/token, for the key and the key secret."}
	default:
		return auth.Issued{}, &fault{http.StatusBadRequest, "unsupported_grant_type", "grant_type must be authorization_code or refresh_token."}
	}
	client, err := s.client(r, fields)
	if err != nil {
		return auth.Issued{}, err
	}
	for _, name := range need {
		if fields[name] == "" {
			return auth.Issued{}, missing(name)
		}
	}
	if fields["grant_type"] == "authorization_code" {
		return s.Consents.Redeem(r.Context(), client, fields["code"], fields["redirect_uri"], fields["code_verifier"])
	}
	var scopes []string
	if fields["scope"] != "" {
		if scopes, err = auth.ParseScopes(fields["scope"]); err != nil {
			return auth.Issued{}, err
		}
	}
	return s.Consents.Refresh(r.Context(), client, fields["refresh_token"], scopes)
}
