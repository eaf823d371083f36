package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"magpie/internal/media"
)

// maxJWT bounds a token; issuers stay below, since header lines end at 8 KiB in
// most servers.
const maxJWT = 16 << 10

// IssuerConfig says whose JWTs are taken, and how their claims are read.
type IssuerConfig struct {
	URL        string        // as in the tokens' iss; its discovery document is below it
	Audience   []string      // a token's aud must name one of them
	UserClaim  string        // who the user is
	ScopeClaim string        // what the token is for: text with blanks between, or an array
	Skew       time.Duration // how far the clocks may be apart
	Client     *http.Client  // asks the issuer
}

// Issuer checks JWTs (RFC 7519, access tokens as RFC 9068 has them) that an
// OpenID Connect issuer signed with an asymmetric key. It learns the keys by
// OpenID Connect Discovery when the first token comes.
type Issuer struct {
	cfg  IssuerConfig
	keys *issuerKeys
	now  func() time.Time
	log  *slog.Logger
}

// NewIssuer makes an Issuer, and asks nobody yet.
func NewIssuer(cfg IssuerConfig, now func() time.Time, log *slog.Logger) *Issuer {
	return &Issuer{cfg: cfg, keys: newIssuerKeys(cfg.URL, cfg.Client, now, log), now: now, log: log}
}

// asymmetric lists the algorithms that are taken: never none, and none by which
// the issuer's public key would be the secret.
func asymmetric() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
}

// isJWT tells a JWT from an opaque token: three parts with dots between, the
// first of them a JSON object.
func isJWT(token string) bool {
	head, _, _ := strings.Cut(token, ".")
	if strings.Count(token, ".") != 2 || len(head) > maxJWT {
		return false
	}
	b, err := base64.RawURLEncoding.DecodeString(head)
	var object map[string]json.RawMessage
	return err == nil && json.Unmarshal(b, &object) == nil && object != nil
}

// Identify tells whose token a JWT is. One that is not valid gives
// CodeUnauthorized; while the issuer's keys can't be had, CodeBusy.
func (i *Issuer) Identify(ctx context.Context, token string) (Identity, error) {
	if len(token) > maxJWT {
		return Identity{}, invalidJWT("is longer than %d bytes", maxJWT)
	}
	t, err := jwt.ParseSigned(token, asymmetric())
	if err != nil {
		var alg *jose.ErrUnexpectedSignatureAlgorithm
		if errors.As(err, &alg) {
			return Identity{}, invalidJWT("is signed by %.20q; it must be one of %s", alg.Got, names(asymmetric()))
		}
		return Identity{}, invalidJWT("is not a JWT that can be read")
	}
	head := t.Headers[0] // a compact JWT has one
	if kind, _ := head.ExtraHeaders[jose.HeaderType].(string); !slices.Contains([]string{"", "jwt", "at+jwt", "application/at+jwt"}, strings.ToLower(kind)) {
		return Identity{}, invalidJWT("has the typ %.40q; an access token's is at+jwt or JWT", kind)
	}
	// Who says to be another's need not be checked, and costs the issuer nothing.
	var claimed jwt.Claims
	if err := t.UnsafeClaimsWithoutVerification(&claimed); err != nil {
		return Identity{}, invalidJWT("has claims that can't be read")
	}
	if claimed.Issuer != i.cfg.URL {
		return Identity{}, invalidJWT("is of another issuer than %s", i.cfg.URL)
	}
	c, err := i.verify(ctx, t, head.KeyID, head.Algorithm)
	if err != nil {
		return Identity{}, err
	}
	return i.identity(ctx, c)
}

// verify checks signature and validity, and gives the claims.
func (i *Issuer) verify(ctx context.Context, t *jwt.JSONWebToken, kid, alg string) (claims, error) {
	for again := range 2 {
		keys, err := i.keys.find(ctx, kid, alg, again > 0)
		if err != nil {
			return claims{}, err
		}
		for _, key := range keys {
			var c claims
			if t.Claims(key.Key, &c.Claims, &c.all) != nil {
				continue
			}
			return c, i.valid(c)
		}
		if kid != "" {
			if len(keys) == 0 {
				return claims{}, invalidJWT("is signed by a key that its issuer doesn't publish")
			}
			break
		}
		// Without a key's name, a new key can't be told from a false signature.
	}
	return claims{}, invalidJWT("has a signature that does not hold")
}

// valid holds what a token says of itself against the settings and the clock.
func (i *Issuer) valid(c claims) error {
	if c.Expiry == nil {
		return invalidJWT("has no claim exp, so it would never expire")
	}
	err := c.ValidateWithLeeway(jwt.Expected{Issuer: i.cfg.URL, AnyAudience: i.cfg.Audience, Time: i.now()}, i.cfg.Skew)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrExpired):
		return invalidJWT("has expired")
	case errors.Is(err, jwt.ErrNotValidYet):
		return invalidJWT("is not valid yet (its claim nbf)")
	case errors.Is(err, jwt.ErrIssuedInTheFuture):
		return invalidJWT("was issued in the future (its claim iat)")
	case errors.Is(err, jwt.ErrInvalidAudience):
		return invalidJWT("is not for this server: its claim aud must name %s", strings.Join(i.cfg.Audience, " or "))
	}
	return invalidJWT("is of another issuer than %s", i.cfg.URL)
}

func invalidJWT(format string, args ...any) error {
	return media.Errorf(media.CodeUnauthorized, "The access token "+format+".", args...)
}

func names[T ~string](list []T) string {
	text := make([]string, len(list))
	for i, v := range list {
		text[i] = string(v)
	}
	return strings.Join(text, ", ")
}
