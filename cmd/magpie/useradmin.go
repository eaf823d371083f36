package main

import (
	"context"
	"errors"
	"fmt"

	"magpie/internal/catalog"
)

// userAdmin marks an account as an admin's, or takes the mark away.
type userAdmin struct {
	catalogFlags
	User   string `arg:"" name:"user" help:"User id or name."`
	Revoke bool   `help:"No admin any more: all tokens of the user with the scope magpie.admin end at once."`
}

// Run says what the user is now.
func (c *userAdmin) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	text, err := c.mark(ctx, s, rows)
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, text)
	return err
}

func (c *userAdmin) mark(ctx context.Context, s surroundings, rows *catalog.Catalog) (string, error) {
	accounts := accountsOf(rows)
	who, err := accounts.Find(ctx, c.User)
	if err != nil {
		return "", fmt.Errorf("%s: %w; magpie user list shows them", c.User, err)
	}
	var ended int64
	becomes := "an admin"
	if c.Revoke {
		becomes = "no admin any more"
	}
	err = s.deed(ctx, rows, "user admin", "user "+who.ID+", "+becomes, func() (_ string, err error) {
		ended, err = accounts.SetAdmin(ctx, who.ID, !c.Revoke)
		return "", err
	})
	if err != nil || !c.Revoke {
		return fmt.Sprintf("user %s (%s) is an admin", who.ID, who.Username), err
	}
	return fmt.Sprintf("user %s (%s) is no admin: access tokens ended: %d", who.ID, who.Username, ended), nil
}
