package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// PlaybackPosition is the number of the last record of a stream that the counts
// contain, 0 for a stream of which none is.
func (c *Catalog) PlaybackPosition(ctx context.Context, stream string) (uint64, error) {
	var at int64
	err := c.write(ctx, func(q *queries.Queries) (err error) {
		if err = q.InsertPlaybackOffset(ctx, stream); err == nil {
			at, err = q.GetPlaybackOffset(ctx, stream)
		}
		return err
	})
	return uint64(at), during(err, "read how far %s is counted", stream)
}

// MovePlaybackPosition sets the position without counting. False means that it
// was not at from any more.
func (c *Catalog) MovePlaybackPosition(ctx context.Context, stream string, from, to uint64) (bool, error) {
	err := c.write(ctx, func(q *queries.Queries) error {
		_, err := movePlayback(ctx, q, stream, from, to)
		return err
	})
	if errors.Is(err, errMoved) {
		return false, nil
	}
	return err == nil, during(err, "move the position in %s", stream)
}

// CountPlayback counts what the records of a stream after from up to to say,
// and moves the stream's position to to, both or neither. False means that the
// position was not at from (PlaybackPosition has been called for the stream):
// somebody else counted them, and nothing was.
//
// Of one session each metric counts once, in the hour of the event that came
// first, and of the time watched what goes beyond the most that was known. What
// is said of media that are not there is dropped.
func (c *Catalog) CountPlayback(ctx context.Context, stream string, from, to uint64, plays []media.Playback) (bool, error) {
	err := c.write(ctx, func(q *queries.Queries) error {
		summed, err := movePlayback(ctx, q, stream, from, to)
		if err != nil {
			return err
		}
		if summed != to {
			if err := mendOwners(ctx, q, stream); err != nil {
				return err
			}
		}
		return countPlays(ctx, q, plays)
	})
	if errors.Is(err, errMoved) {
		return false, nil
	}
	return err == nil, during(err, "count playback of %s up to %d", stream, to)
}

// errMoved undoes a count that somebody else has done.
var errMoved = errors.New("the position has moved")

// movePlayback moves a stream's position, and gives up to where the owners' sums
// go then.
func movePlayback(ctx context.Context, q *queries.Queries, stream string, from, to uint64) (summed uint64, err error) {
	n, err := q.MovePlaybackOffset(ctx, queries.MovePlaybackOffsetParams{Stream: stream, Was: int64(from), Position: int64(to)})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, errMoved
	}
	return uint64(n), err
}

// mediaHour is one hour of one media.
type mediaHour struct {
	id   media.ID
	hour int64
}

func countPlays(ctx context.Context, q *queries.Queries, plays []media.Playback) error {
	seen := map[string]*queries.PlaybackSeen{}
	for _, p := range plays {
		seen[p.Session] = &queries.PlaybackSeen{Session: p.Session, ExpiresAt: millis(p.ExpiresAt)}
	}
	sessions := slices.Sorted(maps.Keys(seen))
	rows, err := q.ListPlaybackSeen(ctx, sessions)
	if err != nil {
		return err
	}
	for _, r := range rows {
		*seen[r.Session] = r
	}

	hours := map[mediaHour]media.PlaybackCounts{}
	touched := map[string]bool{}
	for _, p := range plays {
		for _, e := range p.Events {
			more := news(seen[p.Session], e)
			if more.Empty() {
				continue
			}
			at := mediaHour{p.Media, millis(e.At.UTC().Truncate(time.Hour))}
			sum := hours[at]
			sum.Add(more)
			hours[at] = sum
			touched[p.Session] = true
		}
	}
	// In order, so that two transactions lock rows the same way round.
	for _, s := range sessions {
		if touched[s] {
			if err := q.SetPlaybackSeen(ctx, queries.SetPlaybackSeenParams(*seen[s])); err != nil {
				return err
			}
		}
	}
	return addHours(ctx, q, hours)
}

// news is what an event adds to what was counted of its session, and notes it.
func news(seen *queries.PlaybackSeen, e media.PlaybackEvent) (more media.PlaybackCounts) {
	if e.Metric == media.WatchTime {
		if ms := e.Watched.Milliseconds(); ms > seen.WatchMs {
			more[media.WatchTime] = ms - seen.WatchMs
			seen.WatchMs = ms
		}
		return more
	}
	if bit := int64(1) << e.Metric; seen.Events&bit == 0 {
		seen.Events |= bit
		more[e.Metric] = 1
	}
	return more
}

func addHours(ctx context.Context, q *queries.Queries, hours map[mediaHour]media.PlaybackCounts) error {
	totals := map[media.ID]media.PlaybackCounts{}
	order := slices.SortedFunc(maps.Keys(hours), func(a, b mediaHour) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.hour, b.hour))
	})
	for _, at := range order {
		n := hours[at]
		err := q.AddPlaybackHour(ctx, queries.AddPlaybackHourParams{
			MediaID: int64(at.id), Hour: at.hour,
			Starts: n[media.PlaybackStart], Quarters: n[media.Playback25], Halves: n[media.Playback50],
			ThreeQuarters: n[media.Playback75], Completes: n[media.PlaybackComplete], Views: n[media.VideoView],
			Taps: n[media.PlayFromTap], CtaUrls: n[media.CTAURLClick], CtaWatches: n[media.CTAWatchClick],
			WatchMs: n[media.WatchTime],
		})
		if err != nil {
			return err
		}
		sum := totals[at.id]
		sum.Add(n)
		totals[at.id] = sum
	}
	for _, id := range slices.Sorted(maps.Keys(totals)) {
		n := totals[id]
		err := q.AddPlaybackTotal(ctx, queries.AddPlaybackTotalParams{
			MediaID: int64(id),
			Starts:  n[media.PlaybackStart], Quarters: n[media.Playback25], Halves: n[media.Playback50],
			ThreeQuarters: n[media.Playback75], Completes: n[media.PlaybackComplete], Views: n[media.VideoView],
			Taps: n[media.PlayFromTap], CtaUrls: n[media.CTAURLClick], CtaWatches: n[media.CTAWatchClick],
			WatchMs: n[media.WatchTime],
		})
		if err != nil {
			return err
		}
	}
	return addOwners(ctx, q, hours)
}

// PlaybackStep is what was counted of a media from Start until the next step.
type PlaybackStep struct {
	Start  time.Time
	Counts media.PlaybackCounts
}

// PlaybackSteps sums up the whole hours that begin at from or later and before
// to, in steps of so many hours counted from 1970-01-01T00:00Z, or with a step
// of 0 all in one that begins at from. Steps come in order; those in which
// nothing was counted are not there, and neither are media without any. ids may
// be of media that do not exist.
func (c *Catalog) PlaybackSteps(ctx context.Context, ids []media.ID, from, to time.Time, step time.Duration) (map[media.ID][]PlaybackStep, error) {
	rows, err := c.read().ListPlaybackSteps(ctx, distinct(ids), millis(from), millis(to), step.Milliseconds())
	if err != nil {
		return nil, during(err, "read playback of %d media", len(ids))
	}
	out := map[media.ID][]PlaybackStep{}
	for _, r := range rows {
		id := media.ID(r.MediaID)
		out[id] = append(out[id], PlaybackStep{Start: timeOf(r.Hour), Counts: countsOf(queries.PlaybackTotal{
			Starts: r.Starts, Quarters: r.Quarters, Halves: r.Halves, ThreeQuarters: r.ThreeQuarters, Completes: r.Completes,
			Views: r.Views, Taps: r.Taps, CtaUrls: r.CtaUrls, CtaWatches: r.CtaWatches, WatchMs: r.WatchMs,
		})})
	}
	return out, nil
}

// PlaybackTotals reads what was counted of many media since ever. Media of
// which nothing was are not in the map.
func (c *Catalog) PlaybackTotals(ctx context.Context, ids []media.ID) (map[media.ID]media.PlaybackCounts, error) {
	rows, err := c.read().ListPlaybackTotals(ctx, distinct(ids))
	if err != nil {
		return nil, during(err, "read playback of %d media", len(ids))
	}
	out := map[media.ID]media.PlaybackCounts{}
	for _, r := range rows {
		out[media.ID(r.MediaID)] = countsOf(r)
	}
	return out, nil
}

func countsOf(r queries.PlaybackTotal) (n media.PlaybackCounts) {
	n[media.PlaybackStart], n[media.Playback25], n[media.Playback50] = r.Starts, r.Quarters, r.Halves
	n[media.Playback75], n[media.PlaybackComplete], n[media.VideoView] = r.ThreeQuarters, r.Completes, r.Views
	n[media.PlayFromTap], n[media.CTAURLClick], n[media.CTAWatchClick] = r.Taps, r.CtaUrls, r.CtaWatches
	n[media.WatchTime] = r.WatchMs
	return n
}

// PrunePlayback forgets at most limit sessions that expired before seen, and
// counts of at most limit hours of media, and as many of owners, before hours
// (none where that is the zero time), and gives how many rows went. The totals
// stay.
func (c *Catalog) PrunePlayback(ctx context.Context, seen, hours time.Time, limit int) (int, error) {
	var n int64
	err := c.write(ctx, func(q *queries.Queries) error {
		s, err := q.PrunePlaybackSeen(ctx, queries.PrunePlaybackSeenParams{Before: millis(seen), AtMost: atMost(limit)})
		if err != nil {
			return err
		}
		h, err := q.PrunePlaybackHours(ctx, queries.PrunePlaybackHoursParams{Before: millis(hours), AtMost: atMost(limit)})
		if err != nil {
			return err
		}
		o, err := q.PrunePlaybackOwners(ctx, queries.PrunePlaybackOwnersParams{Before: millis(hours), AtMost: atMost(limit)})
		n = s + h + o
		return err
	})
	return int(n), during(err, "prune counts of playback")
}
