package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// CheckStorage counts anew what every user's media and uploads take, all as it
// is at one instant, and says in words, one for each, where the sums that
// Storage reads differ. It reads every row.
func (c *Catalog) CheckStorage(ctx context.Context) ([]string, error) {
	var faults []string
	err := c.snapshot(ctx, func(q *queries.Queries) error {
		faults = nil
		count := recount{q: q, sums: map[string]*Storage{}, fault: func(format string, args ...any) {
			faults = append(faults, fmt.Sprintf(format, args...))
		}}
		if err := count.all(ctx); err != nil {
			return err
		}
		return count.compare(ctx)
	})
	return faults, during(err, "count the storage anew")
}

// countOnce counts what was there before the sums were, which the schema's
// migration notes by a row of nobody.
func (c *Catalog) countOnce(ctx context.Context) error {
	if _, err := c.read().GetStorage(ctx, ""); errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return err
	}
	err := c.write(ctx, func(q *queries.Queries) error {
		n, err := q.DropStorage(ctx, "")
		if err != nil || n == 0 { // another process was first
			return err
		}
		if _, err := q.ResetStorage(ctx); err != nil {
			return err
		}
		count := recount{q: q, sums: map[string]*Storage{}, write: true}
		if err := count.all(ctx); err != nil {
			return err
		}
		for owner, s := range count.sums {
			err := q.AddStorage(ctx, queries.AddStorageParams{
				Owner: owner, Originals: s.Originals, Renditions: s.Renditions, Media: s.Media, Uploads: s.Uploads,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return during(err, "count the storage for the first time")
}

// recount adds everything up. With write it writes the rows of kept, search and
// mention besides; else it holds the rows of kept against what it finds.
type recount struct {
	q     *queries.Queries
	sums  map[string]*Storage
	write bool
	fault func(format string, args ...any)
}

func (c *recount) of(owner string) *Storage {
	if c.sums[owner] == nil {
		c.sums[owner] = &Storage{}
	}
	return c.sums[owner]
}

func (c *recount) all(ctx context.Context) error {
	for after := int64(math.MinInt64); ; {
		page, err := c.q.PageSessions(ctx, queries.PageSessionsParams{After: after, AtMost: eachPage})
		if err != nil {
			return err
		}
		for _, r := range page {
			if state := media.SessionState(r.State); state == media.SessionOpen || state == media.SessionClosing {
				if err := c.session(ctx, r); err != nil {
					return err
				}
			}
		}
		if c.write {
			if err := c.search(ctx, page); err != nil {
				return err
			}
		}
		if len(page) < eachPage {
			break
		}
		after = page[len(page)-1].ID
	}
	for after := int64(math.MinInt64); ; {
		page, err := c.q.PageMedia(ctx, queries.PageMediaParams{After: after, AtMost: eachPage})
		if err != nil {
			return err
		}
		if err := c.media(ctx, page); err != nil {
			return err
		}
		if len(page) < eachPage {
			return nil
		}
		after = page[len(page)-1].ID
	}
}

func (c *recount) session(ctx context.Context, r queries.Session) error {
	if c.write && r.TotalBytes > 0 {
		r.Reserved = r.TotalBytes
		if _, err := c.q.SetReserved(ctx, queries.SetReservedParams{ID: r.ID, Reserved: r.Reserved}); err != nil {
			return err
		}
	}
	c.of(r.Owner).Uploads += r.Reserved
	return nil
}

func (c *recount) search(ctx context.Context, page []queries.Session) error {
	ids := make([]media.ID, len(page))
	for i, r := range page {
		ids[i] = media.ID(r.ID)
	}
	groups, err := readMetadata(ctx, c.q, ids)
	if err != nil {
		return err
	}
	for id, g := range groups {
		if err := noteSearch(ctx, c.q, id, g); err != nil {
			return err
		}
	}
	return nil
}

func (c *recount) media(ctx context.Context, page []queries.Media) error {
	ids := make([]int64, len(page))
	for i, r := range page {
		ids[i] = r.ID
	}
	renditions, err := c.q.ListPublishedRenditions(ctx, ids)
	if err != nil {
		return err
	}
	shown, seen := map[int64]int64{}, map[string]bool{}
	for _, r := range renditions {
		if !seen[r.BlobKey] { // which is of one media, and may have several names
			seen[r.BlobKey] = true
			shown[r.MediaID] += r.BlobSize
		}
	}
	rows, err := c.q.ListKept(ctx, ids)
	if err != nil {
		return err
	}
	have := map[int64]queries.Kept{}
	for _, k := range rows {
		have[k.MediaID] = k
	}
	for _, r := range page {
		m, err := mediaOf(r)
		if err != nil {
			return err
		}
		want := queries.Kept{MediaID: r.ID, Owner: m.Owner, Originals: m.Size(), Renditions: shown[r.ID]}
		got, there := have[r.ID]
		switch {
		case c.write && m.GoneAt.IsZero():
			if err := c.q.InsertKept(ctx, queries.InsertKeptParams(want)); err != nil {
				return err
			}
		case c.write || !there && !m.GoneAt.IsZero():
			continue // gone for good
		case got != want:
			c.fault("media %s counts as %d bytes of user %s's and %d of renditions, and has %d and %d of user %s's", m.ID, got.Originals, got.Owner, got.Renditions, want.Originals, want.Renditions, want.Owner)
		}
		s := c.of(m.Owner)
		s.Originals += want.Originals
		s.Renditions += want.Renditions
		s.Media++
	}
	return nil
}

// compare holds the sums against the rows that are kept of them.
func (c *recount) compare(ctx context.Context) error {
	for after := ""; ; {
		page, err := c.q.PageStorage(ctx, queries.PageStorageParams{After: after, AtMost: eachPage})
		if err != nil {
			return err
		}
		for _, r := range page {
			got, want := storageOf(r), *c.of(r.Owner)
			want.Quota = got.Quota
			if got != want {
				c.fault("the storage of user %s is counted as %+v and is %+v", r.Owner, got, want)
			}
			delete(c.sums, r.Owner)
		}
		if len(page) < eachPage {
			break
		}
		after = page[len(page)-1].Owner
	}
	for owner, s := range c.sums {
		if *s != (Storage{}) {
			c.fault("the storage of user %s is not counted and is %+v", owner, *s)
		}
	}
	return nil
}
