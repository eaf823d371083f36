package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
)

// clientToken makes what a client signs with in a user's name.
type clientToken struct {
	catalogFlags
	keyFlag
	Client string `arg:"" help:"The client's id, from magpie client list."`
	User   string `required:"" placeholder:"ID" help:"Id of the user in whose name the client signs: 1 to 19 digits."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Run prints the token and its secret, as X's own answer has them.
func (c *clientToken) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	var token, secret string
	err = s.deed(ctx, rows, "client token", "client "+c.Client+", user "+c.User, func() (_ string, err error) {
		token, secret, err = c.issue(ctx, rows)
		return "", err
	})
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(struct {
			Token  string `json:"oauth_token"`
			Secret string `json:"oauth_token_secret"`
			User   string `json:"user_id"`
		}{token, secret, c.User})
	}
	_, err = fmt.Fprintf(s.out, "oauth_token=%s\noauth_token_secret=%s\n", token, secret)
	return err
}

func (c *clientToken) issue(ctx context.Context, rows *catalog.Catalog) (token, secret string, err error) {
	keys, err := auth.OpenKeys(keyIn(c.Data, c.KeyFile), rand.Reader)
	if err != nil {
		return "", "", fmt.Errorf("--key-file: %w", err)
	}
	return auth.NewUserTokens(rows, keys, time.Now, rand.Reader).Issue(ctx, c.Client, c.User)
}

// clientTokens lists what clients sign with.
type clientTokens struct {
	catalogFlags
	listFlags
	Client string `arg:"" optional:"" help:"Only those of the client with this id."`
}

// Run prints a table of user tokens.
func (c *clientTokens) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	all, err := rows.UserTokens(ctx, c.Client)
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	t := c.list(s.out, "OAUTH TOKEN", "CLIENT", "USER", "CREATED", "STATE")
	for _, k := range all {
		if err := t.row(k.Token, k.Client, k.User, k.CreatedAt, validOr(k.RevokedAt, "revoked")); err != nil {
			return err
		}
	}
	return t.end()
}

// clientRevokeToken ends what a client signs with.
type clientRevokeToken struct {
	catalogFlags
	Token string `arg:"" help:"The oauth_token, from magpie client tokens."`
}

// Run ends the token.
func (c *clientRevokeToken) Run(ctx context.Context, s surroundings) error {
	return endOne(ctx, s, c.catalogFlags, "client revoke-token", c.Token, endedAlready("token", c.Token), (*catalog.Catalog).RevokeUserToken)
}
