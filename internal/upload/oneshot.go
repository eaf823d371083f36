package upload

import (
	"context"
	"fmt"
	"time"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// OneShot is bytes that may come before what is said about them: they are taken
// in first and told at the end what they are, a whole file by Finish or a
// segment by Append. It is used by one goroutine and ended by one of these or
// by Abort, which does nothing afterwards.
type OneShot struct {
	s     *Sessions
	w     *blob.Writer
	head  []byte // the file's first headSize bytes
	start *start
	ended bool
}

// oneShotLifetime is how long a one-shot upload has, once all its bytes are
// here, to become a media. Its client never learns the session's id, so one
// that a fault or a crash cut short is of no use to anybody.
const oneShotLifetime = 10 * time.Minute

// OneShot begins a one-shot upload. hint is how many bytes are announced, 0 if
// none are.
func (s *Sessions) OneShot(ctx context.Context, hint int64) (*OneShot, error) {
	w, err := s.blobs.Create(ctx, hint)
	if err != nil {
		return nil, fmt.Errorf("begin a one-shot upload: %w", err)
	}
	return &OneShot{s: s, w: w, start: new(start)}, nil
}

// Write takes bytes of the file, up to MaxSegment.
func (o *OneShot) Write(p []byte) (int, error) {
	if limit := o.s.cfg.MaxSegment; o.w.Size()+int64(len(p)) > limit {
		return 0, media.Errorf(media.CodeTooLarge, "File size exceeds %d bytes. That is the most that one request may carry; use initialize, append and finalize.", limit)
	}
	n, err := o.w.Write(p)
	o.start.see(p[:n])
	if more := p[:min(n, headSize-len(o.head))]; len(more) > 0 {
		if len(o.head)+len(more) > cap(o.head) { // not by doubling: a slow client may hold it for long
			o.head = append(make([]byte, 0, roomFor(len(o.head)+len(more))), o.head...)
		}
		o.head = append(o.head, more...)
	}
	return n, err
}

// roomFor is how much room the first n bytes of a file get: all that will be
// needed, once there are more than a few.
func roomFor(n int) int {
	const few = 4 << 10
	if n <= few {
		return few
	}
	return headSize
}

// Size is how many bytes were written so far.
func (o *OneShot) Size() int64 { return o.w.Size() }

// Make makes what a media shows before the media is recorded: m is in progress
// and nobody knows of it yet. It hands what came of that to publish, once. When
// it gives an error nothing was published, and the media is to be made later.
type Make func(ctx context.Context, m media.Media, publish func(context.Context, media.Outcome) error) error

// Finish makes the bytes durable and the media of them, as initialize, one
// append and finalize would. What is refused is refused before any of it is
// kept. What a fault or a crash leaves half done expires soon.
//
// maker, which may be nil, gives for the media's category, what makes it in the same breath,
// or nil; then the media that comes back is done, unless that gave an error. So it takes
// two transactions from the first byte to the last size.
func (o *OneShot) Finish(ctx context.Context, r Request, maker func(media.Category) Make) (media.Media, error) {
	if o.w.Size() == 0 {
		return media.Media{}, media.Invalid("media", "The file is empty.")
	}
	r.TotalBytes = o.w.Size()
	if err := r.check(); err != nil {
		return media.Media{}, err
	}
	category, typ, err := identify(o.head, o.w.Size(), r.category(), r.Type)
	if err == nil {
		err = o.s.cfg.Limits.CheckBytes("media", r.Category, typ, o.w.Size())
	}
	if err == nil {
		err = checkShown(o.s.cfg.Limits.Of(category, typ), category, typ, o.head, &o.start.header)
	}
	if err != nil {
		return media.Media{}, err
	}
	token, err := o.s.name(12)
	if err != nil {
		return media.Media{}, err
	}
	// Nobody else has the id: the session is closing from the beginning.
	session := o.s.session(r, min(oneShotLifetime, o.s.cfg.Lifetime))
	session.State, session.ClosingToken, session.ClosingSince = media.SessionClosing, token, session.CreatedAt
	if session, err = o.s.open(ctx, session); err != nil {
		return media.Media{}, err
	}
	tail, err := o.s.tail()
	if err != nil {
		return media.Media{}, err
	}
	kept, err := o.w.Commit(ctx, segmentKey(session.ID, 0, o.w.Size(), o.w.CRC(), tail))
	if err != nil {
		return media.Media{}, fmt.Errorf("keep one-shot upload %s: %w", session.ID, err)
	}
	o.ended = true
	m, err := o.s.newMedia(session, category, typ, media.Manifest{kept})
	if err != nil {
		return media.Media{}, err
	}
	if maker == nil {
		return o.s.finish(ctx, m, token, nil)
	}
	return o.s.finish(ctx, m, token, maker(category))
}

// firstAttempt is the number under which a media is made before it is recorded.
const firstAttempt = 1

// finish records the media of a one-shot upload, made if possible.
func (s *Sessions) finish(ctx context.Context, m media.Media, token string, make Make) (media.Media, error) {
	if make != nil {
		var made media.Media
		m.State, m.Attempt = media.InProgress, firstAttempt
		err := make(ctx, m, func(ctx context.Context, o media.Outcome) error {
			var done bool
			var err error
			if made, done, err = s.catalog.CloseMade(ctx, token, m, o, s.now()); err == nil && !done {
				err = lapsed(m.ID)
			}
			return err
		})
		if err == nil {
			return made, nil
		}
		m.State = media.Pending // and what was made is the sweeper's: the next attempt has another number
	}
	done, err := s.catalog.CloseSession(ctx, token, m, s.now())
	if err == nil && !done {
		err = lapsed(m.ID)
	}
	return m, err
}

// lapsed is a one-shot upload that took so long that it expired.
func lapsed(id media.ID) error {
	return media.Errorf(media.CodeGone, "The upload %s took too long to become a media; send it again.", id)
}

// Append makes the bytes a segment of a session that user may use, and does what
// Sessions.Append and Segment.Commit do.
func (o *OneShot) Append(ctx context.Context, user string, id media.ID, index int) (time.Time, error) {
	g, err := o.s.segment(ctx, user, id, func() (*blob.Writer, error) { return o.w, nil })
	if err != nil {
		return time.Time{}, err
	}
	o.ended = true
	defer g.Abort()
	if err := g.room(0, o.w.Size()); err != nil {
		return time.Time{}, err
	}
	g.start, o.start = o.start, g.start
	return g.Commit(ctx, index)
}

// Abort drops the bytes unless they were kept.
func (o *OneShot) Abort() {
	if !o.ended {
		o.ended = true
		o.w.Abort()
	}
}
