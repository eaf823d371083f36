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

// Request tells who sent a request, by its Authorization header. Credentials
// that are missing or not valid give CodeUnauthorized.
func (g *Gate) Request(r *http.Request) (Identity, error) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(secret) == "" {
		return Identity{}, media.Errorf(media.CodeUnauthorized, "The request needs the header \"Authorization: Bearer <access token>\".")
	}
	return g.tokens.Identify(r.Context(), strings.TrimSpace(secret))
}
