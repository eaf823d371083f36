package upload

import (
	"context"
	"time"

	"magpie/internal/blob"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// maxParts bounds how many parts an upload may have whose bytes come one behind
// the other, and so how long its manifest is.
const maxParts = 10_000

// partSize is how many bytes of a stream are kept at a time. What a stream that
// breaks off has brought is kept too, so it bounds only how much a crash costs.
const partSize = 8 << 20

// Serial is an upload whose bytes come one behind the other, as it is now. What
// counts of it are rows of the catalogue (catalog.AddParts), which name
// segments: where two send from the same place, that alone decides between them,
// in whatever processes they are.
type Serial struct {
	media.Session
	catalog.End
	Said  catalog.Tus
	Media media.Media // what it became; the zero value before it is finalized
}

// Complete reports whether all bytes are here.
func (u Serial) Complete() bool { return u.TotalBytes != media.Undeclared && u.Bytes == u.TotalBytes }

// InitializeSerial is Initialize for an upload whose bytes come one behind the
// other, or for a Fragment of one, of which nothing is told from category and
// type.
func (s *Sessions) InitializeSerial(ctx context.Context, r Request, way media.Way, said catalog.Tus) (media.Session, error) {
	return s.initializeSerial(ctx, r, way, said, nil)
}

func (s *Sessions) initializeSerial(ctx context.Context, r Request, way media.Way, said catalog.Tus, joins []media.ID) (media.Session, error) {
	if way == media.Fragment {
		r.Category, r.Type = "", ""
	}
	if err := r.check(); err != nil {
		return media.Session{}, err
	}
	if r.TotalBytes == 0 {
		return media.Session{}, media.Invalid("Upload-Length", "Upload-Length is 0; a file must have at least one byte.")
	}
	if err := s.cfg.Limits.CheckBytes("Upload-Length", r.Category, r.Type, r.TotalBytes); err != nil {
		return media.Session{}, err
	}
	lifetime := s.cfg.Lifetime
	if r.Brief {
		lifetime = s.cfg.Brief
	}
	session := s.session(r, lifetime)
	session.Way = way
	return s.openBy(ctx, session, func(session media.Session) error {
		return s.catalog.CreateTus(ctx, session, said, joins, s.cfg.Quota, s.now())
	})
}

// Serial reads an upload that user may use and whose bytes come one behind the
// other. Of one that is finalized the end is that of its media. Others are
// CodeNotFound; one that expired or was aborted is CodeGone.
func (s *Sessions) Serial(ctx context.Context, user string, id media.ID) (Serial, error) {
	u, err := s.serial(ctx, user, id)
	if err == nil && u.State == media.SessionExpired {
		err = expired(u.Session)
	}
	if err != nil {
		return Serial{}, err
	}
	if u.State != media.SessionClosed {
		u.End, err = s.catalog.PartsEnd(ctx, id)
		if err != nil || u.Bytes > 0 {
			return u, err
		}
		// A finalize that is done meanwhile takes the parts away.
		if u.Session, err = s.catalog.Session(ctx, id); err != nil || u.State != media.SessionClosed {
			return u, err
		}
	}
	u.Media, err = s.catalog.Media(ctx, id)
	u.Bytes, u.Parts = u.Media.Manifest.Size(), len(u.Media.Manifest)
	return u, err
}

// serial is Serial without the end, whatever the state.
func (s *Sessions) serial(ctx context.Context, user string, id media.ID) (Serial, error) {
	session, err := s.Session(ctx, user, id)
	if err != nil {
		return Serial{}, err
	}
	if session.Way == media.Numbered {
		return Serial{}, unknown(id)
	}
	said, err := s.catalog.Tus(ctx, id)
	return Serial{Session: session, Said: said}, err
}

// Declare says how long an upload will be whose client did not know when it
// began. One that can't be as long is refused, as by Initialize, and so is what
// is less than has come already. Said again, it must be the same.
func (s *Sessions) Declare(ctx context.Context, u Serial, total int64) error {
	if u.TotalBytes != media.Undeclared {
		if u.TotalBytes == total {
			return nil
		}
		return media.Invalid("Upload-Length", "Upload-Length is %d, but was said to be %d before; it can't change.", total, u.TotalBytes)
	}
	r := Request{Owner: u.Owner, Category: u.Category, Type: u.Type, TotalBytes: total}
	if err := r.check(); err != nil {
		return err
	}
	if total == 0 || total < u.Bytes {
		return media.Invalid("Upload-Length", "Upload-Length is %d, but %d bytes have come already, and a file must have at least one.", total, u.Bytes)
	}
	if err := s.cfg.Limits.CheckBytes("Upload-Length", u.Category, u.Type, total); err != nil {
		return err
	}
	declared, err := s.catalog.DeclareTotal(ctx, u.ID, total, s.cfg.Quota)
	if err != nil {
		return err
	}
	s.recent.forget(u.ID)
	if !declared { // by another, meanwhile
		return media.Errorf(media.CodeConflict, "Another request has said the length of %s meanwhile; ask with HEAD how it stands.", u.ID)
	}
	return nil
}

// Stream is bytes of a Serial on their way in, behind those that are here. It is
// used by one goroutine, and ended by Keep or Drop.
type Stream struct {
	s       *Sessions
	session media.Session
	end     catalog.End  // where the next bytes go, once what is held back counts
	counted catalog.End  // what counts
	hold    bool         // nothing counts before Keep
	held    []media.Blob // what is durable and does not count yet
	segment *Segment     // what comes now; nil between two
	hint    int64        // bytes that are still announced
}

// Stream begins to take bytes behind those of an upload that is open. hint is
// how many are announced, 0 if none are. With hold nothing counts of them
// before Keep, which then takes all or nothing; without it every few megabytes
// count as soon as they are durable.
func (s *Sessions) Stream(u Serial, hint int64, hold bool) *Stream {
	return &Stream{s: s, session: u.Session, end: u.End, counted: u.End, hold: hold, hint: hint}
}

// End is how much of the upload counts.
func (t *Stream) End() catalog.End { return t.counted }

// Write takes bytes. It refuses, in words, what is more than the upload was
// declared to have or may have; and with CodeConflict what comes behind bytes
// behind which another has sent others.
func (t *Stream) Write(ctx context.Context, p []byte) error {
	for len(p) > 0 {
		if t.segment == nil {
			if err := t.begin(ctx); err != nil {
				return err
			}
		}
		n := min(int64(len(p)), t.partSize()-t.segment.Size())
		if err := t.room(n); err != nil {
			return err
		}
		k, err := t.segment.Write(p[:n])
		if err != nil {
			return err
		}
		p = p[k:]
		t.hint = max(0, t.hint-int64(k))
		if t.segment.Size() == t.partSize() {
			if err := t.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Stream) partSize() int64 { return min(partSize, t.s.cfg.MaxSegment) }

func (t *Stream) begin(ctx context.Context) error {
	if t.end.Parts >= maxParts {
		return media.Errorf(media.CodeTooLarge, "The upload %s has come in %d pieces, the most that one may have; send larger ones.", t.session.ID, maxParts)
	}
	g, err := t.s.segmentOf(ctx, t.session, func() (*blob.Writer, error) {
		return t.s.blobs.Create(ctx, min(t.hint, t.partSize()))
	})
	if err == nil {
		g.counted = true
		t.s.cfg.Watch.inFlight(1)
	}
	t.segment = g
	return err
}

// room refuses n bytes that the upload can't have.
func (t *Stream) room(n int64) error {
	sum := t.end.Bytes + t.segment.Size() + n
	if total := t.session.TotalBytes; total != media.Undeclared {
		if sum > total {
			return media.Errorf(media.CodeTooLarge, "The upload %s has %d bytes by its Upload-Length, and more were sent.", t.session.ID, total)
		}
		return nil
	}
	return t.s.cfg.Limits.CheckBytes("Upload-Length", t.session.Category, t.session.Type, sum)
}

// flush makes what has come durable, and makes it count unless it is held back.
func (t *Stream) flush(ctx context.Context) error {
	g := t.segment
	if g == nil {
		return nil
	}
	t.segment = nil
	defer g.Abort()
	if g.Size() == 0 {
		return nil
	}
	if t.end.Parts == 0 && t.session.Way == media.Serial {
		if err := t.s.early(t.session, g.start, g.Size()); err != nil {
			return err
		}
	}
	began := t.s.now()
	kept, err := g.keep(ctx, t.end.Parts)
	if err != nil {
		return err
	}
	t.s.cfg.Watch.appended(ctx, kept.Size, t.s.now().Sub(began))
	t.held = append(t.held, kept)
	t.end.Parts++
	t.end.Bytes += kept.Size
	if t.hold {
		return nil
	}
	return t.count(ctx)
}

// count makes what is held back count.
func (t *Stream) count(ctx context.Context) error {
	if len(t.held) == 0 {
		return nil
	}
	session, end, added, err := t.s.catalog.AddParts(ctx, t.session.ID, t.counted, t.held, t.s.now())
	if err != nil { // it may have been written, so nothing is deleted
		t.held = nil
		return err
	}
	t.s.recent.note(session, asOf{}, t.s.now())
	if added {
		t.held, t.counted, t.end = nil, end, end
		return nil
	}
	t.drop(ctx)
	switch {
	case session.State == media.SessionExpired, session.State == media.SessionOpen && !t.s.now().Before(session.ExpiresAt):
		return expired(session)
	case session.State == media.SessionOpen:
		return t.s.Behind(t.session.ID, end.Bytes, t.counted.Bytes)
	}
	return media.Errorf(media.CodeConflict, "The upload %s has all its bytes; ask with HEAD how it stands.", session.ID)
}

// Behind refuses bytes for one place where an upload stands at another.
func (s *Sessions) Behind(id media.ID, stands, sent int64) error {
	return media.Errorf(media.CodeConflict, "The upload %s stands at the offset %d, and these bytes are for %d; ask with HEAD, and go on from there.", id, stands, sent)
}

// Keep makes everything that has come durable, and makes it count. It may be
// called though a Write failed, for what came before.
func (t *Stream) Keep(ctx context.Context) error {
	if err := t.flush(ctx); err != nil {
		t.drop(ctx)
		return err
	}
	return t.count(ctx)
}

// Drop drops everything that does not count.
func (t *Stream) Drop(ctx context.Context) {
	if t.segment != nil {
		t.segment.Abort()
		t.segment = nil
	}
	t.drop(ctx)
}

// drop deletes what was held back. What it leaves is swept later.
func (t *Stream) drop(ctx context.Context) {
	for _, b := range t.held {
		t.s.discard(ctx, t.session.ID, b)
	}
	t.held = nil
}

func (s *Sessions) discard(ctx context.Context, id media.ID, b media.Blob) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.blobs.Delete(ctx, b.Key); err != nil {
		s.log.WarnContext(ctx, "segment left to the sweeper", "key", b.Key, "err", err)
	}
	s.held.forget(id)
}

// parts is manifest of an upload whose bytes come one behind the other.
func (s *Sessions) parts(ctx context.Context, session media.Session) (media.Manifest, error) {
	parts, err := s.catalog.Parts(ctx, session.ID)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 {
		return nil, media.Invalid("id", "The upload is empty: no byte has arrived.")
	}
	if sum := parts.Size(); session.TotalBytes != media.Undeclared && sum != session.TotalBytes {
		return nil, media.Invalid("total_bytes", "The bytes do not add up to the total file size. %s.", totals(sum, session.TotalBytes))
	}
	return parts, nil
}

// forgetParts drops rows that a manifest stands for now. Some that stay do no
// harm.
func (s *Sessions) forgetParts(ctx context.Context, session media.Session) {
	if session.Way == media.Numbered {
		return
	}
	if err := s.catalog.ForgetParts(context.WithoutCancel(ctx), session.ID); err != nil {
		s.log.WarnContext(ctx, "rows of parts left", "upload", session.ID, "err", err)
	}
}

// MaxBytes is the most that an upload may have of which this much is known; both
// may be "".
func (s *Sessions) MaxBytes(c media.Category, t media.Type) int64 { return s.cfg.Limits.Bytes(c, t) }
