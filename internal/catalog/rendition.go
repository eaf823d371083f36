package catalog

import (
	"context"
	"fmt"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// Renditions reads the renditions that many media show (those of the Published
// attempt), each media's in the order in which they were published. Media
// without any are not in the map.
func (c *Catalog) Renditions(ctx context.Context, ids []media.ID) (map[media.ID][]media.Rendition, error) {
	out := make(map[media.ID][]media.Rendition, len(ids))
	err := c.list(ctx, len(ids), func(q *queries.Queries) error {
		rows, err := q.ListPublishedRenditions(ctx, distinct(ids))
		for _, r := range rows {
			id := media.ID(r.MediaID)
			out[id] = append(out[id], renditionOf(r))
		}
		return err
	})
	if err != nil {
		return nil, during(err, "read renditions of %d media", len(ids))
	}
	return out, nil
}

// RenditionBySlug reads one rendition that a media shows by the name in public
// URLs, and the media, also when that is gone: look at GoneAt. The media's
// Manifest, Placeholder, Lost and Facts are left out, so that the cost does not grow with the upload.
// Anything else is media.CodeNotFound.
func (c *Catalog) RenditionBySlug(ctx context.Context, slug, name string) (media.Media, media.Rendition, error) {
	r, err := c.read().GetRenditionBySlug(ctx, queries.GetRenditionBySlugParams{Slug: slug, Name: name})
	if err != nil {
		err = notFound(err, "There is no file at this address.")
		return media.Media{}, media.Rendition{}, during(err, "read rendition %q at %q", name, slug)
	}
	m, err := mediaOf(queries.Media{
		ID:               r.ID,
		Owner:            r.Owner,
		AdditionalOwners: r.AdditionalOwners,
		Shared:           r.Shared,
		Category:         r.Category,
		Type:             r.Type,
		Slug:             r.Slug,
		State:            r.State,
		Attempt:          r.Attempt,
		Published:        r.Published,
		Progress:         r.Progress,
		FailureCode:      r.FailureCode,
		FailureName:      r.FailureName,
		FailureMessage:   r.FailureMessage,
		Width:            r.Width,
		Height:           r.Height,
		DurationNS:       r.DurationNS,
		CreatedAt:        r.CreatedAt,
		TouchedAt:        r.TouchedAt,
		ExpiresAt:        r.ExpiresAt,
		GoneAt:           r.GoneAt,
	})
	return m, renditionOf(r.Rendition), during(err, "read rendition %q at %q", name, slug)
}

// insertRenditions writes what an attempt made, in its order.
func insertRenditions(ctx context.Context, q *queries.Queries, id media.ID, attempt int64, made []media.Rendition) error {
	rows := make([]queries.Rendition, len(made))
	for i, r := range made {
		rows[i] = queries.Rendition{
			MediaID:     int64(id),
			Attempt:     attempt,
			Name:        r.Name,
			Position:    int64(i),
			Role:        string(r.Role),
			ContentType: r.ContentType,
			BitRate:     r.BitRate,
			Width:       int64(r.Width),
			Height:      int64(r.Height),
			BlobKey:     r.Blob.Key,
			BlobSize:    r.Blob.Size,
			BlobCRC:     int64(r.Blob.CRC),
		}
	}
	if err := q.InsertRenditions(ctx, rows); err != nil {
		return fmt.Errorf("renditions of attempt %d: %w", attempt, err)
	}
	return nil
}
