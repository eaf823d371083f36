package catalog

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// Tus is what a tus client said of its upload.
type Tus struct {
	Metadata string   // its Upload-Metadata
	Concat   string   // its Upload-Concat
	Joined   media.ID // the upload that this one became a part of; 0 for none
}

// CreateTus is CreateSessionWithin for an upload of a tus client, with what the
// client said of it, and for one that joins others: those end in the same
// transaction, at now, and give back the room that they had reserved. One of
// them that is not open (any more), or whose rows are not there, is
// media.CodeConflict, and nothing is written. said.Joined is passed over.
func (c *Catalog) CreateTus(ctx context.Context, s media.Session, said Tus, joins []media.ID, quota int64, now time.Time) error {
	ids := rowIDs(joins)
	slices.Sort(ids) // two transactions lock rows the same way round
	err := c.writeOnce(ctx, func(q *queries.Queries, before bool) error {
		if before && isThere(ctx, q, s) {
			return nil
		}
		for _, id := range ids {
			if err := join(ctx, q, id, s.ID, now); err != nil {
				return err
			}
		}
		if err := insertSession(ctx, q, s, quota); err != nil {
			return err
		}
		return q.InsertTus(ctx, queries.InsertTusParams{SessionID: int64(s.ID), Metadata: said.Metadata, Concat: said.Concat})
	})
	return during(err, "create session %s", s.ID)
}

func join(ctx context.Context, q *queries.Queries, id int64, to media.ID, now time.Time) error {
	r, err := q.AbortSession(ctx, queries.AbortSessionParams{ID: id, Now: millis(now)})
	var n int64
	if err == nil {
		n, err = q.JoinTus(ctx, queries.JoinTusParams{SessionID: id, Joined: int64(to)})
	}
	if errors.Is(err, sql.ErrNoRows) || err == nil && n == 0 {
		return media.Errorf(media.CodeConflict, "The upload %d is not open any more.", id)
	}
	if err != nil {
		return err
	}
	return unreserve(ctx, q, r.Owner, r.Reserved)
}

// Tus reads what a tus client said of its upload; nothing for one that is no tus
// client's.
func (c *Catalog) Tus(ctx context.Context, id media.ID) (Tus, error) {
	r, err := c.read().GetTus(ctx, int64(id))
	if errors.Is(err, sql.ErrNoRows) {
		return Tus{}, nil
	}
	return Tus{Metadata: r.Metadata, Concat: r.Concat, Joined: media.ID(r.Joined)}, during(err, "read what was said of %s", id)
}
