package upload

import (
	"context"
	"fmt"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// OneShot is a whole file sent in one request. The bytes may come before what
// is said about them, so they are taken in first and get their session at the
// end. It is used by one goroutine and ended by Finish or Abort; Abort after
// Finish does nothing.
type OneShot struct {
	s     *Sessions
	w     *blob.Writer
	ended bool
}

// OneShot begins a one-shot upload. hint is how many bytes are announced, 0 if
// none are.
func (s *Sessions) OneShot(ctx context.Context, hint int64) (*OneShot, error) {
	w, err := s.blobs.Create(ctx, hint)
	if err != nil {
		return nil, fmt.Errorf("begin a one-shot upload: %w", err)
	}
	return &OneShot{s: s, w: w}, nil
}

// Write takes bytes of the file, up to MaxSegment.
func (o *OneShot) Write(p []byte) (int, error) {
	if limit := o.s.cfg.MaxSegment; o.w.Size()+int64(len(p)) > limit {
		return 0, media.Errorf(media.CodeTooLarge, "The file has more than %d bytes, the most that one request may carry; use initialize, append and finalize.", limit)
	}
	return o.w.Write(p)
}

// Size is how many bytes were written so far.
func (o *OneShot) Size() int64 { return o.w.Size() }

// Finish makes the bytes durable and the media of them, as initialize, one
// append and finalize would. Nothing usable is left behind by a refusal.
func (o *OneShot) Finish(ctx context.Context, r Request) (media.Media, error) {
	if o.w.Size() == 0 {
		return media.Media{}, media.Invalid("media", "The file is empty.")
	}
	r.TotalBytes = o.w.Size()
	session, err := o.s.Initialize(ctx, r)
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

// Abort drops the bytes unless Finish kept them.
func (o *OneShot) Abort() {
	if !o.ended {
		o.ended = true
		o.w.Abort()
	}
}
