package upload

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// making gives a Make for all categories that stores one rendition and calls end.
func (r *rig) making(end func(context.Context, media.Media, func(context.Context, media.Outcome) error, media.Outcome) error) func(media.Category) Make {
	return func(media.Category) Make {
		return func(ctx context.Context, m media.Media, file *blob.Taken, publish func(context.Context, media.Outcome) error) error {
			file.Read()
			if err := file.Begun(); err != nil {
				return err
			}
			b, err := r.sessions.blobs.Put(ctx, "renditions/"+m.ID.String()+"/1/text.vtt", strings.NewReader("made"))
			if err != nil {
				return err
			}
			return end(ctx, m, publish, media.Outcome{Width: 3, Renditions: []media.Rendition{{Role: media.RoleText, Name: "text.vtt", Blob: b}}})
		}
	}
}

func (r *rig) finish(maker func(media.Category) Make) (media.Media, error) {
	o, err := r.sessions.OneShot(context.Background(), 0)
	if err != nil {
		return media.Media{}, err
	}
	defer o.Abort()
	if _, err := io.WriteString(o, subtitles); err != nil {
		return media.Media{}, err
	}
	return o.Finish(context.Background(), Request{Owner: owner}, maker)
}

// What is made before the media is recorded becomes known with it.
func TestOneShotMade(t *testing.T) {
	r := newRig(t, Config{})
	m, err := r.finish(r.making(func(ctx context.Context, m media.Media, publish func(context.Context, media.Outcome) error, o media.Outcome) error {
		if _, err := r.rows.Media(ctx, m.ID); media.CodeOf(err) != media.CodeNotFound {
			t.Errorf("the media is known already: %v", err)
		}
		if m.State != media.InProgress || m.Attempt != 1 || r.state(m.ID) != media.SessionClosing {
			t.Errorf("made of %+v, whose session is %s", m, r.state(m.ID))
		}
		return publish(ctx, o)
	}))
	if err != nil {
		t.Fatal(err)
	}
	if m.State != media.Succeeded || m.Published != 1 || m.Width != 3 || r.state(m.ID) != media.SessionClosed {
		t.Errorf("%+v, whose session is %s", m, r.state(m.ID))
	}
	storage, err := r.rows.Storage(t.Context(), owner)
	if err != nil || storage.Originals != int64(len(subtitles)) || storage.Renditions != 4 || storage.Uploads != 0 || storage.Media != 1 {
		t.Errorf("the storage is %+v, %v", storage, err)
	}
	events, err := r.rows.Events(t.Context(), 0, 9)
	if err != nil || len(events) != 1 || events[0].Media != m.ID || events[0].Kind != catalog.MediaSucceeded {
		t.Errorf("the events are %+v, %v", events, err)
	}
	r.pass(48 * time.Hour)
	r.sweep()
	if len(r.keys()) != 2 {
		t.Errorf("two days later the store has %v", r.keys())
	}
}

// A file at fault has failed, with the words of the fault.
func TestOneShotMadeOfADamagedFile(t *testing.T) {
	r := newRig(t, Config{})
	m, err := r.finish(r.making(func(ctx context.Context, _ media.Media, publish func(context.Context, media.Outcome) error, _ media.Outcome) error {
		return publish(ctx, media.Outcome{Failure: media.NewFailure(media.InvalidMedia, "It is damaged.")})
	}))
	if err != nil || m.State != media.Failed || m.Failure == nil || m.Failure.Message != "It is damaged." {
		t.Errorf("%+v, %v", m, err)
	}
}

// What can't be made now is a media all the same, to be made later under another
// attempt's number; and what was made of it goes once that is over.
func TestOneShotNotMade(t *testing.T) {
	r := newRig(t, Config{})
	m, err := r.finish(r.making(func(context.Context, media.Media, func(context.Context, media.Outcome) error, media.Outcome) error {
		return errors.New("the disk is slow today")
	}))
	if err != nil || m.State != media.Pending {
		t.Fatalf("%+v, %v", m, err)
	}
	claimed, took, err := r.rows.Claim(t.Context(), m.ID, r.sessions.now())
	if err != nil || !took || claimed.Attempt != 2 {
		t.Errorf("attempt %d, %t, %v", claimed.Attempt, took, err)
	}
	r.pass(2 * time.Hour)
	r.sweep()
	if keys := r.keys(); len(keys) != 1 || !strings.HasPrefix(keys[0], "segments/") {
		t.Errorf("later the store has %v", keys)
	}
}

// A crash while a media is made leaves a session that ends soon, and then nothing.
func TestOneShotCrashesWhileMade(t *testing.T) {
	r := newRig(t, Config{})
	var id media.ID
	func() {
		defer func() { _ = recover() }()
		_, _ = r.finish(r.making(func(_ context.Context, m media.Media, _ func(context.Context, media.Outcome) error, _ media.Outcome) error {
			id = m.ID
			panic("killed")
		}))
	}()
	if r.state(id) != media.SessionClosing || len(r.keys()) != 2 {
		t.Fatalf("the session is %s, the store has %v", r.state(id), r.keys())
	}
	r.sweep()
	if len(r.keys()) != 2 {
		t.Errorf("at once the store has %v", r.keys())
	}
	r.pass(oneShotLifetime + time.Minute)
	r.sweep()
	if r.state(id) != media.SessionExpired {
		t.Errorf("its session is %s", r.state(id))
	}
	r.pass(2 * time.Hour)
	r.sweep()
	if len(r.keys()) != 0 {
		t.Errorf("two hours later the store has %v", r.keys())
	}
	if storage, err := r.rows.Storage(t.Context(), owner); err != nil || storage.Uploads != 0 {
		t.Errorf("the storage is %+v, %v", storage, err)
	}
}
