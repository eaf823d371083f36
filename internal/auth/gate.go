package auth

import (
	"net/http"
	"strings"

	"magpie/internal/media"
)

// Gate tells who sent a request, whatever kind of credentials it came with.
type Gate struct {
	tokens *Tokens
}

// NewGate makes a Gate that knows opaque tokens.
func NewGate(t *Tokens) *Gate { return &Gate{tokens: t} }

// Request tells who sent a request. Credentials that are missing or can't be
// read give CodeNoCredentials, ones that are not valid CodeUnauthorized or, for
// signed requests, CodeSignature. It may replace r.Body by one that reads the
// same bytes. The caller calls done once it is through with the request,
// whatever was returned; done is never nil.
func (g *Gate) Request(r *http.Request) (who Identity, done func(), err error) {
	done = func() {}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(secret) == "" {
		return Identity{}, done, media.Errorf(media.CodeNoCredentials, "The request needs the header \"Authorization: Bearer <access token>\". An OAuth 1.0a signature, in \"Authorization: OAuth …\", will do too.")
	}
	who, err = g.tokens.Identify(r.Context(), strings.TrimSpace(secret))
	return who, done, err
}
