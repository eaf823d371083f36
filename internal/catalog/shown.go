package catalog

import (
	"cmp"
	"context"
	"slices"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// Shown is what a media shows: its row, without its Manifest, the renditions of
// its Published attempt in the order in which they were published, and its
// groups of metadata, nil if it has none.
type Shown struct {
	media.Media
	Renditions []media.Rendition
	Metadata   map[string]string
}

// ShownList reads what many media show as they are at one instant, also those
// that are gone, with one statement for up to 500 of them. Ids that are not there
// are not in the map.
func (c *Catalog) ShownList(ctx context.Context, ids []media.ID) (map[media.ID]Shown, error) {
	var rows queries.Shown
	err := c.list(ctx, len(ids), func(q *queries.Queries) (err error) {
		rows, err = q.ListShown(ctx, distinct(ids))
		return err
	})
	if err != nil {
		return nil, during(err, "read %d media and what they show", len(ids))
	}
	renditions := map[int64][]media.Rendition{}
	slices.SortFunc(rows.Renditions, func(a, b queries.Rendition) int { return cmp.Compare(a.Position, b.Position) })
	for _, r := range rows.Renditions {
		renditions[r.MediaID] = append(renditions[r.MediaID], renditionOf(r))
	}
	groups := metadataOf(rows.Metadata)
	out := make(map[media.ID]Shown, len(rows.Media))
	for _, r := range rows.Media {
		m, err := mediaOf(r)
		if err != nil {
			return nil, during(err, "read %d media and what they show", len(ids))
		}
		out[m.ID] = Shown{m, renditions[r.ID], groups[m.ID]}
	}
	return out, nil
}
