package catalog

import (
	"context"
	"errors"
	"regexp"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// Token is an access token without its secret. Its zero times mean: never
// expires, not revoked.
type Token struct {
	ID        string
	Hash      string // SHA-256 of the secret, 64 lower-case hex digits
	User      string // user id
	Scopes    []string
	AppOnly   bool // stands for an app, without a user's consent
	Label     string
	Client    string // id of the client it was given to; "" if an operator made it
	Consent   string // id of the consent it hangs from, or ""
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time
}

var tokenHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// CreateToken records a token. An id or a hash that is there already is
// ErrConflict. A Hash that is not 64 lower-case hex digits is refused, so that
// no secret gets stored by mistake.
func (c *Catalog) CreateToken(ctx context.Context, t Token) error {
	row, err := newTokenRow(t)
	if err != nil {
		return during(err, "create token %s", t.ID)
	}
	err = c.write(ctx, func(q *queries.Queries) error {
		n, err := q.InsertToken(ctx, row)
		if err == nil && n == 0 {
			err = ErrConflict
		}
		return err
	})
	return during(err, "create token %s", t.ID)
}

// CreateFirstToken records a token if the catalogue is new: there is no token,
// revoked or not, no session and no media. It says whether it did; of several
// servers that start at once one does. Calling it again at each start is
// harmless: false and no error, whether or not it is the same token.
func (c *Catalog) CreateFirstToken(ctx context.Context, t Token) (bool, error) {
	row, err := newTokenRow(t)
	if err != nil {
		return false, during(err, "create first token %s", t.ID)
	}
	created, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		return q.InsertFirstToken(ctx, queries.InsertFirstTokenParams(row))
	})
	return created, during(err, "create first token %s", t.ID)
}

// TokenByHash reads a token by Token.Hash, also one that has expired or was
// revoked: the caller looks. An unknown hash is media.CodeNotFound.
func (c *Catalog) TokenByHash(ctx context.Context, hash string) (Token, error) {
	r, err := c.read().GetTokenByHash(ctx, hash)
	if err != nil {
		return Token{}, during(notFound(err, "There is no such token."), "read token")
	}
	t, err := tokenOf(r)
	return t, during(err, "read token")
}

// Tokens reads all tokens, the oldest first.
func (c *Catalog) Tokens(ctx context.Context) ([]Token, error) {
	rows, err := c.read().ListTokens(ctx)
	if err != nil {
		return nil, during(err, "read tokens")
	}
	out := make([]Token, len(rows))
	for i, r := range rows {
		if out[i], err = tokenOf(r); err != nil {
			return nil, during(err, "read tokens")
		}
	}
	return out, nil
}

// RevokeToken ends a token at now. False means that it was revoked already,
// and RevokedAt stays. An unknown id is media.CodeNotFound.
func (c *Catalog) RevokeToken(ctx context.Context, id string, now time.Time) (bool, error) {
	revoked, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		n, err := q.RevokeToken(ctx, queries.RevokeTokenParams{ID: id, Now: millis(now)})
		if err != nil || n > 0 {
			return n, err
		}
		known, err := q.TokenExists(ctx, id)
		if err == nil && !known {
			err = media.Errorf(media.CodeNotFound, "There is no token with the id %s.", id)
		}
		return 0, err
	})
	return revoked, during(err, "revoke token %s", id)
}

func newTokenRow(t Token) (queries.InsertTokenParams, error) {
	if !tokenHash.MatchString(t.Hash) {
		return queries.InsertTokenParams{}, errors.New("its hash is not 64 lower-case hex digits")
	}
	scopes, err := encodeNames(t.Scopes)
	return queries.InsertTokenParams{
		ID:        t.ID,
		Hash:      t.Hash,
		UserID:    t.User,
		Scopes:    scopes,
		AppOnly:   flag(t.AppOnly),
		Label:     t.Label,
		ClientID:  t.Client,
		ConsentID: t.Consent,
		CreatedAt: millis(t.CreatedAt),
		ExpiresAt: millis(t.ExpiresAt),
		RevokedAt: millis(t.RevokedAt),
	}, err
}

func tokenOf(r queries.Token) (Token, error) {
	scopes, err := decodeNames(r.Scopes)
	return Token{
		ID:        r.ID,
		Hash:      r.Hash,
		User:      r.UserID,
		Scopes:    scopes,
		AppOnly:   r.AppOnly != 0,
		Label:     r.Label,
		Client:    r.ClientID,
		Consent:   r.ConsentID,
		CreatedAt: timeOf(r.CreatedAt),
		ExpiresAt: timeOf(r.ExpiresAt),
		RevokedAt: timeOf(r.RevokedAt),
	}, err
}
