package catalog

import (
	"context"
	"slices"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// ExpireMedia marks at most limit live media as gone at now whose ExpiresAt is
// set and <= now, and gives their ids in ascending order.
func (c *Catalog) ExpireMedia(ctx context.Context, now time.Time, limit int) ([]media.ID, error) {
	ids, err := c.changeMany(ctx, func(q *queries.Queries) ([]int64, error) {
		held, err := q.ExpiringMedia(ctx, queries.ExpiringMediaParams{Now: millis(now), AtMost: atMost(limit)})
		if err != nil {
			return nil, err
		}
		var ids []int64
		for _, id := range held {
			n, err := q.ExpireMedia(ctx, queries.ExpireMediaParams{ID: id, Now: millis(now)})
			if err != nil {
				return nil, err
			}
			if n == 0 {
				continue
			}
			ids = append(ids, id)
			if err := remember(ctx, q, media.ID(id), HistoryEntry{Kind: HistoryExpired, At: now}); err != nil {
				return nil, err
			}
		}
		for _, id := range ids {
			if err := noteEvent(ctx, q, MediaExpired, media.ID(id), now); err != nil {
				return nil, err
			}
		}
		return ids, nil
	})
	return ids, during(err, "expire media")
}

// Prune removes what is left of at most limit uploads that ended before a time
// by which their blobs are long swept: sessions expired before it, and media
// gone before it with their sessions, renditions and metadata. It gives their
// ids in ascending order; they could be given out again. The closed session of
// a media stays as long as the media: there is no closed session without one,
// because CloseSession writes both and Prune removes both.
func (c *Catalog) Prune(ctx context.Context, before time.Time, limit int) ([]media.ID, error) {
	ids, err := c.changeMany(ctx, func(q *queries.Queries) ([]int64, error) {
		kept, err := q.KeptOfGone(ctx, queries.KeptOfGoneParams{Before: millis(before), AtMost: atMost(limit)})
		if err != nil {
			return nil, err
		}
		for _, r := range kept { // whose blobs were gone before the sweeper came
			if _, err := letGo(ctx, q, r.ID, r.GoneAt); err != nil {
				return nil, err
			}
		}
		gone, err := q.PruneGone(ctx, queries.PruneGoneParams{Before: millis(before), AtMost: atMost(limit)})
		if err != nil {
			return nil, err
		}
		expired, err := q.PruneExpired(ctx, queries.PruneExpiredParams{
			Before: millis(before), AtMost: atMost(limit - len(gone)),
		})
		return slices.Concat(gone, expired), err
	})
	return ids, during(err, "prune the catalogue")
}
