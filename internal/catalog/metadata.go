package catalog

import (
	"context"
	"slices"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// The groups of metadata that change something beside themselves.
const (
	managementInfo = "management_info" // who may change the upload: manager
	sharedInfo     = "shared_info"     // who may see it: session.shared and media.shared
)

// sharedTrue is the group shared_info of an upload that is shared.
const sharedTrue = `{"shared":true}`

// MergeMetadata changes the metadata of an upload, group by group: it drops the
// groups in clear and then stores those in set (group → canonical JSON, as
// media.ParseMetadata gives it), leaving all others, and gives all groups as
// they are afterwards. Concurrent calls lose nothing of each other; of the same
// group the later one stands. The upload may still be a session. Unknown ids,
// expired sessions and gone media are media.CodeNotFound. Of one that another
// client manages than by's, it is media.CodeForbidden, as MayChange says.
//
// In the same transaction each group that became another is in the audit trail;
// sharing is as shared_info says, so that the group and media.Media.Shared are
// never two opinions; and management_info makes by's client the manager or ends
// that.
func (c *Catalog) MergeMetadata(ctx context.Context, id media.ID, set map[string]string, clear []string, by Actor, now time.Time) (map[string]string, error) {
	var groups map[string]string
	err := c.write(ctx, func(q *queries.Queries) error {
		if _, err := q.Describable(ctx, int64(id)); err != nil {
			return notFound(err, "There is no media with the id %s.", id)
		}
		if err := mayChange(ctx, q, id, by); err != nil {
			return err
		}
		if err := merge(ctx, q, id, set, clear, by, now); err != nil {
			return err
		}
		all, err := readMetadata(ctx, q, []media.ID{id})
		groups = all[id]
		if err != nil {
			return err
		}
		return noteSearch(ctx, q, id, groups)
	})
	if err != nil {
		return nil, during(err, "merge metadata of %s", id)
	}
	return groups, nil
}

// merge is MergeMetadata within a transaction that has locked the session and
// asked mayChange.
func merge(ctx context.Context, q *queries.Queries, id media.ID, set map[string]string, clear []string, by Actor, now time.Time) error {
	all, err := readMetadata(ctx, q, []media.ID{id})
	if err != nil {
		return err
	}
	before := all[id]
	var changes []Change
	for _, name := range named(set, clear) {
		value := set[name] // "" clears
		if value != before[name] {
			if err := store(ctx, q, id, name, value, now); err != nil {
				return err
			}
			changes = append(changes, Change{Group: name, Before: before[name], After: value})
		}
		// Also where it is unchanged: its manager may have been revoked.
		if name == managementInfo {
			if err := manage(ctx, q, id, value, by); err != nil {
				return err
			}
		}
	}
	return record(ctx, q, id, changes, by, now)
}

// named lists the groups that a call names, in order, so that two transactions
// lock rows the same way round.
func named(set map[string]string, clear []string) []string {
	names := slices.Clone(clear)
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// store sets one group, or drops it for "", and what hangs from it.
func store(ctx context.Context, q *queries.Queries, id media.ID, name, value string, now time.Time) error {
	if name == sharedInfo {
		if err := share(ctx, q, id, value); err != nil {
			return err
		}
	}
	if value == "" {
		return q.ClearMetadata(ctx, queries.ClearMetadataParams{MediaID: int64(id), Name: name})
	}
	return q.SetMetadata(ctx, queries.SetMetadataParams{MediaID: int64(id), Name: name, Value: value, UpdatedAt: millis(now)})
}

// share makes an upload, and its media if it is one yet, as shared as a group
// shared_info says.
func share(ctx context.Context, q *queries.Queries, id media.ID, group string) error {
	notes, err := oneGroup(sharedInfo, group)
	if err != nil {
		return err
	}
	shared := flag(notes.SharedInfo != nil && notes.SharedInfo.Shared)
	if err := q.ShareSession(ctx, queries.ShareSessionParams{ID: int64(id), Shared: shared}); err != nil {
		return err
	}
	return q.ShareMedia(ctx, queries.ShareMediaParams{ID: int64(id), Shared: shared})
}

// oneGroup reads one group's JSON, "" for one that is not set.
func oneGroup(name, value string) (media.Metadata, error) {
	if value == "" {
		return media.Metadata{}, nil
	}
	return media.DecodeMetadata(map[string]string{name: value})
}

// Metadata reads the metadata groups of many uploads, as they are at one
// instant. Ids without any are not in the map.
func (c *Catalog) Metadata(ctx context.Context, ids []media.ID) (map[media.ID]map[string]string, error) {
	var out map[media.ID]map[string]string
	err := c.list(ctx, len(ids), func(q *queries.Queries) (err error) {
		out, err = readMetadata(ctx, q, ids)
		return err
	})
	if err != nil {
		return nil, during(err, "read metadata of %d media", len(ids))
	}
	return out, nil
}

func readMetadata(ctx context.Context, q *queries.Queries, ids []media.ID) (map[media.ID]map[string]string, error) {
	rows, err := q.ListMetadata(ctx, rowIDs(ids))
	return metadataOf(rows), err
}

func metadataOf(rows []queries.Metadata) map[media.ID]map[string]string {
	out := map[media.ID]map[string]string{}
	for _, r := range rows {
		id := media.ID(r.MediaID)
		if out[id] == nil {
			out[id] = map[string]string{}
		}
		out[id][r.Name] = r.Value
	}
	return out
}
