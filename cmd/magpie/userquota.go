package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// userQuota sets how much one user may store, also while a server runs on the
// data folder, which goes by it at once.
type userQuota struct {
	catalogFlags
	User  string `arg:"" name:"user" help:"User id or name. An id needs no account."`
	Bytes string `arg:"" optional:"" name:"size" help:"Such as 50GiB; none for any amount, default for what the server gives everybody. Leave it out to change nothing."`
}

// Run prints what the user stores and may.
func (c *userQuota) Run(ctx context.Context, s surroundings) error {
	quota, err := c.quota()
	if err != nil {
		return err
	}
	rows, err := c.open(ctx)
	if err != nil {
		return err
	}
	id, stored, err := c.set(ctx, s, rows, quota)
	if err := errors.Join(err, rows.Close()); err != nil {
		return err
	}
	words := "the server's"
	switch stored.Quota {
	case catalog.ServersQuota:
	case 0:
		words = "none"
	default:
		words = fmt.Sprintf("%d", stored.Quota)
	}
	_, err = fmt.Fprintf(s.out, "user %s: used %d (%s), quota %s\n", id, stored.Used(), humanize.IBytes(uint64(max(stored.Used(), 0))), words)
	return err
}

// quota reads the size that is meant; nil for none given.
func (c *userQuota) quota() (*int64, error) {
	var n int64
	switch c.Bytes {
	case "":
		return nil, nil
	case "none":
	case "default":
		n = catalog.ServersQuota
	default:
		var b size
		if err := b.UnmarshalText([]byte(c.Bytes)); err != nil {
			return nil, fmt.Errorf("%w, nor none, nor default", err)
		}
		if b == 0 {
			return nil, errors.New("a quota of 0 would let nothing in; say none for no quota")
		}
		n = int64(b)
	}
	return &n, nil
}

func (c *userQuota) set(ctx context.Context, s surroundings, rows *catalog.Catalog, quota *int64) (string, catalog.Storage, error) {
	id, err := media.ParseUserID(c.User)
	if err != nil { // then it is a name
		who, err := accountsOf(rows).Find(ctx, c.User)
		if err != nil {
			return "", catalog.Storage{}, fmt.Errorf("%s: %w; magpie user list shows them", c.User, err)
		}
		id = who.ID
	}
	if quota != nil {
		err := s.deed(ctx, rows, "user quota", "user "+id+": "+c.Bytes, func() (string, error) { return "", rows.SetQuota(ctx, id, *quota) })
		if err != nil {
			return "", catalog.Storage{}, err
		}
	}
	stored, err := rows.Storage(ctx, id)
	return id, stored, err
}
