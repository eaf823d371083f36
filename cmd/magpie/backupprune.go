package main

import (
	"context"
	"errors"
	"strings"

	"magpie/internal/blob"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// pruneBatch bounds how many uploads pruning looks at at once, and so its memory.
const pruneBatch = 500

// prune removes blobs that the rows of the backup do not name: of media that were
// deleted for good since, of attempts that others replaced, and of uploads that
// ended. It may be broken off, and goes on the next time.
func (c *backupCommand) prune(ctx context.Context, store *blob.Store) (n int, err error) {
	rows, err := catalog.OpenSQLiteReadOnly(ctx, databaseIn(c.To))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	listed := map[media.ID][]string{}
	flush := func() error {
		removed, err := pruneListed(ctx, store, rows, listed)
		n += removed
		clear(listed)
		return err
	}
	for info, err := range store.List(ctx, "") {
		if err != nil {
			return n, err
		}
		fields := strings.Split(info.Key, "/")
		id, err := media.ParseID(fields[min(1, len(fields)-1)])
		if err != nil {
			continue // nothing of magpie's
		}
		if _, known := listed[id]; !known && len(listed) == pruneBatch {
			if err := flush(); err != nil {
				return n, err
			}
		}
		listed[id] = append(listed[id], info.Key)
	}
	return n, flush()
}

func pruneListed(ctx context.Context, store *blob.Store, rows *catalog.Catalog, listed map[media.ID][]string) (n int, err error) {
	if len(listed) == 0 {
		return 0, nil
	}
	ids := make([]media.ID, 0, len(listed))
	for id := range listed {
		ids = append(ids, id)
	}
	states, err := rows.Sweepable(ctx, ids)
	if err != nil {
		return 0, err
	}
	for id, keys := range listed {
		for _, key := range keys {
			if inBackup(states[id], key) {
				continue
			}
			if err := store.Delete(ctx, key); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// inBackup tells whether a blob belongs to a backup with such rows: it is one that
// mover.each hands out, or an older segment of an upload that is under way.
func inBackup(state catalog.SweepState, key string) bool {
	if state.HasMedia {
		return state.Named[key] && (state.Media.GoneAt.IsZero() || state.Kept)
	}
	open := state.Session.State == media.SessionOpen || state.Session.State == media.SessionClosing
	return state.HasSession && open && strings.HasPrefix(key, "segments/")
}
