package catalog

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// RemoveMedia is DeleteMedia by somebody: where another client manages the
// media, it is media.CodeForbidden as MayChange says, and unless force is set one
// that others of its owner use stays, and where is told. It is one transaction.
func (c *Catalog) RemoveMedia(ctx context.Context, id media.ID, by Actor, force bool, now time.Time) (deleted bool, uses []Use, err error) {
	deleted, err = c.change(ctx, func(q *queries.Queries) (int64, error) {
		uses = nil
		if err := holdUpload(ctx, q, id); err != nil {
			return 0, err
		}
		// Held too, so that nobody comes to use it once it was seen that nobody does.
		if _, err := q.HoldAny(ctx, int64(id)); err != nil {
			return 0, notFound(err, "There is no media with the id %s.", id)
		}
		m, err := getMedia(ctx, q, id)
		if err != nil || !m.GoneAt.IsZero() {
			return 0, err
		}
		if err := mayChange(ctx, q, id, by); err != nil {
			return 0, err
		}
		if !force {
			if uses, err = readUses(ctx, q, m); err != nil || len(uses) > 0 {
				return 0, err
			}
		}
		return deleteMedia(ctx, q, id, now)
	})
	return deleted, uses, during(err, "delete media %s", id)
}

// RestoreMedia brings a media back that was deleted after since and holds its
// bytes, all as it was; what was being processed then is pending again. False
// means that it can't be brought back, or was never gone. Unknown ids are
// media.CodeNotFound, and ones that another client than by's manages
// media.CodeForbidden.
func (c *Catalog) RestoreMedia(ctx context.Context, id media.ID, by Actor, since, now time.Time) (bool, error) {
	restored, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		if err := holdUpload(ctx, q, id); err != nil {
			return 0, err
		}
		// Held first, so that what LetGo did is seen.
		if _, err := q.HoldAny(ctx, int64(id)); err != nil {
			return 0, notFound(err, "There is no media with the id %s.", id)
		}
		if err := mayChange(ctx, q, id, by); err != nil {
			return 0, err
		}
		if _, err := q.GetKept(ctx, int64(id)); errors.Is(err, sql.ErrNoRows) {
			return 0, nil
		} else if err != nil {
			return 0, err
		}
		n, err := q.RestoreMedia(ctx, queries.RestoreMediaParams{ID: int64(id), GoneAfter: max(millis(since), 0), Now: millis(now)})
		if err != nil || n == 0 {
			return n, err
		}
		if err := remember(ctx, q, id, HistoryEntry{Kind: HistoryRestored, At: now}); err != nil {
			return 0, err
		}
		return n, noteEvent(ctx, q, MediaRestored, id, now)
	})
	return restored, during(err, "restore media %s", id)
}

// AbortSession ends an open session at now, before its time. False means that
// it is not open (any more), or not there. One that another client than by's
// manages is media.CodeForbidden.
func (c *Catalog) AbortSession(ctx context.Context, id media.ID, by Actor, now time.Time) (bool, error) {
	aborted, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		if err := holdUpload(ctx, q, id); err != nil {
			return 0, err
		}
		if err := mayChange(ctx, q, id, by); err != nil {
			return 0, err
		}
		r, err := q.AbortSession(ctx, queries.AbortSessionParams{ID: int64(id), Now: millis(now)})
		if errors.Is(err, sql.ErrNoRows) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		return 1, unreserve(ctx, q, r.Owner, r.Reserved)
	})
	return aborted, during(err, "abort session %s", id)
}
