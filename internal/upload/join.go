package upload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// maxJoined is how many fragments one upload may be joined of.
const maxJoined = 1000

// Join makes one upload of fragments that r.Owner has sent whole, in the order in
// which they are named; r.TotalBytes is passed over. The fragments end with it,
// and their room is the upload's. It may be called again after any error, and
// after a crash: the same fragments give the same upload.
func (s *Sessions) Join(ctx context.Context, r Request, said catalog.Tus, fragments []media.ID) (Serial, error) {
	list, joined, err := s.fragments(ctx, r.Owner, fragments)
	if err != nil {
		return Serial{}, err
	}
	if joined == 0 {
		parts := 0
		r.TotalBytes = 0
		for _, f := range list {
			parts += f.Parts
			r.TotalBytes += f.TotalBytes
		}
		if parts > maxParts {
			return Serial{}, media.Errorf(media.CodeTooLarge, "The fragments have come in %d pieces, and an upload may have %d; send larger ones.", parts, maxParts)
		}
		session, err := s.initializeSerial(ctx, r, media.Serial, said, fragments)
		if err != nil {
			return Serial{}, err
		}
		joined = session.ID
	}
	if before, err := s.catalog.Tus(ctx, joined); err != nil {
		return Serial{}, err
	} else if before.Concat != said.Concat {
		return Serial{}, media.Errorf(media.CodeConflict, "The uploads in Upload-Concat were joined to %s before, in another way.", joined)
	}
	if err := s.fill(ctx, r.Owner, joined, fragments); err != nil {
		return Serial{}, err
	}
	return s.Serial(ctx, r.Owner, joined)
}

// fragments reads what is to be joined, or the upload that it was joined to.
func (s *Sessions) fragments(ctx context.Context, user string, ids []media.ID) (list []Serial, joined media.ID, err error) {
	if len(ids) == 0 || len(ids) > maxJoined {
		return nil, 0, media.Invalid("Upload-Concat", "Upload-Concat names %d uploads; it must name from 1 to %d.", len(ids), maxJoined)
	}
	seen := map[media.ID]bool{}
	ended := 0
	for _, id := range ids {
		if seen[id] {
			return nil, 0, media.Invalid("Upload-Concat", "Upload-Concat names %s twice; each upload may be in it once.", id)
		}
		seen[id] = true
		f, err := s.serial(ctx, user, id)
		if err != nil {
			return nil, 0, err
		}
		switch {
		case f.Owner != user:
			return nil, 0, media.Errorf(media.CodeForbidden, "Only the owner of %s may join it with others.", id)
		case f.Way != media.Fragment:
			return nil, 0, media.Invalid("Upload-Concat", "Upload-Concat names %s, which was not begun with Upload-Concat: partial.", id)
		case f.Said.Joined != 0 && (ended == 0 || joined == f.Said.Joined):
			ended++
			joined = f.Said.Joined
			continue
		case f.State == media.SessionExpired:
			return nil, 0, expired(f.Session)
		}
		if f.End, err = s.catalog.PartsEnd(ctx, id); err != nil {
			return nil, 0, err
		}
		if !f.Complete() {
			return nil, 0, media.Errorf(media.CodeConflict, "The upload %s is not complete: %s; send the rest first.", id, totals(f.Bytes, f.TotalBytes))
		}
		list = append(list, f)
	}
	if ended > 0 && ended < len(ids) {
		return nil, 0, media.Errorf(media.CodeConflict, "Some of the uploads in Upload-Concat were joined to %s before, and others were not.", joined)
	}
	return list, joined, nil
}

// fill gives an upload the bytes of its fragments, from where it stands. The
// store keeps those of each upload apart, so they are copied.
func (s *Sessions) fill(ctx context.Context, user string, id media.ID, fragments []media.ID) error {
	u, err := s.Serial(ctx, user, id)
	if err != nil || u.State != media.SessionOpen {
		return err
	}
	var all media.Manifest
	for _, f := range fragments {
		parts, err := s.catalog.Parts(ctx, f)
		if err != nil {
			return err
		}
		all = append(all, parts...)
	}
	for u.Parts < len(all) {
		b := all[u.Parts]
		tail, err := s.tail()
		if err != nil {
			return err
		}
		kept, err := s.blobs.Duplicate(ctx, b, segmentKey(id, u.Parts, b.Size, b.CRC, tail))
		if errors.Is(err, fs.ErrNotExist) {
			// Another that joins the same has them all, or the sweeper came first.
			stood := u.End
			if u, err = s.Serial(ctx, user, id); err != nil || u.State != media.SessionOpen {
				return err
			}
			if u.End == stood {
				return media.Errorf(media.CodeGone, "Bytes of the uploads in Upload-Concat are not there any more; send them again as new uploads.")
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("join %s: %w", id, err)
		}
		session, end, added, err := s.catalog.AddParts(ctx, id, u.End, []media.Blob{kept}, s.now())
		if err != nil {
			return err
		}
		if !added {
			s.discard(ctx, id, kept)
			if session.State != media.SessionOpen {
				return nil // another that joins the same was faster
			}
			if end == u.End {
				return expired(session)
			}
		}
		u.End = end
	}
	for _, f := range fragments {
		s.removeSegments(ctx, f)
	}
	return nil
}
