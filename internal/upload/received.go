package upload

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// Received is what has arrived of an upload.
type Received struct {
	Session  media.Session
	Segments []ReceivedSegment // in order of their index
	Bytes    int64             // of all of them
	Missing  []Range           // the indexes below the highest that did not arrive
}

// ReceivedSegment is one segment that is durable and would be in the media.
type ReceivedSegment struct {
	Index int
	Bytes int64
	CRC   uint32 // CRC-32C
}

// Range is the indexes from First to Last.
type Range struct{ First, Last int }

// Received lists what has arrived of a session that user may use, so that a
// client which lost its answers can go on. All that it lists is durable. Of one
// that was finalized it is what the media is made of; one that expired or was
// aborted is CodeGone.
func (s *Sessions) Received(ctx context.Context, user string, id media.ID) (Received, error) {
	session, err := s.Session(ctx, user, id)
	if err != nil {
		return Received{}, err
	}
	out := Received{Session: session}
	switch session.State {
	case media.SessionExpired:
		return Received{}, expired(session)
	case media.SessionClosed:
		m, err := s.catalog.Media(ctx, id)
		if err != nil {
			return Received{}, fmt.Errorf("read what %s became: %w", id, err)
		}
		for i, b := range m.Manifest {
			out.add(ReceivedSegment{Index: i, Bytes: b.Size, CRC: b.CRC})
		}
		return out, nil
	}
	if session.Way != media.Numbered {
		parts, err := s.catalog.Parts(ctx, id)
		for i, b := range parts {
			out.add(ReceivedSegment{Index: i, Bytes: b.Size, CRC: b.CRC})
		}
		return out, err
	}
	chosen, err := s.newest(ctx, id)
	if err != nil {
		return Received{}, err
	}
	for i, g := range chosen {
		out.add(ReceivedSegment{Index: i, Bytes: g.blob.Size, CRC: g.blob.CRC})
	}
	slices.SortFunc(out.Segments, func(a, b ReceivedSegment) int { return cmp.Compare(a.Index, b.Index) })
	next := 0
	for _, g := range out.Segments {
		if g.Index > next {
			out.Missing = append(out.Missing, Range{next, g.Index - 1})
		}
		next = g.Index + 1
	}
	return out, nil
}

func (r *Received) add(g ReceivedSegment) {
	r.Segments = append(r.Segments, g)
	r.Bytes += g.Bytes
}

// Abort ends an unfinished upload that by.User owns and removes its bytes. What is on
// its way meanwhile is refused, and swept later. It may be called again. One that
// is being finalized is CodeBusy, and one that was is CodeConflict.
func (s *Sessions) Abort(ctx context.Context, by catalog.Actor, id media.ID) error {
	session, err := s.Session(ctx, by.User, id)
	if err != nil {
		return err
	}
	if session.Owner != by.User {
		return media.Errorf(media.CodeForbidden, "Only the owner of %s may abort it.", id)
	}
	aborted, err := s.catalog.AbortSession(ctx, id, by, s.now())
	if err != nil {
		return err
	}
	if !aborted {
		if session, err = s.catalog.Session(ctx, id); err != nil {
			return err
		}
		switch session.State {
		case media.SessionClosed:
			return media.Errorf(media.CodeConflict, "The upload %s is finalized; delete the media that it became.", id)
		case media.SessionExpired: // below, what a call before left
		default:
			return media.Busy(time.Second, "The upload %s is being finalized; delete the media that it becomes, or abort it if it is still open afterwards.", id)
		}
	}
	s.removeSegments(ctx, id)
	return nil
}

// removeSegments removes the bytes of an upload that has ended and came to
// nothing by itself. What it leaves is swept later.
func (s *Sessions) removeSegments(ctx context.Context, id media.ID) {
	s.held.forget(id)
	s.recent.forget(id)
	for info, err := range s.blobs.Names(ctx, segmentPrefix(id)) {
		if err == nil {
			err = s.blobs.Delete(ctx, info.Key)
		}
		if err != nil {
			s.log.WarnContext(ctx, "ended upload left to the sweeper", "upload", id, "err", err)
			return
		}
	}
}
