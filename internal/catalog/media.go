package catalog

import (
	"context"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// Media reads a media, also one that is gone: look at GoneAt. Unknown and
// pruned ids are media.CodeNotFound.
func (c *Catalog) Media(ctx context.Context, id media.ID) (media.Media, error) {
	m, err := getMedia(ctx, c.read(), id)
	return m, during(err, "read media %s", id)
}

func getMedia(ctx context.Context, q *queries.Queries, id media.ID) (media.Media, error) {
	r, err := q.GetMedia(ctx, int64(id))
	if err != nil {
		return media.Media{}, notFound(err, "There is no media with the id %s.", id)
	}
	return mediaOf(r)
}

// Outline is Media without its Manifest, Placeholder, Lost and Facts, so that the
// cost does not grow with the upload. A media's Manifest never changes, so that
// one who has it needs only this.
func (c *Catalog) Outline(ctx context.Context, id media.ID) (media.Media, error) {
	m, _, err := c.Sized(ctx, id)
	return m, err
}

// Sized is Outline, and how long the exact upload is; -1 for a media that has given
// up its bytes.
func (c *Catalog) Sized(ctx context.Context, id media.ID) (media.Media, int64, error) {
	r, err := c.read().GetMediaOutline(ctx, int64(id))
	if err != nil {
		return media.Media{}, 0, during(notFound(err, "There is no media with the id %s.", id), "read media %s", id)
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
	return m, r.Originals, during(err, "read media %s", id)
}

// MediaBySlug is Media by the name in public URLs.
func (c *Catalog) MediaBySlug(ctx context.Context, slug string) (media.Media, error) {
	r, err := c.read().GetMediaBySlug(ctx, slug)
	if err != nil {
		return media.Media{}, during(notFound(err, "There is no media at this address."), "read media at %q", slug)
	}
	m, err := mediaOf(r)
	return m, during(err, "read media at %q", slug)
}

// MediaList reads many media as they are at one instant, also those that are
// gone. Ids that are not there are not in the map.
func (c *Catalog) MediaList(ctx context.Context, ids []media.ID) (map[media.ID]media.Media, error) {
	out := make(map[media.ID]media.Media, len(ids))
	err := c.list(ctx, len(ids), func(q *queries.Queries) error {
		rows, err := q.ListMedia(ctx, rowIDs(ids))
		if err != nil {
			return err
		}
		for _, r := range rows {
			m, err := mediaOf(r)
			if err != nil {
				return err
			}
			out[m.ID] = m
		}
		return nil
	})
	if err != nil {
		return nil, during(err, "read %d media", len(ids))
	}
	return out, nil
}

// DeleteMedia marks a media as gone at now, whatever its state; its blobs and
// its row go later. False means that it was gone already, and GoneAt stays.
// Unknown ids are media.CodeNotFound.
func (c *Catalog) DeleteMedia(ctx context.Context, id media.ID, now time.Time) (bool, error) {
	deleted, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		n, err := deleteMedia(ctx, q, id, now)
		if err != nil || n > 0 {
			return n, err
		}
		_, err = getMedia(ctx, q, id)
		return 0, err
	})
	return deleted, during(err, "delete media %s", id)
}

func deleteMedia(ctx context.Context, q *queries.Queries, id media.ID, now time.Time) (int64, error) {
	n, err := q.DeleteMedia(ctx, queries.DeleteMediaParams{ID: int64(id), Now: millis(now)})
	if err != nil || n == 0 {
		return n, err
	}
	if err := remember(ctx, q, id, HistoryEntry{Kind: HistoryDeleted, At: now}); err != nil {
		return 0, err
	}
	return n, noteEvent(ctx, q, MediaDeleted, id, now)
}

func newMediaRow(m media.Media) (queries.InsertMediaParams, error) {
	owners, err := encodeNames(m.AdditionalOwners)
	if err != nil {
		return queries.InsertMediaParams{}, err
	}
	manifest, err := encodeManifest(m.Manifest)
	if err != nil {
		return queries.InsertMediaParams{}, err
	}
	row := queries.InsertMediaParams{
		ID:               int64(m.ID),
		Owner:            m.Owner,
		AdditionalOwners: owners,
		Shared:           flag(m.Shared),
		Category:         string(m.Category),
		Type:             string(m.Type),
		Slug:             m.Slug,
		State:            string(m.State),
		Attempt:          m.Attempt,
		Published:        m.Published,
		Progress:         int64(m.Progress),
		Width:            int64(m.Width),
		Height:           int64(m.Height),
		DurationNS:       int64(m.Duration),
		CreatedAt:        millis(m.CreatedAt),
		TouchedAt:        millis(m.TouchedAt),
		ExpiresAt:        millis(m.ExpiresAt),
		GoneAt:           millis(m.GoneAt),
		Manifest:         manifest,
	}
	if f := m.Failure; f != nil {
		row.FailureCode = int64(f.Code)
		row.FailureName = plainText(f.Name)
		row.FailureMessage = plainText(f.Message)
	}
	return row, nil
}
