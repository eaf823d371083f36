package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// SignInLifetime is how long a browser stays signed in.
const SignInLifetime = 12 * time.Hour

// Accounts are the users who sign in here with a password. Passwords are kept
// as Argon2id hashes (RFC 9106), and of a sign-in only the SHA-256 of its
// secret.
type Accounts struct {
	catalog   *catalog.Catalog
	passwords *passwords
	now       func() time.Time
	random    io.Reader
}

// NewAccounts makes Accounts over a catalogue.
func NewAccounts(c *catalog.Catalog, now func() time.Time, random io.Reader) *Accounts {
	return &Accounts{catalog: c, passwords: newPasswords(random), now: now, random: random}
}

var (
	usernameForm = regexp.MustCompile(`^[a-z0-9_][a-z0-9_.@-]{0,63}$`)
	onlyDigits   = regexp.MustCompile(`^[0-9]+$`)
)

// ParseUsername checks a username and gives it as it is kept: in lower case.
// Names of digits only are refused, since they would look like user ids.
func ParseUsername(name string) (string, error) {
	kept := strings.ToLower(name)
	if !usernameForm.MatchString(kept) {
		return "", media.Invalid("username", "must have 1 to 64 letters, digits and . _ - @, with a letter, digit or _ first")
	}
	if onlyDigits.MatchString(kept) {
		return "", media.Invalid("username", "must not be a number: it would look like a user id")
	}
	return kept, nil
}

// Create makes an account, an admin's or not; without an id it gets a random one.
// A name or id that is taken, or that won't do, is CodeInvalid.
func (a *Accounts) Create(ctx context.Context, name, id, password string, admin bool) (catalog.Account, error) {
	name, err := ParseUsername(name)
	if err != nil {
		return catalog.Account{}, err
	}
	if id != "" {
		if _, err := media.ParseUserID(id); err != nil {
			return catalog.Account{}, err
		}
	}
	if err := checkPassword(password); err != nil {
		return catalog.Account{}, err
	}
	now := a.now()
	if id == "" {
		n, err := media.NewID(now, a.random)
		if err != nil {
			return catalog.Account{}, fmt.Errorf("make a user id: %w", err)
		}
		id = n.String()
	}
	hash, err := a.passwords.hash(ctx, password)
	if err != nil {
		return catalog.Account{}, err
	}
	row := catalog.Account{ID: id, Username: name, PasswordHash: hash, CreatedAt: now, Admin: admin}
	err = a.catalog.CreateAccount(ctx, row)
	if errors.Is(err, catalog.ErrConflict) {
		return catalog.Account{}, media.Invalid("username", "There is an account with the name %s or the user id %s already.", name, id)
	}
	return row, err
}

// Find gives the account of a user id or a username; an unknown one is
// CodeNotFound.
func (a *Accounts) Find(ctx context.Context, idOrName string) (catalog.Account, error) {
	if onlyDigits.MatchString(idOrName) {
		return a.catalog.Account(ctx, idOrName)
	}
	return a.catalog.AccountByName(ctx, strings.ToLower(idOrName))
}

// SetPassword changes a password, which ends all sign-ins of the account.
func (a *Accounts) SetPassword(ctx context.Context, user, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	hash, err := a.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	return a.catalog.SetPassword(ctx, user, hash, a.now())
}

// SetAdmin marks an account as an admin's, who gets the scope Admin when signing
// in, or takes the mark away: then all consents and access tokens of the user that
// have the scope end at once, and it says how many tokens that were.
func (a *Accounts) SetAdmin(ctx context.Context, user string, admin bool) (ended int64, err error) {
	return a.catalog.SetAdmin(ctx, user, admin, Admin, a.now())
}

// SignIn checks a password and gives the secret of a new sign-in, which is kept
// nowhere. A wrong password and an unknown name give the same CodeUnauthorized,
// after the same time.
func (a *Accounts) SignIn(ctx context.Context, name, password string) (secret string, who catalog.Account, err error) {
	wrong := media.Errorf(media.CodeUnauthorized, "The username or the password is wrong.")
	if len(password) > MaxPassword || len(name) > MaxPassword {
		return "", catalog.Account{}, wrong
	}
	row, err := a.catalog.AccountByName(ctx, strings.ToLower(name))
	known := err == nil
	if media.CodeOf(err) == media.CodeNotFound {
		row = catalog.Account{PasswordHash: nobodysHash}
	} else if err != nil {
		return "", catalog.Account{}, err
	}
	right, err := a.passwords.verify(ctx, password, row.PasswordHash)
	if err != nil {
		return "", catalog.Account{}, err
	}
	if !known || !right {
		return "", catalog.Account{}, wrong
	}
	if secret, err = newSecret(a.random); err != nil {
		return "", catalog.Account{}, fmt.Errorf("make a sign-in: %w", err)
	}
	now := a.now()
	created, err := a.catalog.CreateSignIn(ctx, catalog.SignIn{
		Hash: hash(secret), User: row.ID, CreatedAt: now, ExpiresAt: now.Add(SignInLifetime),
	}, row.PasswordHash)
	if err != nil {
		return "", catalog.Account{}, err
	}
	if !created { // the password was changed, or the account erased, meanwhile
		return "", catalog.Account{}, wrong
	}
	return secret, row, nil
}

// NewVisit makes a secret for a browser in which nobody has signed in. Nothing
// is kept of it.
func (a *Accounts) NewVisit() (string, error) {
	secret, err := newSecret(a.random)
	if err != nil {
		return "", fmt.Errorf("make a visit: %w", err)
	}
	return secret, nil
}

// SignedIn tells whose sign-in a secret is. One that is unknown, ended or
// expired is CodeUnauthorized.
func (a *Accounts) SignedIn(ctx context.Context, secret string) (catalog.Account, error) {
	s, who, err := a.catalog.SignIn(ctx, hash(secret))
	if media.CodeOf(err) == media.CodeNotFound || err == nil && !a.now().Before(s.ExpiresAt) {
		return catalog.Account{}, media.Errorf(media.CodeUnauthorized, "Nobody is signed in.")
	}
	if err != nil {
		return catalog.Account{}, err
	}
	return who, nil
}

// SignOut ends a sign-in at once; one that is not there is no error.
func (a *Accounts) SignOut(ctx context.Context, secret string) error {
	return a.catalog.EndSignIn(ctx, hash(secret))
}

// newSecret makes 256 random bits that fit a URL, a header and a command line.
func newSecret(random io.Reader) (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", err
	}
	return secretPrefix + base64.RawURLEncoding.EncodeToString(b), nil
}
