package upload

import (
	"context"
	"fmt"
	"strings"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// sweepBatch bounds how many ids one sweep step looks at, and so its memory.
const sweepBatch = 500

// Swept is what one Sweep did.
type Swept struct {
	SessionsExpired int
	MediaExpired    int
	BlobsDeleted    int
	RowsPruned      int
}

// Sweep ends what is past its time and removes what nothing names any more:
// sessions and media past their expiry, then the bytes of ended ones after a
// grace, then their rows. It may run anywhere, at any time, more than once at
// a time.
//
// Nothing live is taken: blobs are listed first and state is read afterwards,
// in one snapshot; a blob goes only when its session or attempt has ended, the
// grace since that has passed, and no row names it. Of media that were deleted
// nothing goes until the time to restore them is over, which is written down
// first. A blob whose session has
// no row at all is left for `magpie check` to report.
func (s *Sessions) Sweep(ctx context.Context) (Swept, error) {
	done, err := s.Expire(ctx)
	if err != nil {
		return done, err
	}
	for _, prefix := range []string{"segments/", "renditions/"} {
		n, err := s.sweepBlobs(ctx, prefix)
		done.BlobsDeleted += n
		if err != nil {
			return done, err
		}
	}
	// Everything of what ended so long ago was listed above and is gone.
	pruned, err := s.catalog.Prune(ctx, s.now().Add(-s.cfg.PruneAfter), sweepBatch)
	if err != nil {
		return done, fmt.Errorf("prune rows: %w", err)
	}
	done.RowsPruned = len(pruned)
	return done, nil
}

// Expire is the first step of Sweep, which costs next to nothing: it ends what is
// past its time.
func (s *Sessions) Expire(ctx context.Context) (Swept, error) {
	var done Swept
	var err error
	if done.SessionsExpired, err = s.expireSessions(ctx); err != nil {
		return done, err
	}
	done.MediaExpired, err = s.expireMedia(ctx)
	return done, err
}

func (s *Sessions) expireSessions(ctx context.Context) (int, error) {
	sum := 0
	for {
		now := s.now()
		ids, err := s.catalog.ExpireSessions(ctx, now, s.staleBefore(now), sweepBatch)
		if err != nil {
			return sum, fmt.Errorf("expire sessions: %w", err)
		}
		sum += len(ids)
		if len(ids) < sweepBatch {
			return sum, nil
		}
	}
}

func (s *Sessions) expireMedia(ctx context.Context) (int, error) {
	sum := 0
	for {
		ids, err := s.catalog.ExpireMedia(ctx, s.now(), sweepBatch)
		if err != nil {
			return sum, fmt.Errorf("expire media: %w", err)
		}
		sum += len(ids)
		if len(ids) < sweepBatch {
			return sum, nil
		}
	}
}

// sweepRest is how many times as long as it looked at a batch a sweep rests before
// the next: what a store holds grows and grows, and no upload is to be slower for
// that. Where there is something to remove it goes on at once.
const sweepRest = 3

// sweepBlobs lists everything under prefix and removes what may go, a batch of
// ids at a time.
func (s *Sessions) sweepBlobs(ctx context.Context, prefix string) (int, error) {
	deleted, keys := 0, map[media.ID][]string{}
	began := s.now()
	flush := func() (int, error) {
		n, err := s.sweepListed(ctx, keys)
		deleted += n
		clear(keys)
		return n, err
	}
	for info, err := range s.blobs.Names(ctx, prefix) {
		if err != nil {
			return deleted, fmt.Errorf("list %s: %w", prefix, err)
		}
		id, err := ownerOf(info.Key)
		if err != nil {
			s.log.Warn("blob with a strange name", "key", info.Key, "err", err)
			continue
		}
		if _, known := keys[id]; !known && len(keys) == sweepBatch {
			n, err := flush()
			if rest := sweepRest * s.now().Sub(began); err == nil && n == 0 && rest > 0 {
				err = s.pause(ctx, min(rest, 10*time.Second))
			}
			if err != nil {
				return deleted, err
			}
			began = s.now()
		}
		keys[id] = append(keys[id], info.Key)
	}
	_, err := flush()
	return deleted, err
}

// ownerOf reads the media id out of segments/<id>/… or renditions/<id>/….
func ownerOf(key string) (media.ID, error) {
	fields := strings.SplitN(key, "/", 3)
	if len(fields) != 3 {
		return 0, fmt.Errorf("blob %s: no media id in its name", key)
	}
	return media.ParseID(fields[1])
}

func (s *Sessions) sweepListed(ctx context.Context, keys map[media.ID][]string) (int, error) {
	if len(keys) == 0 {
		return 0, nil
	}
	ids := make([]media.ID, 0, len(keys))
	for id := range keys {
		ids = append(ids, id)
	}
	states, err := s.catalog.Sweepable(ctx, ids)
	if err != nil {
		return 0, fmt.Errorf("read what may be swept: %w", err)
	}
	before := s.now().Add(-s.cfg.Grace)
	if err := s.letGo(ctx, states, before); err != nil {
		return 0, err
	}
	deleted := 0
	for id, list := range keys {
		for _, key := range list {
			if !removable(states[id], key, before) {
				continue
			}
			if err := s.blobs.Delete(ctx, key); err != nil {
				return deleted, err
			}
			deleted++
		}
	}
	return deleted, nil
}

// letGo ends the time to restore those of the media that it is over for. One
// that is restored meanwhile stays kept, and its blobs with it.
func (s *Sessions) letGo(ctx context.Context, states map[media.ID]catalog.SweepState, before time.Time) error {
	undeletable := s.now().Add(-max(s.cfg.DeleteGrace, s.cfg.Grace))
	var over []media.Media
	for _, state := range states {
		limit := before
		if state.Media.Deleted() {
			limit = undeletable
		}
		if m := state.Media; state.Kept && !m.GoneAt.IsZero() && m.GoneAt.Before(limit) {
			over = append(over, m)
		}
	}
	if len(over) == 0 {
		return nil
	}
	ids, err := s.catalog.LetGo(ctx, over)
	if err != nil {
		return fmt.Errorf("let media go: %w", err)
	}
	for _, id := range ids {
		state := states[id]
		state.Kept = false
		states[id] = state
	}
	return nil
}

// removable decides one blob by the state of its session and media. before is
// the instant that an end must precede.
func removable(state catalog.SweepState, key string, before time.Time) bool {
	if state.HasMedia && !state.Media.GoneAt.IsZero() {
		return !state.Kept && state.Media.GoneAt.Before(before)
	}
	if state.Named[key] {
		return false
	}
	if strings.HasPrefix(key, "segments/") {
		ended := state.Session.State == media.SessionClosed || state.Session.State == media.SessionExpired
		return state.HasSession && ended && state.Session.EndedAt.Before(before)
	}
	if !state.HasMedia {
		// A one-shot upload makes these before it has a media.
		return state.HasSession && state.Session.State == media.SessionExpired && state.Session.EndedAt.Before(before)
	}
	if !state.Media.TouchedAt.Before(before) {
		return false
	}
	attempt := attemptOf(key)
	return attempt < state.Media.Attempt || (attempt == state.Media.Attempt && attempt != state.Redo && state.Media.State.Done())
}

// attemptOf reads the attempt out of renditions/<id>/<attempt>/….
func attemptOf(key string) int64 {
	var id, attempt int64
	if n, _ := fmt.Sscanf(key, "renditions/%d/%d/", &id, &attempt); n != 2 {
		return 1<<63 - 1
	}
	return attempt
}
