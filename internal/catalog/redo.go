package catalog

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// Redo asks for a media that has succeeded or failed to be processed once more:
// Stalled lists it at once, Claim gives it out again, and what it shows stays
// until the new attempt is published. False means that it is not done, is gone,
// is not there, or that this was asked for already.
func (c *Catalog) Redo(ctx context.Context, id media.ID, now time.Time) (bool, error) {
	asked, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		// Held first, as by everybody who writes into its history.
		if _, err := q.HoldAny(ctx, int64(id)); errors.Is(err, sql.ErrNoRows) {
			return 0, nil
		} else if err != nil {
			return 0, err
		}
		n, err := q.InsertRedo(ctx, int64(id))
		if err != nil || n == 0 {
			return 0, err
		}
		return n, remember(ctx, q, id, HistoryEntry{Kind: HistoryRedo, At: now})
	})
	return asked, during(err, "ask for media %s to be processed once more", id)
}

// claimRedo is Claim for a media that is done.
func claimRedo(ctx context.Context, q *queries.Queries, id media.ID, now time.Time) (queries.Media, error) {
	m, err := q.ClaimRedo(ctx, queries.ClaimRedoParams{ID: int64(id), Now: millis(now)})
	if err != nil {
		return m, err
	}
	m.Lost, err = q.StartRedo(ctx, queries.StartRedoParams{ID: int64(id), Attempt: m.Attempt, Now: millis(now)})
	return m, err
}

// failAgain ends an attempt of Redo that failed.
func failAgain(ctx context.Context, q *queries.Queries, id media.ID, attempt int64, o media.Outcome, now time.Time) error {
	return q.FailRedo(ctx, queries.FailRedoParams{
		ID:             int64(id),
		Attempt:        attempt,
		FailureCode:    int64(o.Failure.Code),
		FailureName:    plainText(o.Failure.Name),
		FailureMessage: plainText(o.Failure.Message),
		Width:          int64(o.Width),
		Height:         int64(o.Height),
		DurationNS:     int64(o.Duration),
		Now:            millis(now),
	})
}
