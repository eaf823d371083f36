package main

import (
	"context"
	"errors"
	"time"

	"magpie/internal/catalog"
)

// consentCommand lists and revokes what users let clients do, also while a
// server runs on the data folder.
type consentCommand struct {
	List   consentList   `cmd:"" aliases:"ls" help:"List what users let clients do."`
	Revoke consentRevoke `cmd:"" help:"End a consent and all its tokens."`
}

type consentList struct {
	catalogFlags
	listFlags
	User string `help:"Only those of the user with this id." placeholder:"ID"`
}

// Run prints a table of consents.
func (c *consentList) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	all, err1 := rows.Consents(ctx)
	clients, err2 := rows.Clients(ctx)
	if err := errors.Join(err1, err2, rows.Close()); err != nil {
		return err
	}
	names := map[string]string{}
	for _, k := range clients {
		names[k.ID] = k.Name
	}
	t := c.list(s.out, "ID", "USER", "CLIENT", "SCOPES", "CREATED", "STATE", "NAME")
	for _, k := range all {
		if c.User != "" && k.User != c.User {
			continue
		}
		if err := t.row(k.ID, k.User, k.Client, k.Scopes, k.CreatedAt, stateOfConsent(k, time.Now()), names[k.Client]); err != nil {
			return err
		}
	}
	return t.end()
}

func stateOfConsent(k catalog.Consent, now time.Time) string {
	switch {
	case !k.RevokedAt.IsZero():
		return "revoked"
	case !now.Before(k.EndsAt):
		return "expired"
	}
	return "valid until " + k.EndsAt.UTC().Format(time.RFC3339)
}

type consentRevoke struct {
	catalogFlags
	ID string `arg:"" help:"The consent's id, from magpie consent list."`
}

// Run ends the consent.
func (c *consentRevoke) Run(ctx context.Context, s surroundings) error {
	return endOne(ctx, s, c.catalogFlags, "consent revoke", c.ID, endedAlready("consent", c.ID), (*catalog.Catalog).RevokeConsent)
}
