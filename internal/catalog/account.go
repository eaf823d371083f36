package catalog

import (
	"context"
	"time"

	"magpie/internal/catalog/queries"
)

// Account is a user who signs in here with a password.
type Account struct {
	ID           string // user id
	Username     string
	PasswordHash string // in the PHC string format; see auth.Accounts
	CreatedAt    time.Time
	Admin        bool // gets the scope for operators when signing in
}

// CreateAccount records an account. An id or username that is taken is
// ErrConflict.
func (c *Catalog) CreateAccount(ctx context.Context, a Account) error {
	err := c.write(ctx, func(q *queries.Queries) error {
		n, err := q.InsertAccount(ctx, queries.InsertAccountParams{
			ID: a.ID, Username: a.Username, PasswordHash: a.PasswordHash, CreatedAt: millis(a.CreatedAt), IsAdmin: flag(a.Admin),
		})
		if err == nil && n == 0 {
			err = ErrConflict
		}
		return err
	})
	return during(err, "create account %s", a.ID)
}

// Account reads an account by its user id; an unknown one is media.CodeNotFound.
func (c *Catalog) Account(ctx context.Context, id string) (Account, error) {
	r, err := c.read().GetAccount(ctx, id)
	return accountOf(r), during(notFound(err, "There is no account with that user id."), "read account")
}

// AccountByName reads an account by its exact username; an unknown one is
// media.CodeNotFound.
func (c *Catalog) AccountByName(ctx context.Context, username string) (Account, error) {
	r, err := c.read().GetAccountByName(ctx, username)
	return accountOf(r), during(notFound(err, "There is no account with that name."), "read account by name")
}

// Accounts reads all accounts, the oldest first.
func (c *Catalog) Accounts(ctx context.Context) ([]Account, error) {
	rows, err := c.read().ListAccounts(ctx)
	if err != nil {
		return nil, during(err, "read accounts")
	}
	out := make([]Account, len(rows))
	for i, r := range rows {
		out[i] = accountOf(r)
	}
	return out, nil
}

// SetPassword changes the hash of an account's password and ends all its
// sign-ins, those to the console with their tokens. An unknown id is
// media.CodeNotFound.
func (c *Catalog) SetPassword(ctx context.Context, id, hash string, now time.Time) error {
	err := c.write(ctx, func(q *queries.Queries) error {
		n, err := q.SetPassword(ctx, queries.SetPasswordParams{ID: id, PasswordHash: hash})
		if err != nil {
			return err
		}
		if n == 0 {
			_, err := q.GetAccount(ctx, id)
			return notFound(err, "There is no account with the user id %s.", id)
		}
		if _, err = q.DeleteSignInsOfUser(ctx, id); err != nil {
			return err
		}
		_, err = leaveConsole(ctx, q, id, millis(now))
		return err
	})
	return during(err, "set the password of account %s", id)
}

// SetAdmin marks an account as an admin's, or takes the mark away. Then all
// consents and access tokens of the user that have the scope end with it, in the
// same transaction; it says how many tokens that were. An unknown id is
// media.CodeNotFound.
func (c *Catalog) SetAdmin(ctx context.Context, id string, admin bool, scope string, now time.Time) (ended int64, err error) {
	err = c.write(ctx, func(q *queries.Queries) error {
		ended = 0
		n, err := q.SetAdmin(ctx, queries.SetAdminParams{ID: id, IsAdmin: flag(admin)})
		if err != nil {
			return err
		}
		if n == 0 {
			_, err := q.GetAccount(ctx, id)
			return notFound(err, "There is no account with the user id %s.", id)
		}
		if admin {
			return nil
		}
		within := `%"` + scope + `"%` // of a list in JSON
		if _, err := q.RevokeConsentsWithScope(ctx, queries.RevokeConsentsWithScopeParams{UserID: id, Scope: within, Now: millis(now)}); err != nil {
			return err
		}
		ended, err = q.RevokeTokensWithScope(ctx, queries.RevokeTokensWithScopeParams{UserID: id, Scope: within, Now: millis(now)})
		return err
	})
	return ended, during(err, "mark account %s", id)
}

// Erased is what EraseUser ended.
type Erased struct {
	Accounts   int64 // 0 or 1
	SignIns    int64 // those to the console too
	Consents   int64 // with their codes and refresh tokens
	Tokens     int64 // access tokens, whoever made them
	UserTokens int64
	Clients    int64 // that the user owned
	Changes    int64 // entries of audit trails that name the user
}

// EraseUser deletes the account of a user with its sign-ins and webhooks, and
// ends everything that acts in the user's name, in one transaction: consents,
// access tokens of every kind, user tokens, and the clients that the user owns
// with all that others gave them. What audit trails keep of the user's changes
// goes too. It may be called again, and for a user without an account.
func (c *Catalog) EraseUser(ctx context.Context, user string, now time.Time) (Erased, error) {
	var e Erased
	at := millis(now)
	err := c.write(ctx, func(q *queries.Queries) error {
		e = Erased{}
		// Clients before the account, as CreateConsent locks them.
		for _, step := range []struct {
			sum *int64
			do  func() (int64, error)
		}{
			{&e.Clients, func() (int64, error) {
				return q.RevokeClientsOfOwner(ctx, queries.RevokeClientsOfOwnerParams{Owner: user, Now: at})
			}},
			{&e.SignIns, func() (int64, error) { return q.DeleteSignInsOfUser(ctx, user) }},
			{&e.Accounts, func() (int64, error) { return q.DeleteAccount(ctx, user) }},
			{&e.SignIns, func() (int64, error) { return q.DeleteConsoleSessionsOfUser(ctx, user) }},
			{&e.Consents, func() (int64, error) {
				return q.RevokeConsentsOfUser(ctx, queries.RevokeConsentsOfUserParams{UserID: user, Now: at})
			}},
			{&e.Consents, func() (int64, error) {
				return q.RevokeConsentsOfOwner(ctx, queries.RevokeConsentsOfOwnerParams{Owner: user, Now: at})
			}},
			{&e.Tokens, func() (int64, error) {
				return q.RevokeTokensOfUser(ctx, queries.RevokeTokensOfUserParams{UserID: user, Now: at})
			}},
			{&e.Tokens, func() (int64, error) {
				return q.RevokeTokensOfOwner(ctx, queries.RevokeTokensOfOwnerParams{Owner: user, Now: at})
			}},
			{&e.UserTokens, func() (int64, error) {
				return q.RevokeUserTokensOfUser(ctx, queries.RevokeUserTokensOfUserParams{UserID: user, Now: at})
			}},
			{&e.UserTokens, func() (int64, error) {
				return q.RevokeUserTokensOfOwner(ctx, queries.RevokeUserTokensOfOwnerParams{Owner: user, Now: at})
			}},
			{&e.Changes, func() (int64, error) { return q.DeleteAuditOfUser(ctx, user) }},
		} {
			n, err := step.do()
			if err != nil {
				return err
			}
			*step.sum += n
		}
		return q.DeleteWebhooksOfOwner(ctx, user)
	})
	if err != nil {
		return Erased{}, during(err, "erase user %s", user)
	}
	return e, nil
}

func accountOf(r queries.Account) Account {
	return Account{ID: r.ID, Username: r.Username, PasswordHash: r.PasswordHash, CreatedAt: timeOf(r.CreatedAt), Admin: r.IsAdmin != 0}
}
