package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// The client that the console is. It is part of the server, so nobody is asked
// whether it may act, and its redirect URI is a path: whatever name the browser
// has for the server, it comes back to the same.
const (
	ConsoleClient   = "magpie-console"
	ConsoleCallback = "/console/callback"
)

// ConsoleScopes are what somebody who is signed in to the console may do there,
// and Admin where the account is marked.
func ConsoleScopes() []string { return []string{MediaWrite, TweetRead, "users.read"} }

// How long a browser stays signed in to the console: so long without being used,
// and so long at most. A script there has an access token for a quarter of an hour.
const (
	ConsoleIdle   = 7 * 24 * time.Hour
	ConsoleMost   = 30 * 24 * time.Hour
	ConsoleAccess = 15 * time.Minute
)

// Console is who is signed in to the console. A session is a secret in a cookie,
// of which the catalogue has the SHA-256. It stays the same until it ends, so a
// browser may ask for an access token twice, in two tabs, or again where an answer
// was lost. Its methods may be used from many goroutines, and by any number of
// processes that share catalogue and keys.
type Console struct {
	catalog *catalog.Catalog
	keys    *Keys
	now     func() time.Time
	random  io.Reader
}

// NewConsole makes a Console over a catalogue.
func NewConsole(c *catalog.Catalog, k *Keys, now func() time.Time, random io.Reader) *Console {
	return &Console{catalog: c, keys: k, now: now, random: random}
}

// Begun is a sign-in that has begun. Its parts are secrets of the browser's.
type Begun struct {
	State    string // comes back in the address
	Verifier string // RFC 7636
	Nonce    string // comes back in an ID token
	Callback string // the absolute URL that the browser comes back to
}

// Challenge is what is said of the verifier at the beginning.
func (b Begun) Challenge() string {
	sum := sha256.Sum256([]byte(b.Verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Came is what a browser comes back with.
type Came struct {
	Code   string
	Issuer string // who says to have given it (RFC 9207), or ""
}

// Begin gives the address, a path of this server, that the browser is sent to.
func (c *Console) Begin(ctx context.Context, b Begun) (string, error) {
	if err := c.open(ctx); err != nil {
		return "", err
	}
	return "/2/oauth2/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {ConsoleClient}, "redirect_uri": {ConsoleCallback},
		"scope": {strings.Join(ConsoleScopes(), " ")}, "state": {b.State},
		"code_challenge": {b.Challenge()}, "code_challenge_method": {"S256"},
	}.Encode(), nil
}

// open sees to it that the client is there.
func (c *Console) open(ctx context.Context) error {
	text := make([]byte, 32)
	if _, err := io.ReadFull(c.random, text); err != nil {
		return fmt.Errorf("make the console's client: %w", err)
	}
	return c.catalog.KeepClient(ctx, catalog.Client{
		ID: ConsoleClient, APIKey: ConsoleClient, Name: "magpie console", Public: true, RedirectURIs: []string{ConsoleCallback}, CreatedAt: c.now(),
		APISecret: c.keys.Seal(clientKeySecret, ConsoleClient, hex.EncodeToString(text)), // which nobody is told
	})
}

// ConsoleSecret is the secret of the session that a sign-in ends in. It is always
// the same for one sign-in, so that coming back twice makes one session.
func ConsoleSecret(k *Keys, b Begun) string {
	return secretPrefix + base64.RawURLEncoding.EncodeToString(k.Derive("console session", b.State+" "+b.Verifier))
}

// Enter makes a session with a secret for the code that the authorization endpoint
// gave the console. A session that is there already is no error; what is wrong with the code is CodeForbidden.
func (c *Console) Enter(ctx context.Context, secret string, b Begun, came Came) error {
	switch _, err := readSession(ctx, c.catalog, secret, c.now()); media.CodeOf(err) {
	case "":
		return nil
	case media.CodeUnauthorized:
	default:
		return err
	}
	invalid := media.Errorf(media.CodeForbidden, "The code is not one of the console's, or it has ended.")
	row, consent, err := c.catalog.Code(ctx, hash(came.Code))
	if media.CodeOf(err) == media.CodeNotFound {
		return invalid
	}
	if err != nil {
		return err
	}
	if consent.Client != ConsoleClient || row.RedirectURI != ConsoleCallback || !c.now().Before(row.ExpiresAt) ||
		!(Challenge{row.Challenge, row.Method}).meets(b.Verifier) {
		return invalid
	}
	now := c.now()
	outcome, err := c.catalog.EnterConsole(ctx, row.Hash, catalog.ConsoleSession{
		Hash: hash(secret), User: consent.User, Consent: consent.ID, CreatedAt: now, ExpiresAt: now.Add(ConsoleIdle),
	}, now)
	if err == nil && outcome != catalog.Redeemed {
		err = invalid
	}
	return err
}

// SignedIn is who is signed in to the console, with a new access token.
type SignedIn struct {
	Access   string
	Lifetime time.Duration
	User     string
	Username string
	Scopes   []string
}

// Token gives a new access token to whoever has the secret of a session, and lets
// the session last. One that is unknown or has ended is CodeUnauthorized.
func (c *Console) Token(ctx context.Context, secret string) (SignedIn, error) {
	s, err := readSession(ctx, c.catalog, secret, c.now())
	if err != nil {
		return SignedIn{}, err
	}
	out := SignedIn{User: s.User, Lifetime: ConsoleAccess}
	if out.Access, err = newSecret(c.random); err != nil {
		return SignedIn{}, fmt.Errorf("make an access token: %w", err)
	}
	var id [6]byte
	if _, err := io.ReadFull(c.random, id[:]); err != nil {
		return SignedIn{}, fmt.Errorf("name a token: %w", err)
	}
	now := c.now()
	issued, err := c.catalog.IssueConsoleToken(ctx, s, until(s, now), func(who catalog.Account) catalog.Token {
		out.Username, out.Scopes = who.Username, ConsoleScopes()
		if who.Admin {
			out.Scopes = append(out.Scopes, Admin)
		}
		return catalog.Token{
			ID: hex.EncodeToString(id[:]), Hash: hash(out.Access), Scopes: out.Scopes, Label: "magpie console",
			Client: ConsoleClient, CreatedAt: now, ExpiresAt: now.Add(ConsoleAccess),
		}
	})
	if err != nil {
		return SignedIn{}, err
	}
	if !issued {
		return SignedIn{}, notSignedIn()
	}
	return out, nil
}

// Leave ends a session and its access tokens at once; one that is not there is no
// error.
func (c *Console) Leave(ctx context.Context, secret string) error {
	return c.catalog.EndConsoleSession(ctx, hash(secret), c.now())
}

// readSession reads a session that has not ended, else CodeUnauthorized.
func readSession(ctx context.Context, c *catalog.Catalog, secret string, now time.Time) (catalog.ConsoleSession, error) {
	s, err := c.ConsoleSession(ctx, hash(secret))
	if media.CodeOf(err) == media.CodeNotFound || err == nil && !now.Before(s.ExpiresAt) {
		return catalog.ConsoleSession{}, notSignedIn()
	}
	return s, err
}

// until is how long a session lasts that is used at now.
func until(s catalog.ConsoleSession, now time.Time) time.Time {
	idle, most := now.Add(ConsoleIdle), s.CreatedAt.Add(ConsoleMost)
	if idle.Before(most) {
		return idle
	}
	return most
}

func notSignedIn() error {
	return media.Errorf(media.CodeUnauthorized, "Nobody is signed in to the console.")
}

// Given is what of the scopes that are asked for an account may give: all, but
// Admin only where it is marked (RFC 6749 §3.3).
func Given(scopes []string, who catalog.Account) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == Admin && !who.Admin })
}
