package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// How a session's tokens are renewed at an issuer: so long before they end, by one
// process at a time, which has so long for it.
const (
	renewBefore  = 2 * time.Minute
	renewTimeout = 15 * time.Second
	renewClaim   = 30 * time.Second
	renewPoll    = 100 * time.Millisecond
)

const sealedIssued = "issuer's tokens of a console session"

// ConsoleAtIssuer is who is signed in to the console by an OpenID Connect issuer.
// The access tokens are the issuer's JWTs, which its Issuer takes; they and the
// refresh token are kept sealed. Sessions are as those of Console; where an answer
// was lost, or two ask at once, the issuer is asked once.
type ConsoleAtIssuer struct {
	issuer  *Issuer
	relying *relyingParty
	catalog *catalog.Catalog
	keys    *Keys
	now     func() time.Time
	log     *slog.Logger
}

// NewConsoleAtIssuer makes a ConsoleAtIssuer, and asks nobody yet.
func NewConsoleAtIssuer(i *Issuer, cfg RelyingConfig, c *catalog.Catalog, k *Keys, now func() time.Time, log *slog.Logger) *ConsoleAtIssuer {
	return &ConsoleAtIssuer{issuer: i, relying: newRelyingParty(i, cfg, now), catalog: c, keys: k, now: now, log: log}
}

// issued is what the issuer gave for a session, as it is sealed.
type issued struct {
	Access   string    `json:"access"`
	Refresh  string    `json:"refresh,omitempty"`
	At       time.Time `json:"at"`
	Expires  time.Time `json:"expires"`
	User     string    `json:"user"`
	Username string    `json:"username"`
	Scopes   []string  `json:"scopes"`
}

// Begin gives the address at the issuer that the browser is sent to. CodeBusy says
// that the issuer is away.
func (c *ConsoleAtIssuer) Begin(ctx context.Context, b Begun) (string, error) {
	return c.relying.begin(ctx, b)
}

// Enter makes a session with a secret for the code that the issuer gave. A session
// that is there already is no error; what the issuer refuses, and tokens that can't
// be taken, are CodeForbidden with words for the log, an issuer that is away CodeBusy.
func (c *ConsoleAtIssuer) Enter(ctx context.Context, secret string, b Begun, came Came) error {
	switch _, err := readSession(ctx, c.catalog, secret, c.now()); media.CodeOf(err) {
	case "":
		return nil
	case media.CodeUnauthorized:
	default:
		return err
	}
	if came.Issuer != "" && came.Issuer != c.issuer.cfg.URL { // RFC 9207
		return media.Errorf(media.CodeForbidden, "The code is of another issuer.")
	}
	given, err := c.relying.redeem(ctx, came.Code, b)
	if err != nil {
		return err
	}
	kept, err := c.take(ctx, given, issued{})
	if err != nil {
		return err
	}
	if given.ID != "" {
		name, err := c.relying.nameIn(ctx, given.ID, b.Nonce)
		if err != nil {
			return err
		}
		if name != "" {
			kept.Username = name
		}
	}
	now := c.now()
	s := catalog.ConsoleSession{Hash: hash(secret), User: kept.User, CreatedAt: now, ExpiresAt: now.Add(ConsoleIdle)}
	if kept.Refresh == "" {
		s.ExpiresAt = kept.Expires
	}
	if s.Issued, err = c.seal(s.Hash, kept); err != nil {
		return err
	}
	if err = c.catalog.CreateConsoleSession(ctx, s); errors.Is(err, catalog.ErrConflict) {
		return nil // the same browser, a moment before
	}
	return err
}

// take checks what the issuer gave, and what was given before it stays where it
// says nothing new.
func (c *ConsoleAtIssuer) take(ctx context.Context, given tokenAnswer, before issued) (issued, error) {
	who, err := c.issuer.Identify(ctx, given.Access)
	if media.CodeOf(err) == media.CodeUnauthorized {
		return issued{}, media.Errorf(media.CodeForbidden, "The issuer's access token can't be taken: %s", err)
	}
	if err != nil {
		return issued{}, err
	}
	expires, err := expiryOf(given.Access)
	if err != nil {
		return issued{}, err
	}
	if before.User != "" && before.User != who.User {
		return issued{}, media.Errorf(media.CodeForbidden, "The issuer's new access token is another user's.")
	}
	out := issued{Access: given.Access, Refresh: given.Refresh, At: c.now(), Expires: expires, User: who.User, Username: before.Username, Scopes: who.Scopes}
	if out.Refresh == "" {
		out.Refresh = before.Refresh // RFC 6749 §6: the old one stays good
	}
	if out.Username == "" {
		out.Username = who.User
	}
	return out, nil
}

// Token gives the issuer's access token to whoever has the secret of a session, a
// new one where the old one is about to end. A session that is unknown or has
// ended, also at the issuer, is CodeUnauthorized. While the issuer is away the old
// token is given as long as it is good, and then CodeBusy.
func (c *ConsoleAtIssuer) Token(ctx context.Context, secret string) (SignedIn, error) {
	s, err := readSession(ctx, c.catalog, secret, c.now())
	if err != nil {
		return SignedIn{}, err
	}
	kept, err := c.open(s)
	if err != nil {
		return SignedIn{}, err
	}
	left := kept.Expires.Sub(c.now())
	if left > min(renewBefore, kept.Expires.Sub(kept.At)/2) || kept.Refresh == "" && left > 0 {
		return c.signedIn(kept), nil
	}
	if kept.Refresh == "" {
		return SignedIn{}, notSignedIn()
	}
	renewed, err := c.renew(ctx, s, kept)
	if media.CodeOf(err) == media.CodeBusy && left > 0 {
		return c.signedIn(kept), nil
	}
	if err != nil {
		return SignedIn{}, err
	}
	return c.signedIn(renewed), nil
}

func (c *ConsoleAtIssuer) signedIn(k issued) SignedIn {
	return SignedIn{Access: k.Access, Lifetime: max(k.Expires.Sub(c.now()), 0), User: k.User, Username: k.Username, Scopes: slices.Clone(k.Scopes)}
}

// renew gets new tokens for a session, or waits for whoever does that already.
func (c *ConsoleAtIssuer) renew(ctx context.Context, s catalog.ConsoleSession, kept issued) (issued, error) {
	now := c.now()
	mine, err := c.catalog.ClaimConsoleRenewal(ctx, s.Hash, s.Serial, now, now.Add(renewClaim))
	if err != nil {
		return issued{}, err
	}
	if !mine {
		return c.await(ctx, s, kept)
	}
	// Once the issuer has given new tokens the old ones may be good for nothing, so
	// this is done to its end although nobody may be waiting any more.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTimeout)
	defer cancel()
	var next issued
	given, err := c.relying.refresh(ctx, kept.Refresh)
	if err == nil {
		next, err = c.takeSoon(ctx, given, kept)
	}
	if media.CodeOf(err) == media.CodeForbidden {
		c.log.InfoContext(ctx, "a session of the console has ended at its issuer", "user", s.User, "err", err)
		return issued{}, errors.Join(c.catalog.EndConsoleSession(ctx, s.Hash, c.now()), notSignedIn())
	}
	if err != nil {
		c.log.WarnContext(ctx, "the tokens of a console session were not renewed", "user", s.User, "err", err)
		return issued{}, errors.Join(c.catalog.DropConsoleRenewal(ctx, s.Hash, s.Serial), err)
	}
	text, err := c.seal(s.Hash, next)
	if err != nil {
		return issued{}, err
	}
	renewed, err := c.catalog.RenewConsoleSession(ctx, s.Hash, s.Serial, text, until(s, c.now()))
	if err == nil && !renewed {
		err = notSignedIn() // signed out meanwhile
	}
	return next, err
}

// takeSoon is take, tried again while the issuer's keys can't be had: what it gave
// is good although this can't be seen yet.
func (c *ConsoleAtIssuer) takeSoon(ctx context.Context, given tokenAnswer, before issued) (issued, error) {
	poll := time.NewTicker(renewPoll)
	defer poll.Stop()
	for {
		next, err := c.take(ctx, given, before)
		if media.CodeOf(err) != media.CodeBusy {
			return next, err
		}
		select {
		case <-ctx.Done():
			return issued{}, err
		case <-poll.C:
		}
	}
}

// await waits until another request, or another process, has renewed a session.
func (c *ConsoleAtIssuer) await(ctx context.Context, s catalog.ConsoleSession, kept issued) (issued, error) {
	if kept.Expires.After(c.now()) {
		return kept, nil
	}
	poll := time.NewTicker(renewPoll)
	defer poll.Stop()
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return issued{}, media.Busy(2*time.Second, "The sign-in service %s is slow to answer; try again.", c.issuer.cfg.URL)
		case <-poll.C:
		}
		now, err := c.catalog.ConsoleSession(ctx, s.Hash)
		switch {
		case media.CodeOf(err) == media.CodeNotFound:
			return issued{}, notSignedIn()
		case err != nil:
			return issued{}, err
		case now.Serial != s.Serial:
			return c.open(now)
		}
	}
}

// Leave ends a session at once, and its refresh token at the issuer if the issuer
// answers; its access token is good until it expires. A session that is not there is no error.
func (c *ConsoleAtIssuer) Leave(ctx context.Context, secret string) error {
	s, err := readSession(ctx, c.catalog, secret, c.now())
	if media.CodeOf(err) == media.CodeUnauthorized {
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.catalog.EndConsoleSession(ctx, s.Hash, c.now()); err != nil {
		return err
	}
	kept, err := c.open(s)
	if err == nil && kept.Refresh != "" {
		err = c.relying.revoke(context.WithoutCancel(ctx), kept.Refresh)
	}
	if err != nil {
		c.log.InfoContext(ctx, "the issuer was not told that a session of the console ended", "user", s.User, "err", err)
	}
	return nil
}

func (c *ConsoleAtIssuer) seal(id string, k issued) (string, error) {
	text, err := json.Marshal(k)
	return c.keys.Seal(sealedIssued, id, string(text)), err
}

// open reads what the issuer gave for a session. One that was sealed under another
// key file, or under none because the console was used without the issuer then, has ended.
func (c *ConsoleAtIssuer) open(s catalog.ConsoleSession) (issued, error) {
	text, err := c.keys.Open(sealedIssued, s.Hash, s.Issued)
	if err != nil {
		return issued{}, notSignedIn()
	}
	var k issued
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return issued{}, fmt.Errorf("read what the issuer gave: %w", err)
	}
	return k, nil
}
