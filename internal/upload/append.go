package upload

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"magpie/internal/blob"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// Segment is one segment on its way in. It is used by one goroutine, and ended
// by Commit or Abort; Abort after Commit does nothing.
type Segment struct {
	s       *Sessions
	session media.Session
	w       *blob.Writer
	tally   *tally
	limit   int64            // bytes that the session may hold
	file    int64            // bytes that the file may have, as far as is known
	taken   int64            // bytes of it that the tally counts
	storage *catalog.Storage // of the owner, where the session has no room reserved; else nil
	start   *start
	counted bool // as being in flight
	ended   bool
}

// Append begins a segment of a session that user may use. hint is how many
// bytes are announced, 0 if none are. The segment's index may be told at the
// end.
func (s *Sessions) Append(ctx context.Context, user string, id media.ID, hint int64) (*Segment, error) {
	g, err := s.segment(ctx, user, id, func() (*blob.Writer, error) { return s.blobs.Create(ctx, hint) })
	if err == nil {
		g.counted = true
		s.cfg.Watch.inFlight(1)
	}
	return g, err
}

// segment begins a segment whose bytes go to, or are in, the writer that begin
// gives.
func (s *Sessions) segment(ctx context.Context, user string, id media.ID, begin func() (*blob.Writer, error)) (*Segment, error) {
	session, err := s.appendable(ctx, user, id)
	if err != nil {
		return nil, err
	}
	if session.Way != media.Numbered {
		return nil, media.Invalid("id", "The upload %s is of a tus client, whose bytes come one behind the other; send them to its own URL with PATCH.", id)
	}
	return s.segmentOf(ctx, session, begin)
}

// segmentOf is segment of a session that was read a moment ago.
func (s *Sessions) segmentOf(ctx context.Context, session media.Session, begin func() (*blob.Writer, error)) (*Segment, error) {
	id := session.ID
	if session.State == media.SessionExpired || (session.State == media.SessionOpen && !s.now().Before(session.ExpiresAt)) {
		return nil, expired(session)
	}
	storage, err := s.unreserved(ctx, session)
	if err != nil {
		return nil, err
	}
	t, err := s.held.acquire(id, func() (int64, error) { return s.stored(ctx, id) })
	if err != nil {
		return nil, fmt.Errorf("count what session %s holds: %w", id, err)
	}
	w, err := begin()
	if err != nil {
		s.held.release(t)
		return nil, fmt.Errorf("begin a segment of %s: %w", id, err)
	}
	file := s.cfg.Limits.Bytes(session.Category, session.Type)
	limit := allowance(session, file)
	if session.State == media.SessionClosed {
		limit += s.cfg.MaxSegment // room for one more, to be compared and dropped
	}
	return &Segment{s: s, session: session, w: w, tally: t, limit: limit, file: file, storage: storage, start: s.starts.Get().(*start).empty()}, nil
}

// unreserved reads what the owner of a session stores, where the session did
// not say how long it will be and so has no room of its own: each segment then
// needs some. Uploads at once may each use the same room; only Finalize, which
// reserves it, decides between them.
func (s *Sessions) unreserved(ctx context.Context, session media.Session) (*catalog.Storage, error) {
	if session.TotalBytes != media.Undeclared || session.State != media.SessionOpen {
		return nil, nil
	}
	storage, err := s.catalog.Storage(ctx, session.Owner)
	if err != nil {
		return nil, fmt.Errorf("look for room for %s: %w", session.ID, err)
	}
	return &storage, nil
}

// allowance is how many bytes a session may hold: twice what it declared, so
// that every segment can be sent again, or twice what a file of its kind may
// have; and where nothing was declared the contract's most.
func allowance(session media.Session, file int64) int64 {
	if session.TotalBytes == media.Undeclared {
		return min(2*file, media.MaxTotalBytes)
	}
	return 2 * session.TotalBytes
}

// stored adds up the segments that the store lists for a session.
func (s *Sessions) stored(ctx context.Context, id media.ID) (int64, error) {
	var sum int64
	for info, err := range s.blobs.List(ctx, segmentPrefix(id)) {
		if err != nil {
			return 0, err
		}
		sum += info.Size
	}
	return sum, nil
}

// Write takes bytes of the segment. It refuses, in words, a segment larger
// than the largest allowed, than the whole upload was declared to be or than
// any file of its kind may be, and a session that would hold more than its
// allowance; with CodeBusy where that is for what is on its way.
func (g *Segment) Write(p []byte) (int, error) {
	n := int64(len(p))
	if err := g.room(g.w.Size(), n); err != nil {
		return 0, err
	}
	g.start.see(p)
	k, err := g.w.Write(p)
	if lost := n - int64(k); lost > 0 {
		g.tally.give(lost)
		g.taken -= lost
	}
	return k, err
}

// room makes room for n bytes after the segment's first size, or refuses them.
func (g *Segment) room(size, n int64) error {
	if limit := g.s.cfg.MaxSegment; size+n > limit {
		return media.Errorf(media.CodeTooLarge, "The segment has more than %d bytes, the most that one may have; send smaller segments.", limit)
	}
	if total := g.session.TotalBytes; total != media.Undeclared && size+n > total {
		return media.Invalid("media", "The segment alone has more bytes than the total_bytes of %d that initialize declared.", total)
	}
	if size+n > g.file {
		return g.s.cfg.Limits.CheckBytes("media", g.session.Category, g.session.Type, size+n)
	}
	if g.storage != nil {
		if err := g.storage.Room(g.tally.sum()+n, g.s.cfg.Quota); err != nil {
			return err
		}
	}
	if !g.tally.take(n, g.limit) {
		if g.tally.fits(size+n, g.limit) {
			return media.Busy(time.Second, "Segments of the upload %s that are on their way leave no room for this one until they are here; send it again in a moment.", g.session.ID)
		}
		return media.Errorf(media.CodeTooLarge, "The upload %s holds %d bytes in all its segments, sent again ones included; finalize it or begin a new one.", g.session.ID, g.limit)
	}
	g.taken += n
	return nil
}

// Size is how many bytes were written so far.
func (g *Segment) Size() int64 { return g.w.Size() }

// Commit makes the segment durable under its index and gives the session's
// expiry. When it returns nil the bytes are on stable storage and will be in
// the media, unless a later segment of the same index replaces them. After
// the session was closed it succeeds only for a segment that the media holds.
// A segment 0 that shows by its header that no such file will be taken is
// refused, and not kept; another one may come.
func (g *Segment) Commit(ctx context.Context, index int) (time.Time, error) {
	watch, size, began := g.s.cfg.Watch, g.w.Size(), g.s.now()
	expires, err := g.commit(ctx, index)
	if err == nil {
		watch.appended(ctx, size, g.s.now().Sub(began))
	}
	return expires, err
}

func (g *Segment) commit(ctx context.Context, index int) (time.Time, error) {
	if index < 0 || index > media.MaxSegmentIndex {
		e := media.Invalid("segment_index", "SegmentIndex must be between 0 and %d.", media.MaxSegmentIndex)
		e.Value = fmt.Sprint(index)
		return time.Time{}, e
	}
	if g.w.Size() == 0 {
		return time.Time{}, media.Invalid("media", "The segment is empty; it must have at least one byte.")
	}
	if index == 0 && g.session.State == media.SessionOpen {
		if err := g.s.early(g.session, g.start, g.w.Size()); err != nil {
			return time.Time{}, err
		}
	}
	twin, found, err := g.twin(ctx, index)
	if err != nil {
		return time.Time{}, err
	}
	if found {
		g.Abort()
		return g.s.acknowledge(ctx, g.session.ID, index, twin)
	}
	kept, err := g.keep(ctx, index)
	if err != nil {
		return time.Time{}, err
	}
	return g.s.acknowledge(ctx, g.session.ID, index, kept)
}

// keep makes the segment durable under a new name, and ends it.
func (g *Segment) keep(ctx context.Context, index int) (media.Blob, error) {
	tail, err := g.s.tail()
	if err != nil {
		return media.Blob{}, err
	}
	kept, err := g.w.Commit(ctx, segmentKey(g.session.ID, index, g.w.Size(), g.w.CRC(), tail))
	if err != nil {
		return media.Blob{}, fmt.Errorf("keep segment %d of %s: %w", index, g.session.ID, err)
	}
	g.tally.keep(g.taken)
	g.end()
	return kept, nil
}

// twin finds the same bytes where they are the newest that is stored for an
// index: a client whose answers get lost may send a segment as often as it
// needs to, and it is kept once. It looks only once more has come than the
// upload has. What it finds is durable, as listings of a session are.
func (g *Segment) twin(ctx context.Context, index int) (media.Blob, bool, error) {
	total := g.session.TotalBytes
	if g.session.State != media.SessionOpen || total == media.Undeclared || !g.tally.exceeds(total) {
		return media.Blob{}, false, nil
	}
	var newest segment
	for info, err := range g.s.blobs.Names(ctx, segmentPrefix(g.session.ID)) {
		o, strange := parseSegment(info)
		if err == nil && (strange != nil || o.index != index) {
			continue
		}
		if err == nil && newest.blob.Key != "" {
			o, err = newer(ctx, g.s.blobs, newest, o)
		}
		if err != nil {
			return media.Blob{}, false, fmt.Errorf("look for segment %d of %s: %w", index, g.session.ID, err)
		}
		newest = o
	}
	mine := media.Blob{Size: g.w.Size(), CRC: g.w.CRC()}
	return newest.blob, newest.blob.Key != "" && newest.sameBytes(mine), nil
}

// Abort drops the segment unless it was committed.
func (g *Segment) Abort() {
	if g.ended {
		return
	}
	g.tally.give(g.taken)
	g.w.Abort()
	g.end()
}

func (g *Segment) end() {
	g.ended = true
	g.s.held.release(g.tally)
	g.s.starts.Put(g.start)
	g.start = nil
	if g.counted {
		g.s.cfg.Watch.inFlight(-1)
	}
}

// acknowledge decides what a stored segment's sender is told, by the session's
// row as it is now: the blob was put before this look, so a finalize that
// begins later lists it.
func (s *Sessions) acknowledge(ctx context.Context, id media.ID, index int, kept media.Blob) (time.Time, error) {
	session, err := s.latest(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	switch session.State {
	case media.SessionOpen:
		if !s.now().Before(session.ExpiresAt) { // no finalize takes it any more
			return time.Time{}, expired(session)
		}
		return session.ExpiresAt, nil
	case media.SessionClosing:
		return time.Time{}, media.Busy(time.Second, "The upload %s is being finalized; send segment %d again if it is still open afterwards.", id, index)
	case media.SessionExpired:
		return time.Time{}, expired(session)
	}
	m, err := s.catalog.Media(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	if index < len(m.Manifest) && m.Manifest[index].Key == kept.Key {
		return session.ExpiresAt, nil
	}
	// The manifest is final and does not name it. If this fails the sweeper will.
	if err := s.blobs.Delete(ctx, kept.Key); err != nil {
		s.log.WarnContext(ctx, "segment left to the sweeper", "key", kept.Key, "err", err)
	}
	s.held.forget(id)
	if index < len(m.Manifest) && (segment{blob: kept}).sameBytes(m.Manifest[index]) {
		return session.ExpiresAt, nil
	}
	return time.Time{}, media.Invalid("id", "The upload %s is finalized; no other segment can be added to it.", id)
}

// tail makes the last part of a segment's name: microseconds since 1970 above
// 12 random bits. A later one is greater, also where the clock stands still or was
// set back. Between processes that holds as far as their clocks agree, which is
// closer than the whole seconds by which some stores tell what is newer.
func (s *Sessions) tail() (uint64, error) {
	var b [2]byte
	if _, err := io.ReadFull(s.random, b[:]); err != nil {
		return 0, fmt.Errorf("name a segment: %w", err)
	}
	random := uint64(binary.LittleEndian.Uint16(b[:]) & 0xfff)
	tail := uint64(s.now().UnixMicro())<<12 | random
	for {
		last := s.lastTail.Load()
		if tail <= last {
			tail = last + 1 + random
		}
		if s.lastTail.CompareAndSwap(last, tail) {
			return tail, nil
		}
	}
}
