package delivery

import (
	"context"
	"fmt"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// notes remembers for a moment what uploaders said of media. Only what decides
// about viewers is kept.
type notes struct {
	catalog *catalog.Catalog
	*recent[media.ID, media.Metadata]
}

func newNotes(c *catalog.Catalog, now func() time.Time) *notes {
	return &notes{c, newRecent[media.ID, media.Metadata](now)}
}

// of gives the groups that decide about viewers, as they were at most recentFor
// ago.
func (n *notes) of(ctx context.Context, id media.ID) (media.Metadata, error) {
	said, taken, ok := n.get(id)
	if ok {
		return said, nil
	}
	groups, err := n.catalog.Metadata(ctx, []media.ID{id})
	if err != nil {
		return media.Metadata{}, fmt.Errorf("look metadata up: %w", err)
	}
	all, err := media.DecodeMetadata(groups[id])
	if err != nil {
		return media.Metadata{}, fmt.Errorf("metadata of %s: %w", id, err)
	}
	said = media.Metadata{
		AllowDownload: all.AllowDownload, AudiencePolicy: all.AudiencePolicy, ContentExpiration: all.ContentExpiration,
		DomainRestrictions: all.DomainRestrictions, GeoRestrictions: all.GeoRestrictions,
	}
	n.put(id, said, taken)
	return said, nil
}
