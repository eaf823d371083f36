package catalog

import (
	"context"
	"maps"
	"slices"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// MergeMetadata changes the metadata of an upload, group by group: it drops the
// groups in clear and then stores those in set (group → JSON), leaving all
// others, and gives all groups as they are afterwards. Concurrent calls lose
// nothing of each other; of the same group the later one stands. The upload may
// still be a session. Unknown ids, expired sessions and gone media are
// media.CodeNotFound.
func (c *Catalog) MergeMetadata(ctx context.Context, id media.ID, set map[string]string, clear []string, now time.Time) (map[string]string, error) {
	var groups map[string]string
	err := c.write(ctx, func(q *queries.Queries) error {
		if _, err := q.Describable(ctx, int64(id)); err != nil {
			return notFound(err, "There is no media with the id %s.", id)
		}
		for _, name := range clear {
			if err := q.ClearMetadata(ctx, queries.ClearMetadataParams{MediaID: int64(id), Name: name}); err != nil {
				return err
			}
		}
		// In order, so that two transactions lock rows the same way round.
		for _, name := range slices.Sorted(maps.Keys(set)) {
			err := q.SetMetadata(ctx, queries.SetMetadataParams{
				MediaID: int64(id), Name: name, Value: set[name], UpdatedAt: millis(now),
			})
			if err != nil {
				return err
			}
		}
		all, err := readMetadata(ctx, q, []media.ID{id})
		groups = all[id]
		return err
	})
	if err != nil {
		return nil, during(err, "merge metadata of %s", id)
	}
	return groups, nil
}

// Metadata reads the metadata groups of many uploads, as they are at one
// instant. Ids without any are not in the map.
func (c *Catalog) Metadata(ctx context.Context, ids []media.ID) (map[media.ID]map[string]string, error) {
	var out map[media.ID]map[string]string
	err := c.snapshot(ctx, func(q *queries.Queries) (err error) {
		out, err = readMetadata(ctx, q, ids)
		return err
	})
	if err != nil {
		return nil, during(err, "read metadata of %d media", len(ids))
	}
	return out, nil
}

func readMetadata(ctx context.Context, q *queries.Queries, ids []media.ID) (map[media.ID]map[string]string, error) {
	out := make(map[media.ID]map[string]string, len(ids))
	rows, err := q.ListMetadata(ctx, rowIDs(ids))
	for _, r := range rows {
		id := media.ID(r.MediaID)
		if out[id] == nil {
			out[id] = map[string]string{}
		}
		out[id][r.Name] = r.Value
	}
	return out, err
}
