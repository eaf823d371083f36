package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// MinBootstrap is the least length of a token that an operator makes up.
const MinBootstrap = 32

// secretPrefix begins every issued secret: scanners that look for leaked ones
// know it by that, and no command line takes one for a flag.
const secretPrefix = "mgp_"

// IsToken tells a token itself, or another secret of magpie's, from the id of one.
func IsToken(text string) bool { return strings.HasPrefix(text, secretPrefix) }

// Tokens issues and checks opaque bearer tokens.
type Tokens struct {
	catalog *catalog.Catalog
	known   *known
	now     func() time.Time
	random  io.Reader
}

// NewTokens makes Tokens over a catalogue.
func NewTokens(c *catalog.Catalog, now func() time.Time, random io.Reader) *Tokens {
	return &Tokens{catalog: c, known: newKnown(c, now), now: now, random: random}
}

// Grant is what a new token is for.
type Grant struct {
	User     string
	Scopes   []string
	AppOnly  bool
	Label    string
	Lifetime time.Duration // 0: until revoked
}

// Check refuses a grant that no token should have.
func (g Grant) Check() error {
	if _, err := media.ParseUserID(g.User); err != nil {
		return err
	}
	if g.Lifetime < 0 {
		return media.Invalid("lifetime", "%s is negative", g.Lifetime)
	}
	if len(g.Scopes) == 0 {
		return media.Invalid("scopes", "name at least one of %s", strings.Join(Scopes(), ", "))
	}
	for _, s := range g.Scopes {
		if !slices.Contains(Scopes(), s) {
			return media.Invalid("scopes", "%q is none of %s", s, strings.Join(Scopes(), ", "))
		}
	}
	return nil
}

// Issue makes a token and gives its secret, which is kept nowhere.
func (t *Tokens) Issue(ctx context.Context, g Grant) (secret string, err error) {
	if err := g.Check(); err != nil {
		return "", err
	}
	if secret, err = newSecret(t.random); err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	row, err := t.row(g, secret)
	if err != nil {
		return "", err
	}
	if err := t.catalog.CreateToken(ctx, row); err != nil {
		return "", fmt.Errorf("keep the token: %w", err)
	}
	return secret, nil
}

// Bootstrap makes secret a token of user 1 with all scopes, if the catalogue
// is empty. It may be called at every start.
func (t *Tokens) Bootstrap(ctx context.Context, secret string) (created bool, err error) {
	if len(secret) < MinBootstrap {
		return false, media.Invalid("MAGPIE_BOOTSTRAP_TOKEN", "must have at least %d characters; it has %d", MinBootstrap, len(secret))
	}
	row, err := t.row(Grant{User: "1", Scopes: Scopes(), Label: "bootstrap"}, secret)
	if err != nil {
		return false, err
	}
	return t.catalog.CreateFirstToken(ctx, row)
}

func (t *Tokens) row(g Grant, secret string) (catalog.Token, error) {
	id := make([]byte, 6)
	if _, err := io.ReadFull(t.random, id); err != nil {
		return catalog.Token{}, fmt.Errorf("name a token: %w", err)
	}
	row := catalog.Token{
		ID: hex.EncodeToString(id), Hash: hash(secret), User: g.User, Scopes: g.Scopes,
		AppOnly: g.AppOnly, Label: g.Label, CreatedAt: t.now(),
	}
	if g.Lifetime > 0 {
		row.ExpiresAt = row.CreatedAt.Add(g.Lifetime)
	}
	return row, nil
}

// Identify tells whose token a secret is. A token that is unknown, revoked or
// expired gives CodeUnauthorized.
func (t *Tokens) Identify(ctx context.Context, secret string) (Identity, error) {
	row, err := t.known.token(ctx, hash(secret))
	if media.CodeOf(err) == media.CodeNotFound {
		return Identity{}, media.Errorf(media.CodeUnauthorized, "The access token is not known here.")
	}
	if err != nil {
		return Identity{}, fmt.Errorf("look the token up: %w", err)
	}
	if !row.RevokedAt.IsZero() {
		return Identity{}, media.Errorf(media.CodeUnauthorized, "The access token was revoked.")
	}
	if !row.ExpiresAt.IsZero() && !t.now().Before(row.ExpiresAt) {
		return Identity{}, media.Errorf(media.CodeUnauthorized, "The access token has expired.")
	}
	return Identity{User: row.User, Scopes: row.Scopes, AppOnly: row.AppOnly, Token: row.ID, Client: row.Client}, nil
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
