package delivery

import (
	"context"
	"fmt"
	"sync"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// notesFor is how long what an uploader said of a media is taken from memory,
// and so how long a change may take to act.
const notesFor = time.Second

// notesKept is of how many media at least the last notes are in memory; there
// are never more than twice as many.
const notesKept = 2048

// notes remembers for a moment what uploaders said of media: a player asks for
// many ranges of one. Only what decides about viewers is kept.
type notes struct {
	catalog *catalog.Catalog
	now     func() time.Time

	mu  sync.Mutex
	new map[media.ID]note // and once it is full
	old map[media.ID]note // it becomes this, in whose place it was
}

type note struct {
	said media.Metadata
	read time.Time // before it was read
}

func newNotes(c *catalog.Catalog, now func() time.Time) *notes {
	return &notes{catalog: c, now: now, new: map[media.ID]note{}}
}

// of gives the groups that decide about viewers, as they were at most notesFor
// ago.
func (n *notes) of(ctx context.Context, id media.ID) (media.Metadata, error) {
	begun := n.now()
	n.mu.Lock()
	known, ok := n.new[id]
	if !ok {
		known, ok = n.old[id]
	}
	n.mu.Unlock()
	if age := begun.Sub(known.read); ok && age >= 0 && age < notesFor {
		return known.said, nil
	}
	groups, err := n.catalog.Metadata(ctx, []media.ID{id})
	if err != nil {
		return media.Metadata{}, fmt.Errorf("look metadata up: %w", err)
	}
	all, err := media.DecodeMetadata(groups[id])
	if err != nil {
		return media.Metadata{}, fmt.Errorf("metadata of %s: %w", id, err)
	}
	said := media.Metadata{
		AllowDownload: all.AllowDownload, AudiencePolicy: all.AudiencePolicy, ContentExpiration: all.ContentExpiration,
		DomainRestrictions: all.DomainRestrictions, GeoRestrictions: all.GeoRestrictions,
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.new) >= notesKept {
		n.new, n.old = map[media.ID]note{}, n.new
	}
	n.new[id] = note{said, begun}
	return said, nil
}
