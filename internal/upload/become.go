package upload

import (
	"context"
	"fmt"
	"time"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// firstAttempt is the number under which a media is made before it is recorded.
const firstAttempt = 1

// unstoredMost is how long a file is at most that is made something of before it is
// stored. Until then it takes up room on its way that others may wait for; and the
// longer it is, the less of it all is waiting for the disk.
const unstoredMost = 1 << 20

// becoming is a one-shot upload on its way to a media. The disk is waited for three
// times: for the session's row, if it isn't a blank that is there, while what the media
// shows is made; for the original and for that, at once; and for the media's row. Nothing
// is kept before the session's row is: it holds the id, by which the sweep finds
// what a crash leaves.
type becoming struct {
	o     *OneShot
	m     media.Media
	token string

	begun func() error // writes the session's row, once
	kept  func() error // keeps the original behind it, once
}

// become makes a media of the bytes under a new id. Where that turns out to be
// taken the error is catalog.ErrConflict, and nothing was done.
func (o *OneShot) become(ctx context.Context, session media.Session, category media.Category, typ media.Type, make Make) (media.Media, error) {
	unstored := o.w.Readable() && o.w.Size() <= unstoredMost // while nobody else has the Writer
	b, err := o.begin(ctx, session, category, typ, unstored && make != nil)
	if err != nil {
		return media.Media{}, err
	}
	defer b.kept() // also of a panic: then nobody works on the bytes any more
	if make == nil {
		return b.pending(ctx)
	}
	var file *blob.Taken
	if unstored {
		go b.begun()
		file = &blob.Taken{ReaderAt: o.w, Read: func() { go b.kept() }, Begun: b.begun}
	} else if err := b.kept(); err != nil {
		return media.Media{}, err
	}
	b.m.State, b.m.Attempt = media.InProgress, firstAttempt
	var made media.Media
	err = make(ctx, b.m, file, func(ctx context.Context, o media.Outcome) (err error) {
		made, err = b.publish(ctx, o)
		return err
	})
	if err == nil {
		return made, nil
	}
	b.m.State = media.Pending // and what was made is the sweeper's: the next attempt has another number
	return b.pending(ctx)
}

// begin gives the bytes an id, and begins to put them on stable storage as far as
// that needs no name. soon says that they are to be a media within moments.
func (o *OneShot) begin(ctx context.Context, session media.Session, category media.Category, typ media.Type, soon bool) (*becoming, error) {
	id, token, begun, err := o.row(ctx, session, soon)
	if err != nil {
		return nil, err
	}
	session.ID = id
	tail, err := o.s.tail()
	if err != nil {
		return nil, err
	}
	original := media.Blob{Size: o.w.Size(), CRC: o.w.CRC(), Key: segmentKey(session.ID, 0, o.w.Size(), o.w.CRC(), tail)}
	m, err := o.s.newMedia(session, category, typ, media.Manifest{original})
	if err != nil {
		return nil, err
	}
	flushed := once(o.w.Flush)
	go flushed()
	kept := once(func() error {
		err := begun()
		if unflushed := flushed(); err == nil { // waited for in any case
			err = unflushed
		}
		if err != nil {
			return err
		}
		o.ended = true
		if _, err := o.w.Commit(ctx, original.Key); err != nil {
			return fmt.Errorf("keep one-shot upload %s: %w", session.ID, err)
		}
		return nil
	})
	return &becoming{o: o, m: m, token: token, begun: begun, kept: kept}, nil
}

// row gives the session's id and token and what writes its row, once. Nobody else has
// the id: the session is closing from the beginning. One that is not counted before
// it is a media may be a blank.
func (o *OneShot) row(ctx context.Context, session media.Session, soon bool) (id media.ID, token string, begun func() error, err error) {
	s := o.s
	if soon && !session.Shared {
		used, err := s.catalog.Storage(ctx, session.Owner)
		if err != nil {
			return 0, "", nil, err
		}
		if used.Within(s.cfg.Quota) == 0 {
			return s.blank(ctx)
		}
	}
	if token, err = s.name(12); err != nil {
		return 0, "", nil, err
	}
	if session.ID, err = s.newID(session.CreatedAt); err != nil {
		return 0, "", nil, err
	}
	session.State, session.ClosingToken, session.ClosingSince = media.SessionClosing, token, session.CreatedAt
	return session.ID, token, once(func() error { return s.openAs(ctx, session, s.create(ctx)) }), nil
}

// publish records the media with what it shows. Where the original could not be
// kept, that is removed again.
func (b *becoming) publish(ctx context.Context, o media.Outcome) (media.Media, error) {
	s := b.o.s
	if err := b.kept(); err != nil {
		b.discard(ctx, o.Renditions)
		return media.Media{}, err
	}
	made, done, err := s.catalog.CloseMade(ctx, b.token, b.m, o, s.now())
	if err == nil && !done {
		err = lapsed(b.m.ID)
	}
	return made, err
}

// discard removes files that no row will name. What it leaves is the sweeper's.
func (b *becoming) discard(ctx context.Context, made []media.Rendition) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	gone := map[string]bool{} // a file may have several names
	for _, r := range made {
		if gone[r.Blob.Key] {
			continue
		}
		gone[r.Blob.Key] = true
		if err := b.o.s.blobs.Delete(ctx, r.Blob.Key); err != nil {
			b.o.s.log.WarnContext(ctx, "rendition left to the sweeper", "key", r.Blob.Key, "err", err)
		}
	}
}

// pending records the media as one that is to be made.
func (b *becoming) pending(ctx context.Context) (media.Media, error) {
	if err := b.kept(); err != nil {
		return media.Media{}, err
	}
	s := b.o.s
	done, err := s.catalog.CloseSession(ctx, b.token, b.m, s.now())
	if err == nil && !done {
		err = lapsed(b.m.ID)
	}
	return b.m, err
}

// lapsed is a one-shot upload that took so long that it expired.
func lapsed(id media.ID) error {
	return media.Errorf(media.CodeGone, "The upload %s took too long to become a media; send it again.", id)
}
