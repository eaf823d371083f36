package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"magpie/internal/catalog"
)

// consentCommand lists and revokes what users let clients do, also while a
// server runs on the data folder.
type consentCommand struct {
	List   consentList   `cmd:"" help:"List what users let clients do."`
	Revoke consentRevoke `cmd:"" help:"End a consent and all its tokens."`
}

type consentList struct {
	catalogFlags
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
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tUSER\tCLIENT\tSCOPES\tCREATED\tSTATE\tNAME")
	for _, k := range all {
		if c.User != "" && k.User != c.User {
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.User, k.Client, strings.Join(k.Scopes, ","),
			k.CreatedAt.UTC().Format(time.RFC3339), stateOfConsent(k, time.Now()), names[k.Client])
	}
	return t.Flush()
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
	return endOne(ctx, s, c.catalogFlags, c.ID, "consent", (*catalog.Catalog).RevokeConsent)
}
