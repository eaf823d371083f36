package catalog

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"magpie/internal/catalog/queries"
)

// Consent is that a user lets a client act: what its code, its refresh tokens
// and their access tokens hang from.
type Consent struct {
	ID        string
	Client    string // id of the client
	User      string // user id
	Scopes    []string
	CreatedAt time.Time
	EndsAt    time.Time // when the last thing of it has expired
	RevokedAt time.Time // zero: not revoked
}

// Code is an authorization code without its secret (RFC 6749 §4.1).
type Code struct {
	Hash        string // SHA-256 of the secret, 64 lower-case hex digits
	Consent     string
	RedirectURI string
	Challenge   string // RFC 7636
	Method      string // S256 or plain
	ExpiresAt   time.Time
	UsedAt      time.Time // zero: not yet
}

// RefreshToken is a refresh token without its secret (RFC 6749 §6).
type RefreshToken struct {
	Hash      string // SHA-256 of the secret, 64 lower-case hex digits
	Consent   string
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero: not yet
}

// Redemption is what became of a code or refresh token that was presented.
type Redemption string

// What may become of it.
const (
	Redeemed Redemption = "redeemed"
	Ended    Redemption = "ended"  // it has expired, or its consent was revoked
	Reused   Redemption = "reused" // it was used before; its consent is revoked now
)

var errNoHash = errors.New("its hash is not 64 lower-case hex digits")

// CreateConsent records a consent and its code, if the client is not revoked
// and the user has an account, where admin says so one that is marked as an
// admin's; false if not. An id or hash that is taken is ErrConflict.
func (c *Catalog) CreateConsent(ctx context.Context, consent Consent, code Code, admin bool) (bool, error) {
	if !tokenHash.MatchString(code.Hash) {
		return false, during(errNoHash, "create the code of consent %s", consent.ID)
	}
	scopes, err := encodeNames(consent.Scopes)
	if err != nil {
		return false, during(err, "create consent %s", consent.ID)
	}
	created, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		// In this order, as EraseUser locks them.
		if n, err := q.LockClient(ctx, consent.Client); err != nil || n == 0 {
			return 0, err
		}
		lock := q.LockAccount
		if admin {
			lock = q.LockAdmin
		}
		if n, err := lock(ctx, consent.User); err != nil || n == 0 {
			return 0, err
		}
		n, err := q.InsertConsent(ctx, queries.InsertConsentParams{
			ID: consent.ID, ClientID: consent.Client, UserID: consent.User, Scopes: scopes,
			CreatedAt: millis(consent.CreatedAt), EndsAt: millis(consent.EndsAt), RevokedAt: millis(consent.RevokedAt),
		})
		if err == nil && n > 0 {
			n, err = q.InsertCode(ctx, queries.InsertCodeParams{
				Hash: code.Hash, ConsentID: consent.ID, RedirectUri: code.RedirectURI,
				Challenge: code.Challenge, ChallengeMethod: code.Method, ExpiresAt: millis(code.ExpiresAt),
			})
		}
		if err == nil && n == 0 {
			err = ErrConflict
		}
		return n, err
	})
	return created, during(err, "create consent %s", consent.ID)
}

// Code reads a code and its consent by the code's hash, whatever their state:
// the caller looks. An unknown hash is media.CodeNotFound.
func (c *Catalog) Code(ctx context.Context, hash string) (code Code, consent Consent, err error) {
	err = c.snapshot(ctx, func(q *queries.Queries) error {
		r, err := q.GetCode(ctx, hash)
		if err != nil {
			return notFound(err, "There is no such code.")
		}
		code = Code{
			Hash: r.Hash, Consent: r.ConsentID, RedirectURI: r.RedirectUri, Challenge: r.Challenge,
			Method: r.ChallengeMethod, ExpiresAt: timeOf(r.ExpiresAt), UsedAt: timeOf(r.UsedAt),
		}
		consent, err = readConsent(ctx, q, r.ConsentID)
		return err
	})
	return code, consent, during(err, "read code")
}

// RefreshToken reads a refresh token and its consent by the token's hash,
// whatever their state: the caller looks. An unknown hash is
// media.CodeNotFound.
func (c *Catalog) RefreshToken(ctx context.Context, hash string) (token RefreshToken, consent Consent, err error) {
	err = c.snapshot(ctx, func(q *queries.Queries) error {
		r, err := q.GetRefreshToken(ctx, hash)
		if err != nil {
			return notFound(err, "There is no such refresh token.")
		}
		token = refreshTokenOf(r)
		consent, err = readConsent(ctx, q, r.ConsentID)
		return err
	})
	return token, consent, during(err, "read refresh token")
}

// Consents reads all consents, the oldest first.
func (c *Catalog) Consents(ctx context.Context) ([]Consent, error) {
	rows, err := c.read().ListConsents(ctx)
	if err != nil {
		return nil, during(err, "read consents")
	}
	out := make([]Consent, len(rows))
	for i, r := range rows {
		if out[i], err = consentOf(r); err != nil {
			return nil, during(err, "read consents")
		}
	}
	return out, nil
}

// RedeemCode uses up a code of a consent and records what is given for it: an
// access token and, unless it is nil, a refresh token. Of two at once one is
// Redeemed; the other finds the code used, and then its consent and all that
// hangs from it end with it. Unless Redeemed, nothing that is given is kept.
func (c *Catalog) RedeemCode(ctx context.Context, hash, consent string, access Token, refresh *RefreshToken, now time.Time) (Redemption, error) {
	use := func(q *queries.Queries) (int64, error) {
		return q.UseCode(ctx, queries.UseCodeParams{Hash: hash, Now: millis(now)})
	}
	used := func(q *queries.Queries) (bool, error) {
		r, err := q.GetCode(ctx, hash)
		return r.UsedAt != 0, err
	}
	outcome, err := c.redeem(ctx, consent, use, used, access, refresh, now)
	return outcome, during(err, "redeem a code of consent %s", consent)
}

// RotateRefreshToken uses up a refresh token of a consent and records what is
// given for it, as RedeemCode does.
func (c *Catalog) RotateRefreshToken(ctx context.Context, hash, consent string, access Token, refresh *RefreshToken, now time.Time) (Redemption, error) {
	use := func(q *queries.Queries) (int64, error) {
		return q.UseRefreshToken(ctx, queries.UseRefreshTokenParams{Hash: hash, Now: millis(now)})
	}
	used := func(q *queries.Queries) (bool, error) {
		r, err := q.GetRefreshToken(ctx, hash)
		return r.UsedAt != 0, err
	}
	outcome, err := c.redeem(ctx, consent, use, used, access, refresh, now)
	return outcome, during(err, "rotate a refresh token of consent %s", consent)
}

func (c *Catalog) redeem(ctx context.Context, consent string, use func(*queries.Queries) (int64, error), used func(*queries.Queries) (bool, error),
	access Token, refresh *RefreshToken, now time.Time,
) (outcome Redemption, err error) {
	row, err := newTokenRow(access)
	if err != nil {
		return "", err
	}
	if refresh != nil && !tokenHash.MatchString(refresh.Hash) {
		return "", errNoHash
	}
	err = c.write(ctx, func(q *queries.Queries) error {
		outcome = Ended
		if n, err := q.LockConsent(ctx, consent); err != nil || n == 0 {
			return err
		}
		n, err := use(q)
		if err != nil {
			return err
		}
		if n > 0 {
			outcome = Redeemed
			return give(ctx, q, consent, row, refresh)
		}
		before, err := used(q)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // pruned meanwhile
		}
		if err != nil || !before {
			return err
		}
		outcome = Reused
		_, err = revokeConsent(ctx, q, consent, now)
		return err
	})
	if err != nil {
		return "", err
	}
	return outcome, nil
}

// give records the tokens of a consent that is locked.
func give(ctx context.Context, q *queries.Queries, consent string, access queries.InsertTokenParams, refresh *RefreshToken) error {
	n, err := q.InsertToken(ctx, access)
	ends := access.ExpiresAt
	if err == nil && n > 0 && refresh != nil {
		n, err = q.InsertRefreshToken(ctx, queries.InsertRefreshTokenParams{
			Hash: refresh.Hash, ConsentID: consent, CreatedAt: millis(refresh.CreatedAt), ExpiresAt: millis(refresh.ExpiresAt),
		})
		ends = max(ends, millis(refresh.ExpiresAt))
	}
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrConflict
	}
	return q.ExtendConsent(ctx, queries.ExtendConsentParams{ID: consent, EndsAt: ends})
}

// RevokeConsent ends a consent at now and, in the same transaction, all that
// hangs from it. False means that it was revoked already, and RevokedAt stays.
// An unknown id is media.CodeNotFound.
func (c *Catalog) RevokeConsent(ctx context.Context, id string, now time.Time) (bool, error) {
	revoked, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		n, err := revokeConsent(ctx, q, id, now)
		if err == nil && n == 0 {
			_, err = q.GetConsent(ctx, id)
			err = notFound(err, "There is no consent with the id %s.", id)
		}
		return n, err
	})
	return revoked, during(err, "revoke consent %s", id)
}

func revokeConsent(ctx context.Context, q *queries.Queries, id string, now time.Time) (int64, error) {
	n, err := q.RevokeConsent(ctx, queries.RevokeConsentParams{ID: id, Now: millis(now)})
	if err != nil || n == 0 {
		return n, err
	}
	return n, q.RevokeTokensOfConsent(ctx, queries.RevokeTokensOfConsentParams{ConsentID: id, Now: millis(now)})
}

func readConsent(ctx context.Context, q *queries.Queries, id string) (Consent, error) {
	r, err := q.GetConsent(ctx, id)
	if err != nil {
		return Consent{}, notFound(err, "There is no consent with the id %s.", id)
	}
	return consentOf(r)
}

func consentOf(r queries.Consent) (Consent, error) {
	scopes, err := decodeNames(r.Scopes)
	return Consent{
		ID: r.ID, Client: r.ClientID, User: r.UserID, Scopes: scopes,
		CreatedAt: timeOf(r.CreatedAt), EndsAt: timeOf(r.EndsAt), RevokedAt: timeOf(r.RevokedAt),
	}, during(err, "consent %s", r.ID)
}

func refreshTokenOf(r queries.RefreshToken) RefreshToken {
	return RefreshToken{
		Hash: r.Hash, Consent: r.ConsentID, CreatedAt: timeOf(r.CreatedAt), ExpiresAt: timeOf(r.ExpiresAt), UsedAt: timeOf(r.UsedAt),
	}
}
