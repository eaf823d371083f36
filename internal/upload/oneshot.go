package upload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"magpie/internal/blob"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// OneShot is bytes that may come before what is said about them: they are taken
// in first and told at the end what they are, a whole file by Finish or a
// segment by Append. It is used by one goroutine and ended by one of these or
// by Abort, which after these only lets go of memory.
type OneShot struct {
	s     *Sessions
	w     *blob.Writer
	start *start
	more  []byte // the file's first bytes, up to headSize, where start's don't tell all
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
	s.cfg.Watch.inFlight(1)
	return &OneShot{s: s, w: w, start: s.starts.Get().(*start).empty()}, nil
}

// Write takes bytes of the file, up to MaxSegment.
func (o *OneShot) Write(p []byte) (int, error) {
	if limit := o.s.cfg.MaxSegment; o.w.Size()+int64(len(p)) > limit {
		return 0, media.Errorf(media.CodeTooLarge, "File size exceeds %d bytes. That is the most that one request may carry; use initialize, append and finalize.", limit)
	}
	before := o.w.Size()
	n, err := o.w.Write(p)
	if n > 0 {
		o.see(p[:n], before)
	}
	return n, err
}

// see looks at the bytes that come after the file's first before. Most files have
// told what they are by what start keeps: of those no more is kept, so that a
// thousand that come slowly cost little.
func (o *OneShot) see(p []byte, before int64) {
	begun := o.start.n
	o.start.see(p)
	p = p[o.start.n-begun:]
	if len(p) == 0 {
		return
	}
	if o.more == nil && before <= earlyLen && needsMore(o.start.bytes(), o.s.cfg.MaxSegment) {
		o.more = o.start.bytes()
		o.more = o.more[:len(o.more):len(o.more)] // start has no room behind it
	}
	if o.more == nil || len(o.more) == headSize {
		return
	}
	p = p[:min(len(p), headSize-len(o.more))]
	if room := len(o.more) + len(p); room > cap(o.more) {
		o.more = append(make([]byte, 0, min(max(room, 2*cap(o.more)), headSize)), o.more...)
	}
	o.more = append(o.more, p...)
}

// needsMore reports whether more of a file than head, its first earlyLen bytes,
// may tell another type than that does, or that it is none, or the size of a
// picture. most is how long the file may be.
func needsMore(head []byte, most int64) bool {
	t, sure := foresee(head, int64(len(head))+1, most)
	if !sure || t == media.SRT { // text, as long as no other bytes come
		return true
	}
	_, _, seen := pictureSize(head, t)
	return t == media.JPEG && !seen
}

// head is what Finish tells the file from.
func (o *OneShot) head() []byte {
	if o.more != nil {
		return o.more
	}
	return o.start.bytes()
}

// Size is how many bytes were written so far.
func (o *OneShot) Size() int64 { return o.w.Size() }

// Make makes what a media shows before the media is recorded: m is in progress
// and nobody knows of it yet. The original is file, and isn't stored yet, or it is
// stored and file is nil. It hands what came of that to publish, once. When
// it gives an error nothing was published, and the media is to be made later.
type Make func(ctx context.Context, m media.Media, file *blob.Taken, publish func(context.Context, media.Outcome) error) error

// Finish makes the bytes durable and the media of them, as initialize, one
// append and finalize would. What is refused is refused before any of it is
// kept. What a fault or a crash leaves half done expires soon.
//
// maker, which may be nil, gives for the media's category, what makes it in the same breath,
// or nil; then the media that comes back is done, unless that gave an error. So it takes
// two transactions from the first byte to the last size, of which many that follow each
// other share the first.
func (o *OneShot) Finish(ctx context.Context, r Request, maker func(media.Category) Make) (media.Media, error) {
	m, err := o.finish(ctx, r, maker)
	o.s.cfg.Watch.closed(ctx, err)
	return m, err
}

func (o *OneShot) finish(ctx context.Context, r Request, maker func(media.Category) Make) (media.Media, error) {
	if o.w.Size() == 0 {
		return media.Media{}, media.Invalid("media", "The file is empty.")
	}
	r.TotalBytes = o.w.Size()
	if err := r.check(); err != nil {
		return media.Media{}, err
	}
	category, typ, err := identify(o.head(), o.w.Size(), r.category(), r.Type)
	if err == nil {
		err = o.s.cfg.Limits.CheckBytes("media", r.Category, typ, o.w.Size())
	}
	if err == nil {
		err = checkShown(o.s.cfg.Limits.Of(category, typ), category, typ, o.head(), &o.start.header)
	}
	if err != nil {
		return media.Media{}, err
	}
	var make Make
	if maker != nil {
		make = maker(category)
	}
	session := o.s.session(r, min(oneShotLifetime, o.s.cfg.Lifetime))
	for {
		m, err := o.become(ctx, session, category, typ, make)
		if !errors.Is(err, catalog.ErrConflict) || o.ended {
			return m, err
		}
	}
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

// Abort drops the bytes unless they were kept. It is called in the end whatever
// became of them; nothing is called after it.
func (o *OneShot) Abort() {
	if !o.ended {
		o.ended = true
		o.w.Abort()
	}
	if o.start != nil {
		o.s.starts.Put(o.start)
		o.start, o.more = nil, nil
		o.s.cfg.Watch.inFlight(-1)
	}
}
