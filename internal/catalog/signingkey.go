package catalog

import (
	"context"
	"errors"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// SigningKey is a key that URLs are signed with.
type SigningKey struct {
	ID        string
	Secret    string // sealed: see auth.SigningKeys; "" once it is retired
	CreatedAt time.Time
	RetiredAt time.Time // zero: what it signed holds
}

// CreateSigningKey records a key as the newest. An id that is taken is
// ErrConflict, and so is another key that is recorded at the same moment: the
// caller tries again. An empty Secret is refused.
func (c *Catalog) CreateSigningKey(ctx context.Context, k SigningKey) error {
	if k.Secret == "" {
		return during(errors.New("it has no secret"), "create signing key %s", k.ID)
	}
	err := c.write(ctx, func(q *queries.Queries) error {
		n, err := q.InsertSigningKey(ctx, queries.InsertSigningKeyParams{ID: k.ID, Secret: k.Secret, CreatedAt: millis(k.CreatedAt)})
		if err == nil && n == 0 {
			err = ErrConflict
		}
		return err
	})
	return during(err, "create signing key %s", k.ID)
}

// CreateFirstSigningKey records a key if there is none that is not retired, and
// says whether it did; of several servers that start at once one does. It may be
// called at every start. An id that is taken by a retired key is false too.
func (c *Catalog) CreateFirstSigningKey(ctx context.Context, k SigningKey) (bool, error) {
	if k.Secret == "" {
		return false, during(errors.New("it has no secret"), "create first signing key %s", k.ID)
	}
	created, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		return q.InsertFirstSigningKey(ctx, queries.InsertFirstSigningKeyParams{ID: k.ID, Secret: k.Secret, CreatedAt: millis(k.CreatedAt)})
	})
	return created, during(err, "create first signing key %s", k.ID)
}

// SigningKeys reads all keys, the newest first, retired or not.
func (c *Catalog) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	rows, err := c.read().ListSigningKeys(ctx)
	if err != nil {
		return nil, during(err, "read signing keys")
	}
	out := make([]SigningKey, len(rows))
	for i, r := range rows {
		out[i] = SigningKey{ID: r.ID, Secret: r.Secret, CreatedAt: timeOf(r.CreatedAt), RetiredAt: timeOf(r.RetiredAt)}
	}
	return out, nil
}

// RetireSigningKey ends a key at now and erases its secret. False means that it
// was retired already, and RetiredAt stays. An unknown id is
// media.CodeNotFound.
func (c *Catalog) RetireSigningKey(ctx context.Context, id string, now time.Time) (bool, error) {
	retired, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		n, err := q.RetireSigningKey(ctx, queries.RetireSigningKeyParams{ID: id, Now: millis(now)})
		if err != nil || n > 0 {
			return n, err
		}
		known, err := q.SigningKeyExists(ctx, id)
		if err == nil && !known {
			err = media.Errorf(media.CodeNotFound, "There is no signing key with the id %s.", id)
		}
		return 0, err
	})
	return retired, during(err, "retire signing key %s", id)
}
