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

// Claim begins an attempt at processing a media that is live and pending or in
// progress: Attempt is one more than before, State is in_progress, Progress 0.
// One that is done can be claimed too where Redo asked for it: it stays what it
// is meanwhile. Lost is one more where the attempt before is still in progress:
// it was neither released nor published (of a media that is done, Lost counts
// since Redo). It gives the media as it is afterwards and whether this call
// claimed it. A claim takes the media from whoever ran the attempt before, whose
// writes then do nothing. Unknown ids are media.CodeNotFound.
func (c *Catalog) Claim(ctx context.Context, id media.ID, now time.Time) (media.Media, bool, error) {
	var m media.Media
	var claimed bool
	err := c.write(ctx, func(q *queries.Queries) error {
		step := queries.ClaimMediaParams{ID: int64(id), Now: millis(now)}
		r, err := q.ClaimMedia(ctx, step)
		if errors.Is(err, sql.ErrNoRows) {
			// Held, so that nobody's step comes between the next three.
			if _, err := q.HoldAny(ctx, int64(id)); err != nil {
				return notFound(err, "There is no media with the id %s.", id)
			}
			r, err = q.ClaimMedia(ctx, step)
		}
		if errors.Is(err, sql.ErrNoRows) {
			r, err = claimRedo(ctx, q, id, now)
		}
		if errors.Is(err, sql.ErrNoRows) {
			claimed = false
			m, err = getMedia(ctx, q, id)
			return err
		}
		if err != nil {
			return err
		}
		claimed = true
		if m, err = mediaOf(r); err != nil {
			return err
		}
		return begin(ctx, q, id, m.Attempt, now)
	})
	if err != nil {
		return media.Media{}, false, during(err, "claim media %s", id)
	}
	return m, claimed, nil
}

// SetProgress records that a running attempt lives and how far it is, 0 to 100
// (what is outside is moved inside). A percentage below the recorded one only
// counts as a sign of life. False means that the attempt is not the running
// one (any more), or the media is gone: the worker should stop.
func (c *Catalog) SetProgress(ctx context.Context, id media.ID, attempt int64, percent int, now time.Time) (bool, error) {
	running, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		n, err := q.SetProgress(ctx, queries.SetProgressParams{
			ID:      int64(id),
			Attempt: attempt,
			Percent: int64(min(max(percent, 0), 100)),
			Now:     millis(now),
		})
		if err != nil || n > 0 {
			return n, err
		}
		return q.TouchRedo(ctx, queries.TouchRedoParams{ID: int64(id), Attempt: attempt, Now: millis(now)})
	})
	return running, during(err, "set progress of media %s, attempt %d", id, attempt)
}

// Release gives a media up that this attempt is running: it is pending again,
// with the progress 0 and the same Attempt. why is what its owner reads in its
// History, "" for nothing. False as for SetProgress.
func (c *Catalog) Release(ctx context.Context, id media.ID, attempt int64, why string, now time.Time) (bool, error) {
	done, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		n, err := q.ReleaseMedia(ctx, queries.ReleaseMediaParams{ID: int64(id), Attempt: attempt, Now: millis(now)})
		if err == nil && n == 0 {
			n, err = q.ReleaseRedo(ctx, queries.ReleaseRedoParams{ID: int64(id), Attempt: attempt, Now: millis(now)})
		}
		if err != nil || n == 0 {
			return 0, err
		}
		return n, end(ctx, q, id, HistoryEntry{Attempt: attempt, EndedAt: now, Outcome: AttemptReleased, Reason: released(why)})
	})
	return done, during(err, "release media %s, attempt %d", id, attempt)
}

// Postpone is Release for a media that is not done yet and was found to take
// long: Duration is how long it is.
func (c *Catalog) Postpone(ctx context.Context, id media.ID, attempt int64, duration time.Duration, now time.Time) (bool, error) {
	done, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		n, err := q.PostponeMedia(ctx, queries.PostponeMediaParams{
			ID: int64(id), Attempt: attempt, DurationNS: int64(duration), Now: millis(now),
		})
		if err != nil || n == 0 {
			return 0, err
		}
		return n, end(ctx, q, id, HistoryEntry{Attempt: attempt, EndedAt: now, Outcome: AttemptPostponed})
	})
	return done, during(err, "postpone media %s, attempt %d", id, attempt)
}

// Publish ends an attempt with what it found and made, all or nothing. Without
// o.Failure the media has succeeded: its renditions are stored in their order,
// Published is the attempt and Progress 100; with o.More it is to be processed
// once more, as if Redo had been called. With a failure the media has failed and
// o.Renditions are not stored; one that had succeeded before stays as it is.
// False means that the attempt is not the running
// one (any more), or the media is gone: nothing was written. Two renditions of
// one name are an error.
func (c *Catalog) Publish(ctx context.Context, id media.ID, attempt int64, o media.Outcome, now time.Time) (bool, error) {
	published, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		return publish(ctx, q, id, attempt, o, now)
	})
	return published, during(err, "publish media %s, attempt %d", id, attempt)
}

// publish is Publish within a transaction.
func publish(ctx context.Context, q *queries.Queries, id media.ID, attempt int64, o media.Outcome, now time.Time) (int64, error) {
	ended := HistoryEntry{Attempt: attempt, EndedAt: now, Outcome: AttemptSucceeded}
	switch {
	case o.Failure != nil:
		ended.Outcome, ended.Reason = AttemptFailed, o.Failure
	case o.More:
		ended.Outcome = AttemptPartly
	}
	// The media before its redo, as Claim locks them.
	before, err := q.MediaState(ctx, int64(id))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	again, err := q.DeleteRedo(ctx, queries.DeleteRedoParams{ID: int64(id), Attempt: attempt})
	switch {
	case err != nil:
		return 0, err
	case o.Failure != nil && again > 0:
		if err := failAgain(ctx, q, id, attempt, o, now); err != nil {
			return 0, err
		}
		return 1, end(ctx, q, id, ended)
	case o.Failure != nil:
		n, err := fail(ctx, q, id, attempt, o, now)
		if err != nil || n == 0 {
			return 0, err
		}
		if err := end(ctx, q, id, ended); err != nil {
			return 0, err
		}
		return n, noteEvent(ctx, q, MediaFailed, id, now)
	}
	n, err := succeed(ctx, q, id, attempt, o, again > 0, now)
	if err != nil || n == 0 {
		return 0, err
	}
	if err := end(ctx, q, id, ended); err != nil || media.State(before) == media.Succeeded {
		return n, err
	}
	return n, noteEvent(ctx, q, MediaSucceeded, id, now)
}

func fail(ctx context.Context, q *queries.Queries, id media.ID, attempt int64, o media.Outcome, now time.Time) (int64, error) {
	return q.FailMedia(ctx, queries.FailMediaParams{
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

func succeed(ctx context.Context, q *queries.Queries, id media.ID, attempt int64, o media.Outcome, again bool, now time.Time) (int64, error) {
	facts, err := encodeFacts(o.Facts)
	if err != nil {
		return 0, err
	}
	row := queries.SucceedMediaParams{
		ID:          int64(id),
		Attempt:     attempt,
		Width:       int64(o.Width),
		Height:      int64(o.Height),
		DurationNS:  int64(o.Duration),
		Placeholder: plainText(o.Placeholder),
		Facts:       facts,
		Now:         millis(now),
	}
	var n int64
	if again {
		n, err = q.SucceedRedo(ctx, queries.SucceedRedoParams(row))
	} else {
		n, err = q.SucceedMedia(ctx, row)
	}
	if err != nil || n == 0 {
		return 0, err
	}
	if o.More {
		if _, err := q.InsertRedo(ctx, int64(id)); err != nil {
			return 0, err
		}
	}
	if err := insertRenditions(ctx, q, id, attempt, o.Renditions); err != nil {
		return 0, err
	}
	return n, keepRenditions(ctx, q, id, o.Renditions)
}

// Stalled gives at most limit live media whose job may have been lost: pending
// and untouched since before pendingBefore, or in progress and untouched since
// before progressBefore; those to be processed once more likewise. The longest
// untouched of each come first, the pending before the running, and what is done
// already last.
func (c *Catalog) Stalled(ctx context.Context, pendingBefore, progressBefore time.Time, limit int) ([]media.ID, error) {
	var ids []int64
	err := c.snapshot(ctx, func(q *queries.Queries) error {
		pending, err := q.StalledPending(ctx, queries.StalledPendingParams{
			TouchedBefore: millis(pendingBefore), AtMost: atMost(limit),
		})
		if err != nil {
			return err
		}
		running, err := q.StalledInProgress(ctx, queries.StalledInProgressParams{
			TouchedBefore: millis(progressBefore), AtMost: atMost(limit - len(pending)),
		})
		if err != nil {
			return err
		}
		again, err := q.StalledRedo(ctx, queries.StalledRedoParams{
			WaitingBefore: millis(pendingBefore), RunningBefore: millis(progressBefore), AtMost: atMost(limit - len(pending) - len(running)),
		})
		ids = slices.Concat(pending, running, again)
		return err
	})
	if err != nil {
		return nil, during(err, "look for stalled media")
	}
	return mediaIDs(ids), nil
}
