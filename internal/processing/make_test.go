package processing

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

// unstored is a file that was taken in, of which a test says when it is on record.
type unstored struct {
	*strings.Reader
	read  chan struct{}
	begun chan error
}

func newUnstored(content string) unstored {
	return unstored{strings.NewReader(content), make(chan struct{}), make(chan error, 1)}
}

func (f unstored) taken() *blob.Taken {
	return &blob.Taken{ReaderAt: f.Reader, Read: func() { close(f.read) }, Begun: func() error {
		err := <-f.begun
		f.begun <- err
		return err
	}}
}

// unrecorded is a media that nobody knows of.
func unrecorded(content string) media.Media {
	return media.Media{
		ID: 77, Owner: "1", Category: media.TweetImage, Type: media.PNG, State: media.InProgress, Attempt: 1,
		Manifest: media.Manifest{{Key: "segments/77/0", Size: int64(len(content))}},
	}
}

// What was taken in is read before anything is on record, and nothing is kept
// until it is.
func TestMakeOfWhatWasTaken(t *testing.T) {
	r := newRig(t, openSource(t))
	f := newUnstored("whole")
	var recorded atomic.Bool
	r.store.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error {
		if c.Op == blobtest.OpCommit && !recorded.Load() {
			t.Errorf("%s is kept of an upload that is not on record", c.Key)
		}
		return nil
	}})
	go func() {
		<-f.read
		recorded.Store(true)
		f.begun <- nil
	}()
	var got media.Outcome
	err := r.worker(Config{}).Make(t.Context(), unrecorded("whole"), f.taken(), func(_ context.Context, o media.Outcome) error {
		got = o
		return nil
	})
	if err != nil || len(got.Renditions) != 2 || got.Renditions[0].Blob.Size != int64(len("whole")) {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, x := range got.Renditions {
		if info, err := r.store.Stat(t.Context(), x.Blob.Key); err != nil || info.Size != x.Blob.Size {
			t.Errorf("%s is %+v, %v", x.Name, info, err)
		}
	}
}

// Of an upload that was refused nothing is kept or published, and it is nobody's
// fault.
func TestMakeOfWhatIsRefused(t *testing.T) {
	r := newRig(t, openSource(t))
	f := newUnstored("whole")
	refusal := media.Errorf(media.CodeQuota, "too much")
	f.begun <- refusal
	w := r.worker(Config{Watch: Watch{Ran: func(_ media.Kind, _ int, result Result, _ time.Duration) {
		t.Errorf("it counts as %s", result)
	}}})
	err := w.Make(t.Context(), unrecorded("whole"), f.taken(), func(context.Context, media.Outcome) error {
		t.Error("it is published")
		return nil
	})
	if !errors.Is(err, refusal) {
		t.Errorf("%v", err)
	}
	for info, err := range r.store.List(t.Context(), "") {
		t.Errorf("%s is kept, %v", info.Key, err)
	}
}

// Small files that are made of what was taken in are kept with the last of them,
// and long ones as soon as they may be.
func TestMakeKeepsTogether(t *testing.T) {
	r := newRig(t, openSource(t))
	long := make(chan struct{})
	r.engine.do = func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
		err := errors.Join(
			save(ctx, out, "small", strings.Repeat("x", smallest)),
			save(ctx, out, "long", strings.Repeat("x", smallest+1)),
		)
		<-long // is kept
		for info := range r.store.List(ctx, "renditions/77/1/") {
			if !strings.HasSuffix(info.Key, "/long") {
				t.Errorf("%s is kept before all are made", info.Key)
			}
		}
		return made(), errors.Join(err, save(ctx, out, "last", "x"))
	}
	r.store.SetFaults(blobtest.Faults{After: func(c blobtest.Call) error {
		if c.Op == blobtest.OpCommit && strings.HasSuffix(c.Key, "/long") {
			close(long)
		}
		return nil
	}})
	f := newUnstored("whole")
	f.begun <- nil
	var got media.Outcome
	err := r.worker(Config{}).Make(t.Context(), unrecorded("whole"), f.taken(), func(_ context.Context, o media.Outcome) error {
		got = o
		return nil
	})
	if err != nil || len(got.Renditions) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, name := range []string{"small", "long", "last"} {
		if x := got.Renditions[i]; x.Name != name || x.Blob.Key != "renditions/77/1/"+name {
			t.Errorf("rendition %d is %+v", i, x)
		}
	}
}

// What is made of an upload that takes up room itself does not wait for room that
// only such uploads could give back.
func TestMakeIsNotPatient(t *testing.T) {
	r := newRig(t, openSource(t))
	store := &keyed{Memory: r.store}
	r.engine.do = func(ctx context.Context, _ Input, out Output) (media.Outcome, error) {
		return made(), out.Save(ctx, media.Rendition{Role: media.RoleImage, Name: "unknown"}, io.LimitReader(strings.NewReader("who knows"), 100))
	}
	w := r.worker(Config{})
	w.blobs = blob.New(store)
	f := newUnstored("whole")
	f.begun <- nil
	published := false
	if err := w.Make(t.Context(), unrecorded("whole"), f.taken(), func(context.Context, media.Outcome) error { published = true; return nil }); err != nil || !published {
		t.Errorf("published: %t, %v", published, err)
	}
	if len(store.keys) > 0 {
		t.Errorf("keyed were %q", store.keys)
	}
}
