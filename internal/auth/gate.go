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
	seen       Seen
}

// Seen is told whom a Gate has let through, or why not: by which kind of
// credentials, "bearer", "jwt", "oauth1" or, for none, "none". It is called from
// many goroutines.
type Seen func(r *http.Request, kind string, who Identity, err error)

// Watched is a Gate as this one that tells seen.
func (g *Gate) Watched(seen Seen) *Gate {
	watched := *g
	watched.seen = seen
	return &watched
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
	who, kind, done, err := g.request(r)
	if g.seen != nil {
		g.seen(r, kind, who, err)
	}
	return who, done, err
}

func (g *Gate) request(r *http.Request) (who Identity, kind string, done func(), err error) {
	header := r.Header.Get("Authorization")
	scheme, secret, _ := strings.Cut(header, " ")
	secret = strings.TrimSpace(secret)
	switch {
	case strings.EqualFold(scheme, "Bearer") && secret != "":
		who, kind, err = g.bearer(r, secret)
		return who, kind, func() {}, err
	case g.signatures != nil && (header == "" || strings.EqualFold(scheme, "OAuth")):
		who, done, found, err := g.signatures.request(r, secret)
		if found || err != nil {
			return who, "oauth1", done, err
		}
	}
	return Identity{}, "none", func() {}, media.Errorf(media.CodeNoCredentials, "The request needs the header \"Authorization: Bearer <access token>\". An OAuth 1.0a signature, in \"Authorization: OAuth …\", will do too.")
}

func (g *Gate) bearer(r *http.Request, token string) (who Identity, kind string, err error) {
	if g.issuer != nil && isJWT(token) {
		who, err = g.issuer.Identify(r.Context(), token)
		return who, "jwt", err
	}
	who, err = g.tokens.Identify(r.Context(), token)
	return who, "bearer", err
}
