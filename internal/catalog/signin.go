package catalog

import (
	"context"
	"errors"
	"time"

	"magpie/internal/catalog/queries"
)

// SignIn is a browser in which a user has signed in, without the secret that
// its cookie holds.
type SignIn struct {
	Hash      string // SHA-256 of the secret, 64 lower-case hex digits
	User      string // user id
	CreatedAt time.Time
	ExpiresAt time.Time
}

// CreateSignIn records a sign-in if the account still has the password hash
// that was checked; false if it has another by now, or is gone.
func (c *Catalog) CreateSignIn(ctx context.Context, s SignIn, checked string) (bool, error) {
	if !tokenHash.MatchString(s.Hash) {
		return false, during(errors.New("its hash is not 64 lower-case hex digits"), "create sign-in of user %s", s.User)
	}
	created, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		if n, err := q.LockAccount(ctx, s.User); err != nil || n == 0 {
			return 0, err
		}
		return q.InsertSignIn(ctx, queries.InsertSignInParams{
			Hash: s.Hash, UserID: s.User, CreatedAt: millis(s.CreatedAt), ExpiresAt: millis(s.ExpiresAt), Checked: checked,
		})
	})
	return created, during(err, "create sign-in of user %s", s.User)
}

// SignIn reads a sign-in and its account, also one that has expired: the caller
// looks. An unknown hash is media.CodeNotFound.
func (c *Catalog) SignIn(ctx context.Context, hash string) (SignIn, Account, error) {
	r, err := c.read().GetSignIn(ctx, hash)
	if err != nil {
		return SignIn{}, Account{}, during(notFound(err, "There is no such sign-in."), "read sign-in")
	}
	return SignIn{
		Hash: r.Signin.Hash, User: r.Signin.UserID, CreatedAt: timeOf(r.Signin.CreatedAt), ExpiresAt: timeOf(r.Signin.ExpiresAt),
	}, accountOf(r.Account), nil
}

// EndSignIn deletes a sign-in; one that is not there is no error.
func (c *Catalog) EndSignIn(ctx context.Context, hash string) error {
	_, err := c.change(ctx, func(q *queries.Queries) (int64, error) { return q.DeleteSignIn(ctx, hash) })
	return during(err, "end sign-in")
}

// PruneGrants deletes sign-ins, also to the console, consents with their codes and refresh tokens,
// and access tokens of consents that ended before before: at most limit of each
// kind. It says how many rows it named; call again while that is not 0.
func (c *Catalog) PruneGrants(ctx context.Context, before time.Time, limit int) (int64, error) {
	var sum int64
	at, most := millis(before), atMost(limit)
	err := c.write(ctx, func(q *queries.Queries) error {
		sum = 0
		for _, prune := range []func() (int64, error){
			func() (int64, error) {
				return q.PruneSignIns(ctx, queries.PruneSignInsParams{Before: at, AtMost: most})
			},
			func() (int64, error) {
				return q.PruneConsoleSessions(ctx, queries.PruneConsoleSessionsParams{Before: at, AtMost: most})
			},
			func() (int64, error) {
				return q.PruneConsents(ctx, queries.PruneConsentsParams{Before: at, AtMost: most})
			},
			func() (int64, error) {
				return q.PruneRefreshTokens(ctx, queries.PruneRefreshTokensParams{Before: at, AtMost: most})
			},
			func() (int64, error) {
				return q.PruneConsentTokens(ctx, queries.PruneConsentTokensParams{Before: at, AtMost: most})
			},
		} {
			n, err := prune()
			if err != nil {
				return err
			}
			sum += n
		}
		return nil
	})
	if err != nil {
		return 0, during(err, "prune what was granted")
	}
	return sum, nil
}
