package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"time"

	"magpie/internal/catalog"
)

// deed does what changes something on the command line, between two notes of it in
// the catalogue: that it is about to be done, without which it isn't, and how it
// ended. subject says what it is about, by ids; what do gives takes its place where
// that is only known afterwards.
func (s surroundings) deed(ctx context.Context, rows *catalog.Catalog, command, subject string, do func() (made string, err error)) error {
	id := make([]byte, 8)
	if _, err := rand.Read(id); err != nil {
		return err
	}
	d := catalog.Deed{ID: hex.EncodeToString(id), Operator: operator(s.env), Command: command, Subject: subject, BegunAt: time.Now()}
	if err := rows.BeginDeed(ctx, d); err != nil {
		return err
	}
	made, err := do()
	if made != "" {
		d.Subject = made
	}
	d.EndedAt, d.Failed = time.Now(), err != nil
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // Ctrl-C ends what was done, not its record
	defer stop()
	return errors.Join(err, rows.EndDeed(ctx, d))
}

// operator is who runs this process, as the system says: the name and the host.
// Behind sudo it is who called that.
func operator(env func(string) string) string {
	name := env("SUDO_USER")
	if name == "" {
		name = fmt.Sprintf("uid %d", os.Getuid())
		if who, err := user.Current(); err == nil {
			name = who.Username
		}
	}
	host, err := os.Hostname()
	if err != nil {
		return name
	}
	return name + "@" + host
}

// untoldFor is how old a deed is that is told though it is not known to have ended.
const untoldFor = time.Minute

// tellDeeds writes what was done on the command line into the log.
func tellDeeds(ctx context.Context, rows *catalog.Catalog, log *slog.Logger, now time.Time) error {
	const page = 100
	for {
		list, err := rows.UntoldDeeds(ctx, now.Add(-untoldFor), page)
		if err != nil {
			return err
		}
		for _, d := range list {
			log.Info("audit", "command", d.Command, "subject", d.Subject, "operator", d.Operator, "at", d.BegunAt, "outcome", outcomeOf(d))
			if err := rows.TellDeed(ctx, d); err != nil {
				return err
			}
		}
		if len(list) < page {
			return nil
		}
	}
}

func outcomeOf(d catalog.Deed) string {
	switch {
	case d.EndedAt.IsZero():
		return "unknown"
	case d.Failed:
		return "failed"
	}
	return "done"
}

// auditCommand lists what was done on the command line.
type auditCommand struct {
	catalogFlags
	listFlags
}

// Run prints a line for each deed, the oldest first.
func (c *auditCommand) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	t := c.list(s.out, "AT", "OPERATOR", "COMMAND", "SUBJECT", "OUTCOME")
	err = eachDeed(ctx, rows, func(d catalog.Deed) error {
		return t.row(d.BegunAt, d.Operator, d.Command, d.Subject, outcomeOf(d))
	})
	return errors.Join(err, t.end(), rows.Close())
}

func eachDeed(ctx context.Context, rows *catalog.Catalog, f func(catalog.Deed) error) error {
	var last catalog.Deed
	for {
		page, err := rows.Deeds(ctx, last, 500)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, d := range page {
			if err := f(d); err != nil {
				return err
			}
		}
		last = page[len(page)-1]
	}
}
