package catalog

import (
	"context"
	"slices"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// SweepState is what the catalogue knows of one id, for deciding which of its
// blobs may go.
type SweepState struct {
	Session    media.Session
	HasSession bool
	Media      media.Media
	HasMedia   bool
	Redo       int64 // the attempt that processes the media once more; 0 for none
	Kept       bool  // the media is live, or can still be restored: LetGo was not called

	// Named holds the key of every blob that the media's manifest or a
	// rendition row names, whether or not the media is gone. Renditions of
	// attempts before the published one do not count.
	Named map[string]bool
}

// Sweepable reads what is known of many ids, all as it is at one instant. Each
// id is in the map, those of which nothing is known with the zero SweepState.
func (c *Catalog) Sweepable(ctx context.Context, ids []media.ID) (map[media.ID]SweepState, error) {
	out := make(map[media.ID]SweepState, len(ids))
	err := c.snapshot(ctx, func(q *queries.Queries) error {
		return readSweepable(ctx, q, ids, out)
	})
	if err != nil {
		return nil, during(err, "read the state of %d uploads", len(ids))
	}
	return out, nil
}

func readSweepable(ctx context.Context, q *queries.Queries, ids []media.ID, out map[media.ID]SweepState) error {
	list := distinct(ids)
	sessions, err := q.ListSessions(ctx, list)
	if err != nil {
		return err
	}
	rows, err := q.ListMedia(ctx, list)
	if err != nil {
		return err
	}
	renditions, err := q.ListCurrentRenditions(ctx, list)
	if err != nil {
		return err
	}

	for _, id := range ids {
		out[id] = SweepState{}
	}
	for _, r := range sessions {
		st := out[media.ID(r.ID)]
		if st.Session, err = sessionOf(r); err != nil {
			return err
		}
		st.HasSession = true
		out[media.ID(r.ID)] = st
	}
	for _, r := range rows {
		st := out[media.ID(r.ID)]
		if st.Media, err = mediaOf(r); err != nil {
			return err
		}
		st.HasMedia = true
		st.Named = make(map[string]bool, len(st.Media.Manifest))
		for _, b := range st.Media.Manifest {
			st.Named[b.Key] = true
		}
		out[media.ID(r.ID)] = st
	}
	redos, err := q.ListRedos(ctx, list)
	if err != nil {
		return err
	}
	for _, r := range redos {
		st := out[media.ID(r.MediaID)]
		st.Redo = r.Attempt
		out[media.ID(r.MediaID)] = st
	}
	kept, err := q.ListKept(ctx, list)
	if err != nil {
		return err
	}
	for _, r := range kept {
		st := out[media.ID(r.MediaID)]
		st.Kept = true
		out[media.ID(r.MediaID)] = st
	}
	for _, r := range renditions {
		out[media.ID(r.MediaID)].Named[r.BlobKey] = true
	}
	return nil
}

// distinct gives the ids as rows have them, each once: a list is read in pages,
// and an id on two of them would be read twice.
func distinct(ids []media.ID) []int64 {
	list := rowIDs(ids)
	slices.Sort(list)
	return slices.Compact(list)
}
