package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
)

// clientCommand makes, lists and revokes the apps that users let act for them,
// also while a server runs on the data folder.
type clientCommand struct {
	Create clientCreate `cmd:"" help:"Make a client and print its ids and secrets; the secrets are shown this once."`
	List   clientList   `cmd:"" aliases:"ls" help:"List clients; their secrets are not shown."`
	Revoke clientRevoke `cmd:"" help:"End a client and everything that was given to it."`

	Token       clientToken       `cmd:"" help:"Make a token and secret for a client to sign with in a user's name (OAuth 1.0a); the secret is shown this once."`
	Tokens      clientTokens      `cmd:"" help:"List such tokens; their secrets are not shown."`
	RevokeToken clientRevokeToken `cmd:"" help:"End such a token at once."`
}

// keyFlag names the key file of a command that handles clients' secrets.
type keyFlag struct {
	KeyFile string `name:"key-file" env:"MAGPIE_KEY_FILE" placeholder:"PATH" help:"The server's key file. Default: key in the data folder."`
}

// clients opens the key file, making it if it is not there.
func (k keyFlag) clients(rows *catalog.Catalog, data string) (*auth.Clients, error) {
	keys, err := auth.OpenKeys(keyIn(data, k.KeyFile), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("--key-file: %w", err)
	}
	return auth.NewClients(rows, keys, time.Now, rand.Reader), nil
}

type clientCreate struct {
	catalogFlags
	keyFlag
	Name         string   `arg:"" help:"What users read when they are asked."`
	RedirectURIs []string `name:"redirect-uri" sep:"none" placeholder:"URI" help:"Where users are sent back to; may be given more than once."`
	Public       bool     `help:"An app on users' own devices or in their browsers, which can keep no secret."`
	ReadOnly     bool     `help:"By OAuth 1.0a it may read and no more."`
	Owner        string   `placeholder:"ID" help:"Id of the user in whose name its app-only token reads. Default: nobody's."`
	JSON         bool     `name:"json" help:"Print JSON."`
}

// Run prints the new client's credentials.
func (c *clientCreate) Run(ctx context.Context, s surroundings) error {
	rows, err := c.openOrMake(ctx)
	if err != nil {
		return err
	}
	var made auth.Registered
	err = s.deed(ctx, rows, "client create", "", func() (_ string, err error) {
		made, err = c.register(ctx, rows)
		return made.Client.ID, err
	})
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	k := made.Client
	if c.JSON {
		return json.NewEncoder(s.out).Encode(struct {
			ID        string `json:"client_id"`
			Secret    string `json:"client_secret,omitempty"`
			APIKey    string `json:"api_key"`
			KeySecret string `json:"api_key_secret"`
		}{k.ID, made.Secret, k.APIKey, made.KeySecret})
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "OAuth 2\tclient id\t%s\n", k.ID)
	if made.Secret != "" {
		fmt.Fprintf(t, "\tclient secret\t%s\n", made.Secret)
	}
	fmt.Fprintf(t, "OAuth 1.0a, app-only\tAPI key\t%s\n\tAPI key secret\t%s\n", k.APIKey, made.KeySecret)
	return t.Flush()
}

func (c *clientCreate) register(ctx context.Context, rows *catalog.Catalog) (auth.Registered, error) {
	clients, err := c.clients(rows, c.Data)
	if err != nil {
		return auth.Registered{}, err
	}
	return clients.Register(ctx, auth.Registration{
		Name: c.Name, Owner: c.Owner, RedirectURIs: c.RedirectURIs, Public: c.Public, ReadOnly: c.ReadOnly,
	})
}

type clientList struct {
	catalogFlags
	listFlags
}

// Run prints a table of all clients.
func (c *clientList) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	all, err := rows.Clients(ctx)
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	t := c.list(s.out, "ID", "API KEY", "KIND", "OWNER", "CREATED", "STATE", "NAME", "REDIRECT URIS")
	for _, k := range all {
		kind := "confidential"
		if k.Public {
			kind = "public"
		}
		if k.ReadOnly {
			kind += ",read-only"
		}
		if err := t.row(k.ID, k.APIKey, kind, k.Owner, k.CreatedAt, validOr(k.RevokedAt, "revoked"), k.Name, k.RedirectURIs); err != nil {
			return err
		}
	}
	return t.end()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func validOr(ended time.Time, word string) string {
	if ended.IsZero() {
		return "valid"
	}
	return word
}

type clientRevoke struct {
	catalogFlags
	ID string `arg:"" help:"The client's id, from magpie client list."`
}

// Run ends the client.
func (c *clientRevoke) Run(ctx context.Context, s surroundings) error {
	return endOne(ctx, s, c.catalogFlags, "client revoke", c.ID, endedAlready("client", c.ID), (*catalog.Catalog).RevokeClient)
}

// endOne revokes what an id names, by a command, and says that it did; none is the
// error where there was nothing to revoke.
func endOne(ctx context.Context, s surroundings, data catalogFlags, command, id string, none error, revoke func(*catalog.Catalog, context.Context, string, time.Time) (bool, error)) error {
	rows, err := data.open(ctx)
	if err != nil {
		return err
	}
	err = s.deed(ctx, rows, command, id, func() (string, error) {
		revoked, err := revoke(rows, ctx, id, time.Now())
		if err == nil && !revoked {
			err = none
		}
		return "", err
	})
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, "revoked", id)
	return err
}

func endedAlready(noun, id string) error {
	return fmt.Errorf("the %s %s was revoked already", noun, id)
}
