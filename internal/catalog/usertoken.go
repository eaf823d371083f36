package catalog

import (
	"context"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// UserToken lets a client sign requests in a user's name, by OAuth 1.0a.
type UserToken struct {
	Token     string
	Secret    string // sealed: see auth.Keys
	Client    string // id of the client
	User      string // user id
	CreatedAt time.Time
	RevokedAt time.Time // zero: not revoked
}

// CreateUserToken records a user token, unless its client is unknown or revoked
// (media.CodeNotFound). A client that is being revoked meanwhile takes the
// token with it. A token that is there already is ErrConflict.
func (c *Catalog) CreateUserToken(ctx context.Context, t UserToken) error {
	err := c.write(ctx, func(q *queries.Queries) error {
		n, err := q.LockClient(ctx, t.Client)
		if err != nil {
			return err
		}
		if n == 0 {
			return media.Errorf(media.CodeNotFound, "There is no client with the id %s, or it was revoked.", t.Client)
		}
		n, err = q.InsertUserToken(ctx, queries.InsertUserTokenParams{
			Token:     t.Token,
			Secret:    t.Secret,
			ClientID:  t.Client,
			UserID:    t.User,
			CreatedAt: millis(t.CreatedAt),
			RevokedAt: millis(t.RevokedAt),
		})
		if err == nil && n == 0 {
			err = ErrConflict
		}
		return err
	})
	return during(err, "create user token")
}

// UserToken reads a user token, also one that was revoked: the caller looks. An
// unknown one is media.CodeNotFound.
func (c *Catalog) UserToken(ctx context.Context, token string) (UserToken, error) {
	r, err := c.read().GetUserToken(ctx, token)
	if err != nil {
		return UserToken{}, during(notFound(err, "There is no such user token."), "read user token")
	}
	return userTokenOf(r), nil
}

// UserTokens reads the user tokens of a client, or of all for "", the oldest
// first. An unknown client has none.
func (c *Catalog) UserTokens(ctx context.Context, client string) ([]UserToken, error) {
	var rows []queries.UserToken
	var err error
	if client == "" {
		rows, err = c.read().ListUserTokens(ctx)
	} else {
		rows, err = c.read().ListUserTokensOfClient(ctx, client)
	}
	if err != nil {
		return nil, during(err, "read user tokens")
	}
	out := make([]UserToken, len(rows))
	for i, r := range rows {
		out[i] = userTokenOf(r)
	}
	return out, nil
}

// RevokeUserToken ends a user token at now. False means that it was revoked
// already, and RevokedAt stays. An unknown one is media.CodeNotFound.
func (c *Catalog) RevokeUserToken(ctx context.Context, token string, now time.Time) (bool, error) {
	revoked, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		n, err := q.RevokeUserToken(ctx, queries.RevokeUserTokenParams{Token: token, Now: millis(now)})
		if err != nil || n > 0 {
			return n, err
		}
		_, err = q.GetUserToken(ctx, token)
		return 0, notFound(err, "There is no user token %s.", token)
	})
	return revoked, during(err, "revoke user token")
}

func userTokenOf(r queries.UserToken) UserToken {
	return UserToken{
		Token:     r.Token,
		Secret:    r.Secret,
		Client:    r.ClientID,
		User:      r.UserID,
		CreatedAt: timeOf(r.CreatedAt),
		RevokedAt: timeOf(r.RevokedAt),
	}
}
