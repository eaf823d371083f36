package auth

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/go-jose/go-jose/v4/jwt"

	"magpie/internal/media"
)

// What is taken from a token's claims at most.
const (
	maxUserClaim = 1 << 10
	maxScopes    = 200
)

// claims are a token's: the registered ones, and all of them as they stand.
type claims struct {
	jwt.Claims
	all map[string]json.RawMessage
}

// identity makes an Identity of a valid token's claims.
func (i *Issuer) identity(ctx context.Context, c claims) (Identity, error) {
	subject, ok := c.text(i.cfg.UserClaim)
	if !ok || subject == "" || len(subject) > maxUserClaim {
		return Identity{}, invalidJWT("has no claim %q that names the user", i.cfg.UserClaim)
	}
	scopes, err := c.scopes(i.cfg.ScopeClaim)
	if err != nil {
		return Identity{}, err
	}
	who := Identity{User: userOf(i.cfg.URL, subject), Scopes: scopes, ScopeClaim: i.cfg.ScopeClaim}
	if who.User != subject {
		i.log.DebugContext(ctx, "user of a JWT", "claim", subject, "user", who.User)
	}
	// azp is OpenID Connect's name for the client, client_id RFC 9068's.
	for _, name := range []string{"azp", "client_id"} {
		if client, ok := c.text(name); ok && client != "" && len(client) <= maxUserClaim {
			who.Client = "oidc:" + client // no client of magpie's own is called so
			break
		}
	}
	if len(c.ID) <= maxUserClaim {
		who.Token = c.ID
	}
	return who, nil
}

// text gives a claim that is a string or a whole number.
func (c claims) text(name string) (string, bool) {
	raw, ok := c.all[name]
	if !ok {
		return "", false
	}
	var s string
	if json.Unmarshal(raw, &s) == nil && raw[0] == '"' {
		return s, true
	}
	if _, err := media.ParseUserID(string(raw)); err == nil {
		return string(raw), true
	}
	return "", false
}

// scopes reads what a token is for: text with blanks between, or an array of
// texts. scp stands in for scope, as some issuers have it.
func (c claims) scopes(name string) ([]string, error) {
	raw, ok := c.all[name]
	if !ok && name == "scope" {
		raw, ok = c.all["scp"]
	}
	if !ok || string(raw) == "null" {
		return nil, nil
	}
	var list []string
	var text string
	switch {
	case json.Unmarshal(raw, &text) == nil:
		list = strings.Fields(text)
	case json.Unmarshal(raw, &list) != nil:
		return nil, invalidJWT("has a claim %q that is neither text nor an array of texts", name)
	}
	if len(list) > maxScopes {
		return nil, invalidJWT("has more than %d scopes", maxScopes)
	}
	return list, nil
}

// userOf gives the user id that belongs to an issuer's name for a user. What is
// 1 to 19 digits is the id; anything else becomes 18 digits out of a SHA-256
// over the issuer and the name, always the same ones.
func userOf(issuer, subject string) string {
	if id, err := media.ParseUserID(subject); err == nil {
		return id
	}
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	const lowest, many = 100_000_000_000_000_000, 900_000_000_000_000_000
	return strconv.FormatUint(lowest+binary.BigEndian.Uint64(sum[:8])%many, 10)
}
