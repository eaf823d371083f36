package catalog

import (
	"cmp"
	"context"
	"slices"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// maxUses is how many uses are told; one is enough to keep a media.
const maxUses = 100

// Use is that one media is used by another of the same owner, which has not
// ended and may still be an upload session.
type Use struct {
	By media.ID
	As string // UseAsPoster, UseAsSticker or UseAsSubtitle
}

// Uses gives where a media is used by others of its owner, in order of their
// ids, at most some hundred of them.
func (c *Catalog) Uses(ctx context.Context, m media.Media) ([]Use, error) {
	var uses []Use
	err := c.snapshot(ctx, func(q *queries.Queries) (err error) {
		uses, err = readUses(ctx, q, m)
		return err
	})
	if err != nil {
		return nil, during(err, "read where media %s is used", m.ID)
	}
	return uses, nil
}

func readUses(ctx context.Context, q *queries.Queries, m media.Media) ([]Use, error) {
	named, err := q.UsesInMetadata(ctx, queries.UsesInMetadataParams{NamedID: int64(m.ID), Owner: m.Owner, AtMost: maxUses})
	if err != nil {
		return nil, err
	}
	var uses []Use
	for _, r := range named {
		uses = append(uses, Use{By: media.ID(r.MediaID), As: r.Purpose})
	}
	shown, err := q.UsesAsSubtitles(ctx, queries.UsesAsSubtitlesParams{FileID: int64(m.ID), Owner: m.Owner, AtMost: maxUses})
	if err != nil {
		return nil, err
	}
	for _, r := range shown {
		uses = append(uses, Use{By: media.ID(r.MediaID), As: UseAsSubtitle})
	}
	slices.SortFunc(uses, func(a, b Use) int { return cmp.Or(cmp.Compare(a.By, b.By), cmp.Compare(a.As, b.As)) })
	return slices.Compact(uses), nil // a video may show one file in two languages
}
