package auth

import (
	"net/http"
	"strings"

	"magpie/internal/media"
)

// Gate tells who sent a request, whatever kind of credentials it came with.
type Gate struct {
	tokens     *Tokens
	signatures *Signatures
	issuer     *Issuer
}

// NewGate makes a Gate that knows opaque tokens and, where they are not nil,
// OAuth 1.0a signatures and the JWTs of an issuer.
func NewGate(t *Tokens, s *Signatures, i *Issuer) *Gate {
	return &Gate{tokens: t, signatures: s, issuer: i}
}

// Request tells who sent a request. Credentials that are missing or can't be
// read give CodeNoCredentials, ones that are not valid CodeUnauthorized or, for
// signed requests, CodeSignature. It may replace r.Body by one that reads the
// same bytes. The caller calls done once it is through with the request,
// whatever was returned; done is never nil.
func (g *Gate) Request(r *http.Request) (who Identity, done func(), err error) {
	header := r.Header.Get("Authorization")
	scheme, secret, _ := strings.Cut(header, " ")
	secret = strings.TrimSpace(secret)
	switch {
	case strings.EqualFold(scheme, "Bearer") && secret != "":
		who, err = g.bearer(r, secret)
		return who, func() {}, err
	case g.signatures != nil && (header == "" || strings.EqualFold(scheme, "OAuth")):
		who, done, found, err := g.signatures.request(r, secret)
		if found || err != nil {
			return who, done, err
		}
	}
	return Identity{}, func() {}, media.Errorf(media.CodeNoCredentials, "The request needs the header \"Authorization: Bearer <access token>\". An OAuth 1.0a signature, in \"Authorization: OAuth …\", will do too.")
}

func (g *Gate) bearer(r *http.Request, token string) (Identity, error) {
	if g.issuer != nil && isJWT(token) {
		return g.issuer.Identify(r.Context(), token)
	}
	return g.tokens.Identify(r.Context(), token)
}
