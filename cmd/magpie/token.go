package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
)

// tokenCommand makes, lists and revokes tokens in a data folder, also while a
// server runs on it.
type tokenCommand struct {
	Create tokenCreate `cmd:"" help:"Make a token and print it; it is shown this once."`
	List   tokenList   `cmd:"" aliases:"ls" help:"List tokens; their secrets are not kept."`
	Revoke tokenRevoke `cmd:"" help:"End a token at once."`
}

// dataFlag names the data folder.
type dataFlag struct {
	Data string `default:"./data" env:"MAGPIE_DATA" help:"Data folder."`
}

type tokenCreate struct {
	catalogFlags
	User     string        `required:"" help:"User id: 1 to 19 digits."`
	Scopes   []string      `default:"media.write,tweet.read,users.read" help:"Scopes, with commas between them."`
	AppOnly  bool          `help:"A token of an app without a user: it may look media up."`
	Label    string        `help:"What the token is for, for the list."`
	Lifetime time.Duration `default:"0s" help:"How long it is valid; 0 until it is revoked."`
}

// Run prints the new token and nothing else.
func (c *tokenCreate) Run(ctx context.Context, s surroundings) error {
	rows, err := c.openOrMake(ctx)
	if err != nil {
		return err
	}
	var secret string
	err = s.deed(ctx, rows, "token create", "user "+c.User+": "+strings.Join(c.Scopes, ","), func() (_ string, err error) {
		secret, err = auth.NewTokens(rows, time.Now, rand.Reader).Issue(ctx, auth.Grant{
			User: c.User, Scopes: c.Scopes, AppOnly: c.AppOnly, Label: c.Label, Lifetime: c.Lifetime,
		})
		return "", err
	})
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, secret)
	return err
}

type tokenList struct {
	catalogFlags
	listFlags
}

// Run prints a table of all tokens.
func (c *tokenList) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	tokens, err := rows.Tokens(ctx)
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	t := c.list(s.out, "ID", "USER", "SCOPES", "KIND", "CLIENT", "CREATED", "STATE", "LABEL")
	for _, k := range tokens {
		kind := "user"
		if k.AppOnly {
			kind = "app-only"
		}
		if err := t.row(k.ID, k.User, k.Scopes, kind, k.Client, k.CreatedAt, stateOf(k, time.Now()), k.Label); err != nil {
			return err
		}
	}
	return t.end()
}

func stateOf(k catalog.Token, now time.Time) string {
	switch {
	case !k.RevokedAt.IsZero():
		return "revoked"
	case !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt):
		return "expired"
	case !k.ExpiresAt.IsZero():
		return "valid until " + k.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return "valid"
}

type tokenRevoke struct {
	catalogFlags
	ID string `arg:"" help:"The token's id, from magpie token list."`
}

// Run ends the token. What is named goes on record and into the log, where a token
// itself must not be.
func (c *tokenRevoke) Run(ctx context.Context, s surroundings) error {
	if auth.IsToken(c.ID) {
		return errors.New("that is a token itself; name its id, which magpie token list shows")
	}
	none := fmt.Errorf("there is no valid token %s; magpie token list shows them", c.ID)
	return endOne(ctx, s, c.catalogFlags, "token revoke", c.ID, none, (*catalog.Catalog).RevokeToken)
}
