package catalog

import (
	"context"
	"math"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// eachPage bounds what EachMedia and EachSession hold: a row with the longest
// manifest takes some 200 kB of memory.
const eachPage = 100

// EachMedia calls fn for every media in order of id, live ones and gone ones
// that are not pruned yet, with the renditions of all its attempts, and stops
// at fn's first error, which it returns as it is. It reads a page at a time,
// each as it is at one instant; what changes meanwhile may be seen or not. fn
// may call other methods.
func (c *Catalog) EachMedia(ctx context.Context, fn func(media.Media, []media.Rendition) error) error {
	return c.eachMedia(ctx, eachPage, fn)
}

func (c *Catalog) eachMedia(ctx context.Context, size int, fn func(media.Media, []media.Rendition) error) error {
	for after := int64(math.MinInt64); ; {
		var page []queries.Media
		renditions := map[int64][]media.Rendition{}
		err := c.snapshot(ctx, func(q *queries.Queries) (err error) {
			page, err = q.PageMedia(ctx, queries.PageMediaParams{After: after, AtMost: int64(size)})
			if err != nil {
				return err
			}
			ids := make([]int64, len(page))
			for i, r := range page {
				ids[i] = r.ID
			}
			rows, err := q.ListRenditions(ctx, ids)
			for _, r := range rows {
				renditions[r.MediaID] = append(renditions[r.MediaID], renditionOf(r))
			}
			return err
		})
		if err != nil {
			return during(err, "read media after %d", after)
		}
		for _, r := range page {
			m, err := mediaOf(r)
			if err != nil {
				return during(err, "read media after %d", after)
			}
			if err := fn(m, renditions[r.ID]); err != nil {
				return err
			}
		}
		if len(page) < size {
			return nil
		}
		after = page[len(page)-1].ID
	}
}

// EachSession calls fn for every session in order of id, whatever its state,
// as EachMedia does for media.
func (c *Catalog) EachSession(ctx context.Context, fn func(media.Session) error) error {
	return c.eachSession(ctx, eachPage, fn)
}

func (c *Catalog) eachSession(ctx context.Context, size int, fn func(media.Session) error) error {
	for after := int64(math.MinInt64); ; {
		page, err := c.read().PageSessions(ctx, queries.PageSessionsParams{After: after, AtMost: int64(size)})
		if err != nil {
			return during(err, "read sessions after %d", after)
		}
		for _, r := range page {
			s, err := sessionOf(r)
			if err != nil {
				return during(err, "read sessions after %d", after)
			}
			if err := fn(s); err != nil {
				return err
			}
		}
		if len(page) < size {
			return nil
		}
		after = page[len(page)-1].ID
	}
}
