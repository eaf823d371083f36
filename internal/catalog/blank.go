package catalog

import (
	"context"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// CreateBlanks records sessions that are nobody's yet: those of the ids that no
// session or media has, or had and was not pruned, which it gives in their order.
// They have no owner, reserve nothing, are in nobody's list, and are closing from their
// beginning, by token. CloseSession and CloseMade make each what its media is. Those
// of which nothing came expire like others.
func (c *Catalog) CreateBlanks(ctx context.Context, ids []media.ID, token string, now, expires time.Time) ([]media.ID, error) {
	var made []media.ID
	err := c.writeOnce(ctx, func(q *queries.Queries, before bool) error {
		rows, err := q.InsertBlanks(ctx, rowIDs(ids), queries.Blank{Token: token, CreatedAt: millis(now), ExpiresAt: millis(expires)})
		if err != nil {
			return err
		}
		made = made[:0]
		for _, id := range ids {
			there := rows[int64(id)]
			if !there && before {
				s, err := getSession(ctx, q, id)
				there = err == nil && s.ClosingToken == token
			}
			if there {
				made = append(made, id)
			}
		}
		return nil
	})
	return made, during(err, "create %d sessions", len(ids))
}

// fill makes a session that was nobody's what its media is.
func fill(ctx context.Context, q *queries.Queries, session *queries.CloseSessionRow, m media.Media) error {
	if session.Owner != "" {
		return nil
	}
	owners, err := encodeNames(m.AdditionalOwners)
	if err != nil {
		return err
	}
	session.Owner = m.Owner
	return q.FillSession(ctx, queries.FillSessionParams{
		ID: int64(m.ID), Owner: m.Owner, Category: string(m.Category), Type: string(m.Type),
		TotalBytes: m.Size(), AdditionalOwners: owners, CreatedAt: millis(m.CreatedAt),
	})
}
