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

// Finish makes the bytes durable and the media of them, as initialize, one
// append and finalize would. What is refused is refused before any of it is
// kept. What a fault or a crash leaves half done expires soon.
func (o *OneShot) Finish(ctx context.Context, r Request) (media.Media, error) {
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
	session, err := o.s.begin(ctx, r, min(oneShotLifetime, o.s.cfg.Lifetime))
	if err != nil {
		return media.Media{}, err
	}
	tail, err := o.s.tail()
	if err != nil {
		return media.Media{}, err
	}
	if _, err := o.w.Commit(ctx, segmentKey(session.ID, 0, o.w.Size(), o.w.CRC(), tail)); err != nil {
		return media.Media{}, fmt.Errorf("keep one-shot upload %s: %w", session.ID, err)
	}
	o.ended = true
	return o.s.Finalize(ctx, r.Owner, session.ID)
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
