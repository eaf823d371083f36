package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
)

// keyCommand rotates, lists and retires the keys that URLs are signed with, also
// while a server runs on the data folder.
type keyCommand struct {
	Rotate keyRotate `cmd:"" help:"Make a new key to sign URLs with, and print its id. What older keys signed holds until they are retired."`
	List   keyList   `cmd:"" aliases:"ls" help:"List the keys, the one that signs first."`
	Retire keyRetire `cmd:"" help:"End a key within two seconds: nothing that it signed holds any more."`
}

type keyRotate struct {
	catalogFlags
	keyFlag
}

// Run prints the new key's id and nothing else.
func (c *keyRotate) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	var made catalog.SigningKey
	err = s.deed(ctx, rows, "key rotate", "", func() (_ string, err error) {
		made, err = c.rotate(ctx, rows, s)
		return made.ID, err
	})
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, made.ID)
	return err
}

func (c *keyRotate) rotate(ctx context.Context, rows *catalog.Catalog, s surroundings) (catalog.SigningKey, error) {
	keys, err := auth.OpenKeys(keyIn(c.Data, c.KeyFile), rand.Reader)
	if err != nil {
		return catalog.SigningKey{}, fmt.Errorf("--key-file: %w", err)
	}
	return auth.NewSigningKeys(rows, keys, time.Now, rand.Reader, slog.New(slog.NewTextHandler(s.err, nil))).Rotate(ctx)
}

type keyList struct {
	catalogFlags
	listFlags
}

// Run prints a table of all keys.
func (c *keyList) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	all, err := rows.SigningKeys(ctx)
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	t := c.list(s.out, "ID", "CREATED", "STATE")
	signs := true
	for _, k := range all {
		state := "accepted"
		switch {
		case !k.RetiredAt.IsZero():
			state = "retired " + k.RetiredAt.UTC().Format(time.RFC3339)
		case signs:
			state, signs = "signs", false
		}
		if err := t.row(k.ID, k.CreatedAt, state); err != nil {
			return err
		}
	}
	return t.end()
}

type keyRetire struct {
	catalogFlags
	ID string `arg:"" help:"The key's id, from magpie key list."`
}

// Run ends the key. Where it was the only one, a server makes another.
func (c *keyRetire) Run(ctx context.Context, s surroundings) error {
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	err = s.deed(ctx, rows, "key retire", c.ID, func() (string, error) {
		retired, err := rows.RetireSigningKey(ctx, c.ID, time.Now())
		if err == nil && !retired {
			err = fmt.Errorf("the key %s was retired already", c.ID)
		}
		return "", err
	})
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, "retired", c.ID)
	return err
}
