package catalog

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// ownerHour is one hour of all media of an owner.
type ownerHour struct {
	owner string
	hour  int64
}

// addOwners adds the hours of media to those of their owners.
func addOwners(ctx context.Context, q *queries.Queries, hours map[mediaHour]media.PlaybackCounts) error {
	ids := map[int64]bool{}
	for at := range hours {
		ids[int64(at.id)] = true
	}
	owners, err := q.ListOwners(ctx, slices.Sorted(maps.Keys(ids)))
	if err != nil {
		return err
	}
	sums := map[ownerHour]media.PlaybackCounts{}
	for at, n := range hours {
		if owner, there := owners[int64(at.id)]; there {
			sum := sums[ownerHour{owner, at.hour}]
			sum.Add(n)
			sums[ownerHour{owner, at.hour}] = sum
		}
	}
	// In order, so that two transactions lock rows the same way round.
	for _, at := range slices.SortedFunc(maps.Keys(sums), func(a, b ownerHour) int {
		return cmp.Or(cmp.Compare(a.owner, b.owner), cmp.Compare(a.hour, b.hour))
	}) {
		n := sums[at]
		err := q.AddPlaybackOwner(ctx, queries.AddPlaybackOwnerParams{
			Owner: at.owner, Hour: at.hour,
			Starts: n[media.PlaybackStart], Quarters: n[media.Playback25], Halves: n[media.Playback50],
			ThreeQuarters: n[media.Playback75], Completes: n[media.PlaybackComplete], Views: n[media.VideoView],
			Taps: n[media.PlayFromTap], CtaUrls: n[media.CTAURLClick], CtaWatches: n[media.CTAWatchClick],
			WatchMs: n[media.WatchTime],
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mendSince is by how much an event may lie before what is counted at the same
// time: a playback token holds for a day, and the log may wait.
const mendSince = 48 * time.Hour

// mendOwners brings the owners' sums up to date where a magpie has counted that
// does not know them. What that counted is no older than mendSince before the
// last that was summed.
func mendOwners(ctx context.Context, q *queries.Queries, stream string) error {
	last, err := q.LastPlaybackOwner(ctx)
	if err != nil {
		return err
	}
	if err := q.MendPlaybackOwners(ctx, max(0, last-mendSince.Milliseconds())); err != nil {
		return err
	}
	return q.SetPlaybackSummed(ctx, stream)
}

// OwnerPlayback is PlaybackSteps of all media of an owner together, those that
// are gone by now too.
func (c *Catalog) OwnerPlayback(ctx context.Context, owner string, from, to time.Time, step time.Duration) ([]PlaybackStep, error) {
	rows, err := c.read().ListOwnerSteps(ctx, owner, millis(from), millis(to), step.Milliseconds())
	if err != nil {
		return nil, during(err, "read playback of user %s", owner)
	}
	out := make([]PlaybackStep, len(rows))
	for i, r := range rows {
		out[i] = PlaybackStep{Start: timeOf(r.Hour), Counts: countsOf(queries.PlaybackTotal{
			Starts: r.Starts, Quarters: r.Quarters, Halves: r.Halves, ThreeQuarters: r.ThreeQuarters, Completes: r.Completes,
			Views: r.Views, Taps: r.Taps, CtaUrls: r.CtaUrls, CtaWatches: r.CtaWatches, WatchMs: r.WatchMs,
		})}
	}
	return out, nil
}

// PlayedMedia is what was counted of one media in a period.
type PlayedMedia struct {
	ID     media.ID
	Counts media.PlaybackCounts
}

// Of a period of up to topExactly all hours of an owner's media are read. Beyond,
// which may be millions, those of the topCandidates.
const (
	topExactly    = 31 * 24 * time.Hour
	topCandidates = 2000
)

// TopPlayback gives an owner's live media that were played in the whole hours
// that begin at from or later and before to, at most limit: the most viewed
// first, of equals the most begun, and then the newest. Of a period of more than
// 31 days only the 2,000 that were viewed most since ever are looked at.
func (c *Catalog) TopPlayback(ctx context.Context, owner string, from, to time.Time, limit int) ([]PlayedMedia, error) {
	out, err := c.topPlayback(ctx, owner, from, to, limit)
	return out, during(err, "read what of user %s was played most", owner)
}

func (c *Catalog) topPlayback(ctx context.Context, owner string, from, to time.Time, limit int) ([]PlayedMedia, error) {
	var out []PlayedMedia
	if to.Sub(from) <= topExactly {
		rows, err := c.read().TopPlayback(ctx, queries.TopPlaybackParams{
			Owner: owner, Since: millis(from), Until: millis(to), AtMost: atMost(limit),
		})
		for _, r := range rows {
			out = append(out, PlayedMedia{media.ID(r.MediaID), countsOf(queries.PlaybackTotal(r))})
		}
		return out, err
	}
	ids, err := c.read().TopTotals(ctx, queries.TopTotalsParams{Owner: owner, AtMost: topCandidates})
	if err != nil {
		return nil, err
	}
	all, err := c.PlaybackSteps(ctx, mediaIDs(ids), from, to, 0)
	for id, steps := range all {
		out = append(out, PlayedMedia{id, steps[0].Counts})
	}
	slices.SortFunc(out, func(a, b PlayedMedia) int {
		return cmp.Or(
			cmp.Compare(b.Counts[media.VideoView], a.Counts[media.VideoView]),
			cmp.Compare(b.Counts[media.PlaybackStart], a.Counts[media.PlaybackStart]), cmp.Compare(b.ID, a.ID),
		)
	})
	return out[:min(len(out), max(limit, 0))], err
}
