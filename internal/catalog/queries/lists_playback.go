package queries

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
)

const playbackSums = `CAST(SUM(starts) AS BIGINT), CAST(SUM(quarters) AS BIGINT), CAST(SUM(halves) AS BIGINT),
    CAST(SUM(three_quarters) AS BIGINT), CAST(SUM(completes) AS BIGINT), CAST(SUM(views) AS BIGINT), CAST(SUM(taps) AS BIGINT),
    CAST(SUM(cta_urls) AS BIGINT), CAST(SUM(cta_watches) AS BIGINT), CAST(SUM(watch_ms) AS BIGINT)`

// ListPlaybackSteps sums up the hours from from up to to of the media of ids,
// step by step of so many milliseconds since 1970, or, with a step of 0, all
// together under from. They come in order of media and time.
func (q *Queries) ListPlaybackSteps(ctx context.Context, ids []int64, from, to, step int64) ([]PlaybackHour, error) {
	// Numbers, so that they need no place among the ids.
	start := strconv.FormatInt(from, 10)
	group := "media_id"
	if step > 0 {
		size := strconv.FormatInt(step, 10)
		start = "(hour / " + size + ") * " + size
		group += ", " + start
	}
	head := `SELECT media_id, ` + start + `, ` + playbackSums + `
FROM playback_hour WHERE hour >= ` + strconv.FormatInt(from, 10) + ` AND hour < ` + strconv.FormatInt(to, 10) + ` AND media_id IN `
	return list(ctx, q.db, head, ids, " GROUP BY "+group+" ORDER BY "+group, func(rows *sql.Rows, h *PlaybackHour) error {
		return rows.Scan(&h.MediaID, &h.Hour, &h.Starts, &h.Quarters, &h.Halves, &h.ThreeQuarters, &h.Completes, &h.Views,
			&h.Taps, &h.CtaUrls, &h.CtaWatches, &h.WatchMs)
	})
}

// ListOwnerSteps sums up the hours from from up to to of an owner, in steps as
// ListPlaybackSteps does, in order of time.
func (q *Queries) ListOwnerSteps(ctx context.Context, owner string, from, to, step int64) ([]PlaybackOwner, error) {
	start, group := strconv.FormatInt(from, 10), " GROUP BY owner"
	if step > 0 {
		size := strconv.FormatInt(step, 10)
		start = "(hour / " + size + ") * " + size
		group += ", " + start + " ORDER BY " + start
	}
	rows, err := q.db.QueryContext(ctx, `-- name: ListOwnerSteps :many
SELECT owner, `+start+`, `+playbackSums+`
FROM playback_owner WHERE owner = $1 AND hour >= $2 AND hour < $3`+group, owner, from, to)
	if err != nil {
		return nil, err
	}
	return appendRows(nil, rows, func(rows *sql.Rows, h *PlaybackOwner) error {
		return rows.Scan(&h.Owner, &h.Hour, &h.Starts, &h.Quarters, &h.Halves, &h.ThreeQuarters, &h.Completes, &h.Views,
			&h.Taps, &h.CtaUrls, &h.CtaWatches, &h.WatchMs)
	})
}

// ListOwners reads whose the media of ids are, those that exist, in no order.
func (q *Queries) ListOwners(ctx context.Context, ids []int64) (map[int64]string, error) {
	type owned struct {
		id    int64
		owner string
	}
	rows, err := list(ctx, q.db, "SELECT id, owner FROM media WHERE id IN ", ids, "", func(rows *sql.Rows, o *owned) error {
		return rows.Scan(&o.id, &o.owner)
	})
	out := make(map[int64]string, len(rows))
	for _, o := range rows {
		out[o.id] = o.owner
	}
	return out, err
}

// ListPlaybackTotals reads what was counted since ever of the media of ids, in
// no order.
func (q *Queries) ListPlaybackTotals(ctx context.Context, ids []int64) ([]PlaybackTotal, error) {
	return list(ctx, q.db, `SELECT media_id, starts, quarters, halves, three_quarters, completes, views, taps, cta_urls, cta_watches, watch_ms
FROM playback_total WHERE media_id IN `, ids, "", func(rows *sql.Rows, p *PlaybackTotal) error {
		return rows.Scan(&p.MediaID, &p.Starts, &p.Quarters, &p.Halves, &p.ThreeQuarters, &p.Completes, &p.Views,
			&p.Taps, &p.CtaUrls, &p.CtaWatches, &p.WatchMs)
	})
}

// ListPlaybackSeen reads what was counted of sessions, those of which anything
// was, in no order.
func (q *Queries) ListPlaybackSeen(ctx context.Context, sessions []string) ([]PlaybackSeen, error) {
	var out []PlaybackSeen
	for page := range slices.Chunk(sessions, ListPage) {
		args := make([]any, len(page))
		for i, s := range page {
			args[i] = s
		}
		rows, err := q.db.QueryContext(ctx, `SELECT session, events, watch_ms, expires_at
FROM playback_seen WHERE session IN `+placeholders(len(page)), args...)
		if err != nil {
			return nil, err
		}
		if out, err = appendRows(out, rows, func(rows *sql.Rows, s *PlaybackSeen) error {
			return rows.Scan(&s.Session, &s.Events, &s.WatchMs, &s.ExpiresAt)
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}
