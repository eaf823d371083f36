package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// Finalize closes a session that user may use and gives the media it became.
// It may be called again, also at the same time: every call that succeeds
// gives the same media. Where segments are missing or do not add up, or the
// bytes are not what was declared, or more than such a file may have, it says so
// and the session stays open. No byte is copied.
func (s *Sessions) Finalize(ctx context.Context, user string, id media.ID) (media.Media, error) {
	session, err := s.Session(ctx, user, id)
	if err != nil {
		return media.Media{}, err
	}
	if session.Way == media.Fragment {
		return media.Media{}, media.Invalid("id", "The upload %s is a part that is to be joined with others; it becomes no media by itself.", id)
	}
	token, err := s.name(12)
	if err != nil {
		return media.Media{}, err
	}
	s.recent.forget(id)
	for {
		now := s.now()
		session, took, err := s.catalog.BeginClosing(ctx, id, token, now, s.staleBefore(now))
		if err != nil {
			return media.Media{}, fmt.Errorf("begin closing %s: %w", id, err)
		}
		if took {
			m, done, err := s.close(ctx, session, token)
			if err != nil || done {
				s.cfg.Watch.closed(ctx, err)
				return m, err
			}
			continue // another finalize took over in between
		}
		switch session.State {
		case media.SessionClosed:
			return s.catalog.Media(ctx, id)
		case media.SessionClosing:
			if err := s.awaitClosing(ctx, id); err != nil {
				return media.Media{}, err
			}
		default:
			return media.Media{}, expired(session)
		}
	}
}

// staleBefore is when a finalize must have begun to be taken for dead.
func (s *Sessions) staleBefore(now time.Time) time.Time {
	limit := now.Add(-s.cfg.ClosingLimit)
	if alone := s.cfg.AloneSince; alone.After(limit) && alone.Before(now) {
		return alone
	}
	return limit
}

// awaitClosing waits for the finalize that is closing the session to end.
func (s *Sessions) awaitClosing(ctx context.Context, id media.ID) error {
	const pause, patience = 20 * time.Millisecond, 10 * time.Second
	for range patience / pause {
		if err := s.pause(ctx, pause); err != nil {
			return err
		}
		session, err := s.catalog.Session(ctx, id)
		if err != nil || session.State != media.SessionClosing {
			return err
		}
	}
	return media.Busy(time.Second, "The upload %s is still being finalized by another request.", id)
}

// close makes the media of a session that token is closing, or gives the
// session back. done is false when the token lost its hold.
func (s *Sessions) close(ctx context.Context, session media.Session, token string) (m media.Media, done bool, err error) {
	m, err = s.assemble(ctx, session)
	if err == nil && session.TotalBytes == media.Undeclared {
		err = s.catalog.Reserve(ctx, session.ID, m.Size(), s.cfg.Quota)
	}
	if err == nil {
		done, err = s.catalog.CloseSession(ctx, token, m, s.now())
	}
	if err == nil {
		if done {
			s.held.forget(session.ID)
			s.forgetParts(ctx, session)
		}
		return m, done, nil
	}
	// The client may be gone; its next finalize should not wait for the limit.
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if session.TotalBytes == media.Undeclared {
		if e := s.catalog.Reserve(back, session.ID, 0, 0); e != nil {
			err = errors.Join(err, fmt.Errorf("give the room of %s back: %w", session.ID, e))
		}
	}
	if _, e := s.catalog.Reopen(back, session.ID, token); e != nil {
		err = errors.Join(err, fmt.Errorf("give session %s back: %w", session.ID, e))
	}
	return media.Media{}, false, err
}

// assemble checks what arrived and makes the media of it.
func (s *Sessions) assemble(ctx context.Context, session media.Session) (media.Media, error) {
	manifest, err := s.manifest(ctx, session)
	if err != nil {
		return media.Media{}, err
	}
	head, err := s.head(ctx, session.ID, manifest)
	if err != nil {
		return media.Media{}, err
	}
	category, typ, err := identify(head, manifest.Size(), session.Category, session.Type)
	if err == nil {
		err = s.cfg.Limits.CheckBytes("media", session.Category, typ, manifest.Size())
	}
	if err != nil {
		return media.Media{}, err
	}
	return s.newMedia(session, category, typ, manifest)
}

// newMedia is the media that a session becomes.
func (s *Sessions) newMedia(session media.Session, category media.Category, typ media.Type, manifest media.Manifest) (media.Media, error) {
	slug, err := s.name(12)
	if err != nil {
		return media.Media{}, err
	}
	now := s.now()
	m := media.Media{
		ID: session.ID, Owner: session.Owner, AdditionalOwners: session.AdditionalOwners, Shared: session.Shared,
		Category: category, Type: typ, Slug: slug, Manifest: manifest, State: media.Pending,
		CreatedAt: now, TouchedAt: now,
	}
	if s.cfg.Retention > 0 {
		m.ExpiresAt = now.Add(s.cfg.Retention)
	}
	return m, nil
}

// manifest lists what arrived, picks one blob for each index, and checks that
// they are gapless from 0 and add up to the declared total.
func (s *Sessions) manifest(ctx context.Context, session media.Session) (media.Manifest, error) {
	if session.Way != media.Numbered {
		return s.parts(ctx, session)
	}
	chosen, err := s.newest(ctx, session.ID)
	if err != nil {
		return nil, err
	}
	return join(chosen, session.TotalBytes)
}

// newest lists the segments of a session and picks one blob for each index.
func (s *Sessions) newest(ctx context.Context, id media.ID) (map[int]segment, error) {
	return newest(ctx, s.blobs, id)
}

func newest(ctx context.Context, store *blob.Store, id media.ID) (map[int]segment, error) {
	chosen := map[int]segment{}
	for info, err := range store.Names(ctx, segmentPrefix(id)) {
		if err != nil {
			return nil, fmt.Errorf("list the segments of %s: %w", id, err)
		}
		g, err := parseSegment(info)
		if err != nil {
			return nil, err
		}
		if have, twice := chosen[g.index]; twice {
			if g, err = newer(ctx, store, have, g); err != nil {
				return nil, fmt.Errorf("choose segment %d of %s: %w", have.index, id, err)
			}
		}
		chosen[g.index] = g
	}
	return chosen, nil
}

// join puts the chosen segments in order, or says what is missing.
func join(chosen map[int]segment, total int64) (media.Manifest, error) {
	last, sum := -1, int64(0)
	for i, g := range chosen {
		last = max(last, i)
		sum += g.blob.Size
	}
	if last < 0 {
		return nil, media.Invalid("id", "The upload is empty: no segment has arrived.")
	}
	if missing := gaps(chosen, last); missing != "" {
		return nil, media.Invalid("segment_index", "Segments do not add up to provided total file size. Here %s missing; %s.", missing, totals(sum, total))
	}
	if total != media.Undeclared && sum != total {
		return nil, media.Invalid("total_bytes", "Segments do not add up to provided total file size. %s.", totals(sum, total))
	}
	manifest := make(media.Manifest, last+1)
	for i := range manifest {
		manifest[i] = chosen[i].blob
	}
	return manifest, nil
}

func totals(sum, total int64) string {
	if total == media.Undeclared {
		return fmt.Sprintf("%d bytes have arrived", sum)
	}
	return fmt.Sprintf("%d bytes have arrived and initialize declared %d", sum, total)
}

// gaps names the indexes below last that did not arrive: "segments 0, 3-7 are".
func gaps(chosen map[int]segment, last int) string {
	text, runs, count := "", 0, 0
	for i := 0; i < last; i++ {
		if _, ok := chosen[i]; ok {
			continue
		}
		from := i
		for i+1 < last {
			if _, ok := chosen[i+1]; ok {
				break
			}
			i++
		}
		if runs > 0 {
			text += ", "
		}
		runs++
		count += i - from + 1
		text += fmt.Sprint(from)
		if i > from {
			text += fmt.Sprintf("-%d", i)
		}
	}
	switch count {
	case 0:
		return ""
	case 1:
		return "segment " + text + " is"
	}
	return "segments " + text + " are"
}

// headSize is how much of a file its type is told from.
const headSize = 64 << 10

// head reads the start of a file.
func (s *Sessions) head(ctx context.Context, id media.ID, m media.Manifest) ([]byte, error) {
	r := s.blobs.Open(ctx, m, 0, headSize)
	head := make([]byte, min(headSize, m.Size()))
	_, err := io.ReadFull(r, head)
	if e := r.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, fmt.Errorf("read the head of %s: %w", id, err)
	}
	return head, nil
}

// identify tells category and type of a file of size bytes from its head, and
// holds them against what was declared; either may be "".
func identify(head []byte, size int64, category media.Category, declared media.Type) (media.Category, media.Type, error) {
	return admit(head, sniff(head, size), category, declared)
}

// admit holds a file's type, "" for none of those that are taken, against what
// was declared.
func admit(head []byte, typ media.Type, category media.Category, declared media.Type) (media.Category, media.Type, error) {
	if typ == "" {
		return "", "", media.Invalid("media", "media type unrecognized. The file is none of the accepted types: it seems to be %s.", describe(head))
	}
	if declared != "" && !typ.SameFamily(declared) {
		return "", "", media.Invalid("media_type", "The upload was declared as %s, but the file is %s.", declared, typ)
	}
	if category == "" {
		category = typ.DefaultCategory()
	}
	if !typ.Fits(category) {
		return "", "", media.Invalid("media_category", "The upload was declared as %s, but the file is %s; %s.", category, typ, advice(typ))
	}
	return category, typ, nil
}
