package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// userCommand makes, lists and erases the users who sign in with a password,
// also while a server runs on the data folder.
type userCommand struct {
	Create   userCreate   `cmd:"" help:"Make a user who can sign in, and print the user id."`
	List     userList     `cmd:"" aliases:"ls" help:"List the users who can sign in."`
	Password userPassword `cmd:"" help:"Change a password and sign the user out everywhere."`
	Admin    userAdmin    `cmd:"" help:"Make a user an admin, who may operate the server, or one no longer."`
	Quota    userQuota    `cmd:"" help:"Set how much one user may store, and print what they store."`
	Erase    userErase    `cmd:"" help:"Delete a user's account and revoke everything that acts in the user's name."`
}

func accountsOf(rows *catalog.Catalog) *auth.Accounts {
	return auth.NewAccounts(rows, time.Now, rand.Reader)
}

type userCreate struct {
	catalogFlags
	passwordFlags
	Name  string `arg:"" help:"Name to sign in with: letters, digits and . _ - @."`
	Admin bool   `help:"An admin, who may operate the server: gets the scope magpie.admin when signing in."`
	ID    string `name:"id" placeholder:"DIGITS" help:"User id, 1 to 19 digits, such as one that has tokens already. Default: a random one."`
}

// Run prints the user id and nothing else.
func (c *userCreate) Run(ctx context.Context, s surroundings) error {
	if _, err := auth.ParseUsername(c.Name); err != nil {
		return err // before anybody types a password
	}
	password, err := c.password(ctx, s)
	if err != nil {
		return err
	}
	rows, err := c.openOrMake(ctx)
	if err != nil {
		return err
	}
	var made catalog.Account
	err = s.deed(ctx, rows, "user create", "", func() (_ string, err error) {
		made, err = accountsOf(rows).Create(ctx, c.Name, c.ID, password, c.Admin)
		if err != nil || !c.Admin {
			return made.ID, err
		}
		return made.ID + ", an admin", nil
	})
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, made.ID)
	return err
}

type userList struct {
	catalogFlags
	listFlags
}

// Run prints a table of all accounts.
func (c *userList) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	all, err := rows.Accounts(ctx)
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	t := c.list(s.out, "ID", "NAME", "CREATED", "ROLE")
	for _, a := range all {
		role := "user"
		if a.Admin {
			role = "admin"
		}
		if err := t.row(a.ID, a.Username, a.CreatedAt, role); err != nil {
			return err
		}
	}
	return t.end()
}

type userPassword struct {
	catalogFlags
	passwordFlags
	User string `arg:"" name:"user" help:"User id or name."`
}

// Run changes the password.
func (c *userPassword) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	err = c.change(ctx, s, rows)
	return errors.Join(err, rows.Close())
}

func (c *userPassword) change(ctx context.Context, s surroundings, rows *catalog.Catalog) error {
	accounts := accountsOf(rows)
	who, err := accounts.Find(ctx, c.User)
	if err != nil {
		return fmt.Errorf("%s: %w; magpie user list shows them", c.User, err)
	}
	password, err := c.password(ctx, s)
	if err != nil {
		return err
	}
	return s.deed(ctx, rows, "user password", who.ID, func() (string, error) {
		return "", accounts.SetPassword(ctx, who.ID, password)
	})
}

type userErase struct {
	catalogFlags
	User string `arg:"" name:"user" help:"User id or name. An id needs no account."`
}

// Run ends everything of the user's at once, and says what that was.
func (c *userErase) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	id, erased, err := c.erase(ctx, s, rows)
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "erased user %s: accounts %d, sign-ins %d, consents %d, access tokens %d, user tokens %d, clients %d, audit entries %d\n",
		id, erased.Accounts, erased.SignIns, erased.Consents, erased.Tokens, erased.UserTokens, erased.Clients, erased.Changes)
	return err
}

func (c *userErase) erase(ctx context.Context, s surroundings, rows *catalog.Catalog) (string, catalog.Erased, error) {
	id, err := media.ParseUserID(c.User)
	if err != nil { // then it is a name
		who, err := accountsOf(rows).Find(ctx, c.User)
		if err != nil {
			return "", catalog.Erased{}, fmt.Errorf("%s: %w; magpie user list shows them", c.User, err)
		}
		id = who.ID
	}
	var erased catalog.Erased
	err = s.deed(ctx, rows, "user erase", id, func() (_ string, err error) {
		erased, err = rows.EraseUser(ctx, id, time.Now())
		return "", err
	})
	return id, erased, err
}
