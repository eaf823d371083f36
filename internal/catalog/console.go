package catalog

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"magpie/internal/catalog/queries"
)

// ConsoleSession is a browser in which somebody is signed in to the console,
// without the secret that its cookie holds.
type ConsoleSession struct {
	Hash      string // SHA-256 of the secret, 64 lower-case hex digits
	User      string // user id
	Consent   string // id of the consent that its access tokens hang from; "" with an issuer
	Issued    string // what an issuer gave, sealed; "" without one
	Serial    int64  // counts what the issuer gave: see RenewConsoleSession
	CreatedAt time.Time
	ExpiresAt time.Time
}

// EnterConsole uses up a code of a consent and records the session that is given
// for it, whose user and consent are those of the code. A session that is there
// already, because its browser came back twice at once, is Redeemed and stays as it
// is. Another that finds the code used is Reused, and then the consent and all that
// hangs from it end.
func (c *Catalog) EnterConsole(ctx context.Context, code string, s ConsoleSession, now time.Time) (outcome Redemption, err error) {
	if !tokenHash.MatchString(s.Hash) {
		return "", during(errNoHash, "enter the console by consent %s", s.Consent)
	}
	err = c.write(ctx, func(q *queries.Queries) error {
		outcome = Ended
		// In this order, as EraseUser locks them.
		if n, err := q.LockAccount(ctx, s.User); err != nil || n == 0 {
			return err
		}
		if _, err := q.GetConsoleSession(ctx, s.Hash); !errors.Is(err, sql.ErrNoRows) {
			outcome = Redeemed
			return err
		}
		if n, err := q.LockConsent(ctx, s.Consent); err != nil || n == 0 {
			return err
		}
		n, err := q.UseCode(ctx, queries.UseCodeParams{Hash: code, Now: millis(now)})
		if err != nil {
			return err
		}
		if n == 0 {
			r, err := q.GetCode(ctx, code)
			if errors.Is(err, sql.ErrNoRows) || err == nil && r.UsedAt == 0 {
				return nil
			}
			if err != nil {
				return err
			}
			outcome = Reused
			_, err = revokeConsent(ctx, q, s.Consent, now)
			return err
		}
		outcome = Redeemed
		if err := insertConsoleSession(ctx, q, s); err != nil {
			return err
		}
		return q.ExtendConsent(ctx, queries.ExtendConsentParams{ID: s.Consent, EndsAt: millis(s.ExpiresAt)})
	})
	if err != nil {
		return "", during(err, "enter the console by consent %s", s.Consent)
	}
	return outcome, nil
}

// CreateConsoleSession records a session of somebody whom an issuer signed in. A
// hash that is taken is ErrConflict.
func (c *Catalog) CreateConsoleSession(ctx context.Context, s ConsoleSession) error {
	if !tokenHash.MatchString(s.Hash) {
		return during(errNoHash, "create console session of user %s", s.User)
	}
	err := c.write(ctx, func(q *queries.Queries) error { return insertConsoleSession(ctx, q, s) })
	return during(err, "create console session of user %s", s.User)
}

func insertConsoleSession(ctx context.Context, q *queries.Queries, s ConsoleSession) error {
	n, err := q.InsertConsoleSession(ctx, queries.InsertConsoleSessionParams{
		Hash: s.Hash, UserID: s.User, ConsentID: s.Consent, Issued: s.Issued,
		CreatedAt: millis(s.CreatedAt), ExpiresAt: millis(s.ExpiresAt),
	})
	if err == nil && n == 0 {
		err = ErrConflict
	}
	return err
}

// ConsoleSession reads a session, also one that has expired: the caller looks. An
// unknown hash is media.CodeNotFound.
func (c *Catalog) ConsoleSession(ctx context.Context, hash string) (ConsoleSession, error) {
	r, err := c.read().GetConsoleSession(ctx, hash)
	if err != nil {
		return ConsoleSession{}, during(notFound(err, "There is no such session of the console."), "read console session")
	}
	return consoleSessionOf(r), nil
}

// IssueConsoleToken records an access token that hangs from the consent of a
// session, which lasts until until from now on. of says what the token is, of
// the account as it is when the token is recorded; it may be called several times.
// False means that the session, its consent or its account has ended.
func (c *Catalog) IssueConsoleToken(ctx context.Context, s ConsoleSession, until time.Time, of func(Account) Token) (issued bool, err error) {
	issued, err = c.change(ctx, func(q *queries.Queries) (int64, error) {
		if n, err := q.LockAccount(ctx, s.User); err != nil || n == 0 {
			return 0, err
		}
		who, err := q.GetAccount(ctx, s.User)
		if err != nil {
			return 0, err
		}
		if n, err := q.LockConsent(ctx, s.Consent); err != nil || n == 0 {
			return 0, err
		}
		if n, err := q.ExtendConsoleSession(ctx, queries.ExtendConsoleSessionParams{Hash: s.Hash, ExpiresAt: millis(until)}); err != nil || n == 0 {
			return 0, err
		}
		token := of(accountOf(who))
		token.User, token.Consent = s.User, s.Consent
		row, err := newTokenRow(token)
		if err != nil {
			return 0, err
		}
		n, err := q.InsertToken(ctx, row)
		if err == nil && n == 0 {
			err = ErrConflict
		}
		if err != nil {
			return 0, err
		}
		return 1, q.ExtendConsent(ctx, queries.ExtendConsentParams{ID: s.Consent, EndsAt: max(millis(until), row.ExpiresAt)})
	})
	return issued, during(err, "issue a token of the console for user %s", s.User)
}

// ClaimConsoleRenewal says whether the caller is the one who asks the issuer for
// what follows a serial of a session, until until: of several one is, and after
// until another may be.
func (c *Catalog) ClaimConsoleRenewal(ctx context.Context, hash string, serial int64, now, until time.Time) (bool, error) {
	claimed, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		return q.ClaimConsoleRenewal(ctx, queries.ClaimConsoleRenewalParams{Hash: hash, Serial: serial, Now: millis(now), Until: millis(until)})
	})
	return claimed, during(err, "claim the renewal of a console session")
}

// DropConsoleRenewal gives a claim back, so that the next may ask at once.
func (c *Catalog) DropConsoleRenewal(ctx context.Context, hash string, serial int64) error {
	_, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		return q.DropConsoleRenewal(ctx, queries.DropConsoleRenewalParams{Hash: hash, Serial: serial})
	})
	return during(err, "give the renewal of a console session back")
}

// RenewConsoleSession replaces what the issuer gave under a serial, which is the
// next one then. False means that there is no session with that serial.
func (c *Catalog) RenewConsoleSession(ctx context.Context, hash string, serial int64, issued string, until time.Time) (bool, error) {
	renewed, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		return q.RenewConsoleSession(ctx, queries.RenewConsoleSessionParams{Hash: hash, Serial: serial, Issued: issued, ExpiresAt: millis(until)})
	})
	return renewed, during(err, "renew a console session")
}

// EndConsoleSession deletes a session and ends its consent, with all that hangs
// from it; one that is not there is no error.
func (c *Catalog) EndConsoleSession(ctx context.Context, hash string, now time.Time) error {
	err := c.write(ctx, func(q *queries.Queries) error {
		s, err := q.GetConsoleSession(ctx, hash)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if s.ConsentID != "" {
			if _, err := revokeConsent(ctx, q, s.ConsentID, now); err != nil {
				return err
			}
		}
		_, err = q.DeleteConsoleSession(ctx, hash)
		return err
	})
	return during(err, "end a console session")
}

// leaveConsole ends all sessions of a user whose account is locked, and what they
// might begin by codes that are on their way.
func leaveConsole(ctx context.Context, q *queries.Queries, user string, at int64) (int64, error) {
	if err := q.RevokeConsentsOfConsole(ctx, queries.RevokeConsentsOfConsoleParams{UserID: user, Now: at}); err != nil {
		return 0, err
	}
	if err := q.RevokeTokensOfConsole(ctx, queries.RevokeTokensOfConsoleParams{UserID: user, Now: at}); err != nil {
		return 0, err
	}
	return q.DeleteConsoleSessionsOfUser(ctx, user)
}

func consoleSessionOf(r queries.ConsoleSession) ConsoleSession {
	return ConsoleSession{
		Hash: r.Hash, User: r.UserID, Consent: r.ConsentID, Issued: r.Issued, Serial: r.Serial,
		CreatedAt: timeOf(r.CreatedAt), ExpiresAt: timeOf(r.ExpiresAt),
	}
}
