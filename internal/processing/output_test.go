package processing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

// Inside a synctest bubble sleeping is how its clock is moved; it waits for
// nothing.

// Progress is recorded when it comes, but no more than once a second, never
// backwards, and is 100 only once the media has succeeded.
func TestOutputProgress(t *testing.T) {
	source := openSource(t)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, source)
		m := r.pending(media.TweetVideo, "whole")
		r.engine.do = func(_ context.Context, _ Input, out Output) (media.Outcome, error) {
			for _, step := range []struct {
				report int
				after  time.Duration
				want   int
			}{
				{0, 0, 0},
				{5, 100 * time.Millisecond, 0},
				{6, 200 * time.Millisecond, 6},
				{10, time.Second, 10},
				{10, time.Second, 10},
				{11, 0, 11},                      // at once
				{20, 0, 11},                      // in the closed season
				{30, 900 * time.Millisecond, 11}, // still
				{25, 100 * time.Millisecond, 30}, // the newest that was not backwards
				{-5, 2 * time.Second, 30},
				{31, 0, 31},
				{100, time.Second, 99},
				{1000, 2 * time.Second, 99},
				{40, 2 * time.Second, 99},
			} {
				out.Progress(step.report)
				time.Sleep(step.after)
				synctest.Wait()
				if got := r.media(m.ID).Progress; got != step.want {
					t.Errorf("%s after %d was reported: %d, want %d", step.after, step.report, got, step.want)
				}
			}
			return made(), nil
		}
		if err := r.worker(Config{Touch: time.Hour}).Run(t.Context(), m.ID, 1); err != nil {
			t.Fatal(err)
		}
		if got := r.media(m.ID); got.Progress != 100 {
			t.Errorf("%+v", got)
		}
	})
}

// However often an engine reports, the catalogue hears of it once a second.
func TestOutputProgressIsThrottled(t *testing.T) {
	source := openSource(t)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, source)
		m := r.pending(media.TweetVideo, "whole")
		var looks atomic.Int64 // at the clock: one with every write
		now := func() time.Time { looks.Add(1); return r.now() }
		r.engine.do = func(_ context.Context, _ Input, out Output) (media.Outcome, error) {
			looks.Store(0)
			for i := range 1000 {
				out.Progress(i / 11)
				time.Sleep(10 * time.Millisecond)
			}
			synctest.Wait()
			if n := looks.Load(); n < 9 || n > 11 {
				t.Errorf("%d writes in ten seconds", n)
			}
			return made(), nil
		}
		if err := r.workerOver(Config{Scratch: t.TempDir(), Touch: time.Hour}, r.store, r.engine, now).Run(t.Context(), m.ID, 1); err != nil {
			t.Fatal(err)
		}
	})
}

// An attempt whose percentage stands still shows that it lives.
func TestOutputTouches(t *testing.T) {
	source := openSource(t)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, source)
		m := r.pending(media.TweetVideo, "whole")
		began := time.Now()
		now := func() time.Time { return r.now().Add(time.Since(began)) }
		r.engine.do = func(_ context.Context, _ Input, out Output) (media.Outcome, error) {
			out.Progress(42)
			for i := 1; i <= 20; i++ {
				time.Sleep(3 * time.Second)
				synctest.Wait()
				got := r.media(m.ID)
				if want := r.now().Add(time.Duration(i) * 3 * time.Second); !got.TouchedAt.Equal(want) || got.Progress != 42 {
					t.Errorf("at %s: touched at %s, %d %%", want, got.TouchedAt, got.Progress)
				}
			}
			return made(), nil
		}
		if err := r.workerOver(Config{Scratch: t.TempDir(), Touch: 3 * time.Second}, r.store, r.engine, now).Run(t.Context(), m.ID, 1); err != nil {
			t.Fatal(err)
		}
	})
}

// A catalogue that can't take progress is no reason to stop working.
func TestOutputProgressLost(t *testing.T) {
	source := openSource(t)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, source)
		m := r.pending(media.TweetVideo, "whole")
		r.engine.do = func(ctx context.Context, _ Input, out Output) (media.Outcome, error) {
			if err := r.rows.Close(); err != nil {
				t.Error(err)
			}
			for i := range 5 {
				out.Progress(i * 10)
				time.Sleep(10 * time.Second)
			}
			if ctx.Err() != nil {
				t.Errorf("the engine was stopped: %v", context.Cause(ctx))
			}
			return made(), nil
		}
		if err := r.worker(Config{}).Run(t.Context(), m.ID, 1); err == nil {
			t.Error("published without a catalogue")
		}
	})
}

// Save and Progress may be used from many goroutines.
func TestOutputConcurrent(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "whole")
	r.engine.do = func(ctx context.Context, _ Input, out Output) (media.Outcome, error) {
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				out.Progress(i)
				if err := save(ctx, out, fmt.Sprintf("%d.mp4", i), strings.Repeat("x", i)); err != nil {
					t.Error(err)
				}
				out.Progress(100 - i)
			})
		}
		wg.Wait()
		return made(), nil
	}
	if err := r.worker(Config{Touch: time.Millisecond}).Run(t.Context(), m.ID, 1); err != nil {
		t.Fatal(err)
	}
	got := r.published(m.ID)
	for i := range 20 {
		if name := fmt.Sprintf("%d.mp4", i); got[name] != strings.Repeat("x", i) {
			t.Errorf("%s holds %q", name, got[name])
		}
	}
}

// A rendition that could not be made durable fails its attempt, even if the
// engine shrugs it off, and the error names it. What could not be read, or has no
// name, is the engine's to decide.
func TestOutputSaveFails(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "whole")
	r.store.SetFaults(blobtest.Faults{Before: blobtest.FailNth(blobtest.OpCommit, 1, blobtest.Full())})
	broken := errors.New("the pipe broke")
	r.engine.do = func(ctx context.Context, _ Input, out Output) (media.Outcome, error) {
		_ = save(ctx, out, "720.mp4", "x")
		_ = save(ctx, out, "480.mp4", "x")
		return made(), nil
	}
	w := r.worker(Config{})
	if err := w.Run(t.Context(), m.ID, 1); media.CodeOf(err) != media.CodeFull || !strings.Contains(err.Error(), ".mp4") {
		t.Errorf("Save into a full store: %v", err)
	}
	if got := r.media(m.ID); got.State != media.Pending || len(r.published(m.ID)) != 0 {
		t.Errorf("after that the media is %s and shows %v", got.State, r.published(m.ID))
	}
	r.engine.do = func(ctx context.Context, _ Input, out Output) (media.Outcome, error) {
		if err := out.Save(ctx, media.Rendition{Name: "480.mp4"}, iotest.ErrReader(broken)); !errors.Is(err, broken) {
			t.Errorf("Save from a broken reader: %v", err)
		}
		if err := save(ctx, out, "../480.mp4", "x"); err == nil {
			t.Error("Save under a name that leaves the attempt's folder")
		}
		return made(), save(ctx, out, "360.mp4", "small")
	}
	if err := w.Run(t.Context(), m.ID, 1); err != nil {
		t.Fatal(err)
	}
	if got := r.published(m.ID); len(got) != 1 || got["360.mp4"] != "small" {
		t.Errorf("published %v", got)
	}
}

// A file with several names is stored once and shown under each, in the order of
// the calls, whatever becomes durable first.
func TestOutputSavesOnce(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetImage, "whole")
	r.engine.do = func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
		if in.Scratch != "" || in.URL != "" {
			t.Errorf("a picture gets the folder %q and the address %q", in.Scratch, in.URL)
		}
		err := out.Save(ctx, media.Rendition{Role: media.RoleImage, Name: "orig.png"}, strings.NewReader("all of it"))
		if err == nil {
			err = out.Save(ctx, media.Rendition{Role: media.RoleImage, Name: "large.jpg", Width: 6}, strings.NewReader("a picture"), "medium.jpg", "thumb.jpg")
		}
		if err == nil {
			err = out.Save(ctx, media.Rendition{Role: media.RoleImage, Name: "small.jpg"}, strings.NewReader("small"))
		}
		return made(), err
	}
	if err := r.worker(Config{}).Run(t.Context(), m.ID, 1); err != nil {
		t.Fatal(err)
	}
	list, err := r.rows.Renditions(t.Context(), []media.ID{m.ID})
	if err != nil {
		t.Fatal(err)
	}
	var names, keys []string
	for _, shown := range list[m.ID] {
		names = append(names, shown.Name)
		keys = append(keys, strings.TrimPrefix(shown.Blob.Key, fmt.Sprintf("renditions/%s/1/", m.ID)))
	}
	if diff := cmp.Diff([]string{"orig.png", "large.jpg", "medium.jpg", "thumb.jpg", "small.jpg"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"orig.png", "large.jpg", "large.jpg", "large.jpg", "small.jpg"}, keys); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	want := map[string]string{"orig.png": "all of it", "large.jpg": "a picture", "medium.jpg": "a picture", "thumb.jpg": "a picture", "small.jpg": "small"}
	if diff := cmp.Diff(want, r.published(m.ID)); diff != "" {
		t.Errorf("what they hold (-want +got):\n%s", diff)
	}
	storage, err := r.rows.Storage(t.Context(), m.Owner)
	if err != nil || storage.Renditions != int64(len("all of it")+len("a picture")+len("small")) {
		t.Errorf("the owner's renditions count as %d bytes, %v", storage.Renditions, err)
	}
	if faults, err := r.rows.CheckStorage(t.Context()); err != nil || len(faults) > 0 {
		t.Errorf("counted anew: %v, %v", faults, err)
	}
}
