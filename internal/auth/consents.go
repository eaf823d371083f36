package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// How long what a consent gives is valid, as on X.
const (
	CodeLifetime   = 30 * time.Second
	AccessLifetime = 2 * time.Hour
	RefreshIdle    = 60 * 24 * time.Hour // a refresh token that is not used; each use gives a new one
)

// OfflineAccess is the scope that brings a refresh token.
const OfflineAccess = "offline.access"

// Consents are what users let clients do, and the codes, access tokens and
// refresh tokens that this gives (RFC 6749 §4.1 and §6, RFC 7636). Of their
// secrets only the SHA-256 is kept.
type Consents struct {
	catalog *catalog.Catalog
	now     func() time.Time
	random  io.Reader
}

// NewConsents makes Consents over a catalogue.
func NewConsents(c *catalog.Catalog, now func() time.Time, random io.Reader) *Consents {
	return &Consents{catalog: c, now: now, random: random}
}

// Ask is what a user allowed.
type Ask struct {
	Client      string // id of the client
	User        string
	Scopes      []string
	RedirectURI string
	Challenge   Challenge
}

// Challenge is a client's proof that it is the one that asked (RFC 7636).
type Challenge struct {
	Text   string
	Method string // S256 or plain
}

var challengeForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,128}$`)

// ParseChallenge checks code_challenge and code_challenge_method, which is
// plain where it is missing. X's own examples have a plain challenge of 9
// characters, so the 43 of RFC 7636 are asked of S256 only, whose length they
// are.
func ParseChallenge(text, method string) (Challenge, error) {
	switch {
	case text == "":
		return Challenge{}, media.Invalid("code_challenge", "is missing: PKCE is required")
	case method != "" && method != "plain" && method != "S256":
		return Challenge{}, media.Invalid("code_challenge_method", "must be S256 or plain")
	case !challengeForm.MatchString(text):
		return Challenge{}, media.Invalid("code_challenge", "must have 1 to 128 letters, digits and - . _ ~")
	case method == "S256" && len(text) != base64.RawURLEncoding.EncodedLen(sha256.Size):
		return Challenge{}, media.Invalid("code_challenge", "must be the SHA-256 of the verifier in base64url: 43 characters")
	case method == "":
		method = "plain"
	}
	return Challenge{Text: text, Method: method}, nil
}

// meets says whether a verifier is the one that the challenge was made from.
func (c Challenge) meets(verifier string) bool {
	if c.Method == "S256" {
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(verifier), []byte(c.Text)) == 1
}

// ParseScopes reads scopes with blanks between them, each once. None and ones
// that X doesn't have are CodeInvalid.
func ParseScopes(text string) ([]string, error) {
	var scopes []string
	for _, s := range strings.Fields(text) {
		if !slices.Contains(Scopes(), s) {
			return nil, media.Invalid("scope", "%.100q is not a scope; there are %s", s, strings.Join(Scopes(), " "))
		}
		if !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	if len(scopes) == 0 {
		return nil, media.Invalid("scope", "is missing; name at least one, such as tweet.read")
	}
	return scopes, nil
}

// Allow records a consent and gives its code. A client that was revoked, a
// user that was erased, and one who is no admin any more and gives Admin, are
// CodeForbidden.
func (c *Consents) Allow(ctx context.Context, a Ask) (code string, err error) {
	if code, err = newSecret(c.random); err != nil {
		return "", fmt.Errorf("make a code: %w", err)
	}
	id, err := c.newID()
	if err != nil {
		return "", err
	}
	now := c.now()
	ends := now.Add(CodeLifetime)
	made, err := c.catalog.CreateConsent(ctx,
		catalog.Consent{ID: id, Client: a.Client, User: a.User, Scopes: a.Scopes, CreatedAt: now, EndsAt: ends},
		catalog.Code{Hash: hash(code), Consent: id, RedirectURI: a.RedirectURI, Challenge: a.Challenge.Text, Method: a.Challenge.Method, ExpiresAt: ends},
		slices.Contains(a.Scopes, Admin))
	if err != nil {
		return "", err
	}
	if !made {
		return "", media.Errorf(media.CodeForbidden, "The client was revoked, or the account is gone or no admin's any more.")
	}
	return code, nil
}

// Issued is what a client gets for a code or a refresh token.
type Issued struct {
	Access  string
	Refresh string // "" without the scope offline.access
	Scopes  []string
}

// Redeem gives tokens for a code. What is wrong with the code, the URI or the
// verifier is CodeForbidden: the grant is not valid. A code that was used
// before takes the whole consent with it (RFC 6749 §4.1.2).
func (c *Consents) Redeem(ctx context.Context, client catalog.Client, code, redirectURI, verifier string) (Issued, error) {
	invalid := func(words string) error {
		return media.Errorf(media.CodeForbidden, "Value passed for the authorization code was invalid. %s", words)
	}
	row, consent, err := c.catalog.Code(ctx, hash(code))
	if media.CodeOf(err) == media.CodeNotFound || err == nil && consent.Client != client.ID {
		return Issued{}, invalid("This client was given no such code.")
	}
	if err != nil {
		return Issued{}, err
	}
	switch {
	case !row.UsedAt.IsZero():
		if _, err := c.catalog.RevokeConsent(ctx, consent.ID, c.now()); err != nil {
			return Issued{}, err
		}
		return Issued{}, invalid("It was used before, so all that it gave is revoked now.")
	case !consent.RevokedAt.IsZero():
		return Issued{}, invalid("The user's consent was revoked.")
	case !c.now().Before(row.ExpiresAt):
		return Issued{}, invalid("It has expired: a code is valid for 30 seconds.")
	case row.RedirectURI != redirectURI:
		return Issued{}, invalid("The redirect_uri is not the one that it was asked for with.")
	case !Challenge{row.Challenge, row.Method}.meets(verifier):
		return Issued{}, invalid("The code_verifier does not meet the code_challenge.")
	}
	return c.issue(ctx, client, consent, consent.Scopes, invalid,
		func(access catalog.Token, refresh *catalog.RefreshToken) (catalog.Redemption, error) {
			return c.catalog.RedeemCode(ctx, row.Hash, consent.ID, access, refresh, c.now())
		})
}

// Refresh gives tokens for a refresh token, which is used up by that; scopes,
// if any, are what the access token shall be able to do, out of those of the
// consent. A token that is not valid is CodeForbidden, and one that was used
// before takes the whole consent with it (RFC 9700 §4.14.2).
func (c *Consents) Refresh(ctx context.Context, client catalog.Client, token string, scopes []string) (Issued, error) {
	invalid := func(words string) error {
		return media.Errorf(media.CodeForbidden, "Value passed for the token was invalid. %s", words)
	}
	row, consent, err := c.catalog.RefreshToken(ctx, hash(token))
	if media.CodeOf(err) == media.CodeNotFound || err == nil && consent.Client != client.ID {
		return Issued{}, invalid("This client was given no such refresh token.")
	}
	if err != nil {
		return Issued{}, err
	}
	switch {
	case !consent.RevokedAt.IsZero():
		return Issued{}, invalid("The user's consent was revoked.")
	case !row.UsedAt.IsZero():
		if _, err := c.catalog.RevokeConsent(ctx, consent.ID, c.now()); err != nil {
			return Issued{}, err
		}
		return Issued{}, invalid("It was used before, so all that hangs from the same consent is revoked now.")
	case !c.now().Before(row.ExpiresAt):
		return Issued{}, invalid("It has expired.")
	}
	if len(scopes) == 0 {
		scopes = consent.Scopes
	}
	for _, s := range scopes {
		if !slices.Contains(consent.Scopes, s) {
			return Issued{}, media.Invalid("scope", "The user did not consent to %s.", s)
		}
	}
	return c.issue(ctx, client, consent, scopes, invalid,
		func(access catalog.Token, refresh *catalog.RefreshToken) (catalog.Redemption, error) {
			return c.catalog.RotateRefreshToken(ctx, row.Hash, consent.ID, access, refresh, c.now())
		})
}

// issue makes tokens and has keep record them.
func (c *Consents) issue(ctx context.Context, client catalog.Client, consent catalog.Consent, scopes []string, invalid func(string) error,
	keep func(catalog.Token, *catalog.RefreshToken) (catalog.Redemption, error),
) (Issued, error) {
	out := Issued{Scopes: scopes}
	id, err := c.newID()
	if err != nil {
		return Issued{}, err
	}
	if out.Access, err = newSecret(c.random); err != nil {
		return Issued{}, fmt.Errorf("make an access token: %w", err)
	}
	now := c.now()
	access := catalog.Token{
		ID: id, Hash: hash(out.Access), User: consent.User, Scopes: scopes, Label: client.Name,
		Client: client.ID, Consent: consent.ID, CreatedAt: now, ExpiresAt: now.Add(AccessLifetime),
	}
	var refresh *catalog.RefreshToken
	if slices.Contains(consent.Scopes, OfflineAccess) {
		if out.Refresh, err = newSecret(c.random); err != nil {
			return Issued{}, fmt.Errorf("make a refresh token: %w", err)
		}
		refresh = &catalog.RefreshToken{Hash: hash(out.Refresh), Consent: consent.ID, CreatedAt: now, ExpiresAt: now.Add(RefreshIdle)}
	}
	outcome, err := keep(access, refresh)
	if err != nil {
		return Issued{}, err
	}
	switch outcome {
	case catalog.Redeemed:
		return out, nil
	case catalog.Reused:
		return Issued{}, invalid("It was used before, so all that it gave is revoked now.")
	}
	return Issued{}, invalid("It has ended.")
}

// Revoke ends a token that its client gives back (RFC 7009): an access token by
// itself, a refresh token with its whole consent. One that nobody knows is no
// error; one of another client is CodeForbidden.
func (c *Consents) Revoke(ctx context.Context, client catalog.Client, token string) error {
	foreign := media.Errorf(media.CodeForbidden, "Value passed for the token was invalid. It was not given to this client.")
	access, err := c.catalog.TokenByHash(ctx, hash(token))
	if err == nil {
		if access.Client != client.ID {
			return foreign
		}
		_, err = c.catalog.RevokeToken(ctx, access.ID, c.now())
		return err
	}
	if media.CodeOf(err) != media.CodeNotFound {
		return err
	}
	_, consent, err := c.catalog.RefreshToken(ctx, hash(token))
	if media.CodeOf(err) == media.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if consent.Client != client.ID {
		return foreign
	}
	_, err = c.catalog.RevokeConsent(ctx, consent.ID, c.now())
	return err
}

// newID names a consent or a token.
func (c *Consents) newID() (string, error) {
	var b [6]byte
	if _, err := io.ReadFull(c.random, b[:]); err != nil {
		return "", fmt.Errorf("name a consent or token: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}
