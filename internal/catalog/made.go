package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// CloseMade is CloseSession and then Publish of the media's first attempt, in one
// transaction, for a media that was processed before it was recorded: m is in
// progress, and its Attempt is that of the renditions. It gives the media as it
// is afterwards.
func (c *Catalog) CloseMade(ctx context.Context, token string, m media.Media, o media.Outcome, now time.Time) (media.Media, bool, error) {
	row, err := madeRow(m, o, now)
	if err != nil {
		return media.Media{}, false, during(err, "close session %s", m.ID)
	}
	var made media.Media
	closed, err := c.changeOnce(ctx, func(q *queries.Queries, before bool) (int64, error) {
		session, err := q.CloseSession(ctx, queries.CloseSessionParams{ID: int64(m.ID), Token: token, Now: millis(now)})
		if errors.Is(err, sql.ErrNoRows) {
			var n int64
			if err = nil; before {
				made, n, err = became(ctx, q, m)
			}
			return n, err
		}
		if err != nil {
			return 0, err
		}
		row.Shared = session.Shared // metadata may have come since the session was read
		made, err = mediaOf(queries.Media(row))
		if err != nil {
			return 0, err
		}
		return 1, closeMade(ctx, q, session, row, m, o, now)
	})
	if err != nil || !closed {
		return media.Media{}, false, during(err, "close session %s, whose media is made", m.ID)
	}
	return made, true, nil
}

// madeRow is the row of a media behind its first attempt.
func madeRow(m media.Media, o media.Outcome, now time.Time) (queries.InsertMadeMediaParams, error) {
	if m.State != media.InProgress || !m.GoneAt.IsZero() {
		return queries.InsertMadeMediaParams{}, fmt.Errorf("the media is %s, and not in progress", m.State)
	}
	m.TouchedAt, m.Width, m.Height, m.Duration = now, o.Width, o.Height, o.Duration
	var facts, placeholder string
	var err error
	if m.Failure = o.Failure; o.Failure != nil {
		m.State = media.Failed
	} else {
		m.State, m.Published, m.Progress = media.Succeeded, m.Attempt, 100
		placeholder = plainText(o.Placeholder)
		if facts, err = encodeFacts(o.Facts); err != nil {
			return queries.InsertMadeMediaParams{}, err
		}
	}
	r, err := newMediaRow(m)
	if err != nil {
		return queries.InsertMadeMediaParams{}, err
	}
	return queries.InsertMadeMediaParams{
		ID: r.ID, Owner: r.Owner, AdditionalOwners: r.AdditionalOwners, Shared: r.Shared, Category: r.Category, Type: r.Type, Slug: r.Slug,
		State: r.State, Attempt: r.Attempt, Published: r.Published, Progress: r.Progress,
		FailureCode: r.FailureCode, FailureName: r.FailureName, FailureMessage: r.FailureMessage,
		Width: r.Width, Height: r.Height, DurationNS: r.DurationNS,
		CreatedAt: r.CreatedAt, TouchedAt: r.TouchedAt, ExpiresAt: r.ExpiresAt, GoneAt: r.GoneAt,
		Manifest: r.Manifest, Placeholder: placeholder, Facts: facts,
	}, nil
}

// closeMade writes a media that nobody knew of, and all that came of its attempt.
// The event comes last, as noteEvent says.
func closeMade(ctx context.Context, q *queries.Queries, session queries.CloseSessionRow, row queries.InsertMadeMediaParams, m media.Media, o media.Outcome, now time.Time) error {
	if err := fill(ctx, q, &session, m); err != nil {
		return err
	}
	n, err := q.InsertMadeMedia(ctx, row)
	if err == nil && n == 0 {
		err = ErrConflict
	}
	if err != nil {
		return err
	}
	ended := HistoryEntry{Attempt: m.Attempt, At: m.CreatedAt, EndedAt: now, Outcome: AttemptSucceeded}
	if o.Failure != nil {
		if err := keep(ctx, q, m, 0, session); err != nil {
			return err
		}
		ended.Outcome, ended.Reason = AttemptFailed, o.Failure
		if err := end(ctx, q, m.ID, ended); err != nil {
			return err
		}
		return noteEvent(ctx, q, MediaFailed, m.ID, now)
	}
	if err := keep(ctx, q, m, sizeOf(o.Renditions), session); err != nil {
		return err
	}
	if err := insertRenditions(ctx, q, m.ID, m.Attempt, o.Renditions); err != nil {
		return err
	}
	if o.More {
		ended.Outcome = AttemptPartly
		if _, err := q.InsertRedo(ctx, int64(m.ID)); err != nil {
			return err
		}
	}
	if err := end(ctx, q, m.ID, ended); err != nil {
		return err
	}
	return noteEvent(ctx, q, MediaSucceeded, m.ID, now)
}

// became gives the media that a session became, and 1, where that is m: its slug
// is random.
func became(ctx context.Context, q *queries.Queries, m media.Media) (media.Media, int64, error) {
	got, err := getMedia(ctx, q, m.ID)
	if media.CodeOf(err) == media.CodeNotFound || err == nil && got.Slug != m.Slug {
		return media.Media{}, 0, nil
	}
	return got, 1, err
}
