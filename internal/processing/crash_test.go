package processing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// tripwire stops a worker at the nth of its steps: a look at the clock, an
// operation of its store, before and after it took effect, or a step of the
// engine.
type tripwire struct {
	at      int
	stopped chan struct{}
	goOn    chan struct{}

	mu    sync.Mutex
	steps int
}

func (w *tripwire) step() {
	w.mu.Lock()
	w.steps++
	here := w.steps == w.at
	w.mu.Unlock()
	if here {
		close(w.stopped)
		<-w.goOn
	}
}

// tripping makes every operation of a driver a step.
type tripping struct {
	blob.Driver
	wire *tripwire
}

func (d tripping) Create(ctx context.Context, hint, head int64) (blob.Upload, error) {
	d.wire.step()
	u, err := d.Driver.Create(ctx, hint, head)
	return trippingUpload{u, d.wire}, err
}

func (d tripping) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	d.wire.step()
	return d.Driver.Open(ctx, key, off, n)
}

type trippingUpload struct {
	blob.Upload
	wire *tripwire
}

func (u trippingUpload) Write(p []byte) (int, error) {
	u.wire.step()
	return u.Upload.Write(p)
}

func (u trippingUpload) WriteHead(p []byte) error {
	u.wire.step()
	return u.Upload.WriteHead(p)
}

func (u trippingUpload) Commit(ctx context.Context, key string) error {
	u.wire.step()
	err := u.Upload.Commit(ctx, key)
	u.wire.step()
	return err
}

// A worker that dies or is paused between any two of its steps holds nothing
// up: another finishes the media, whose renditions are whole, and what the first
// does when it wakes changes nothing.
func TestCrashAnywhere(t *testing.T) {
	r := newRig(t, openSource(t))
	for _, crash := range []bool{false, true} {
		at := 1
		for stopAt(t, r, at, crash) {
			at++
		}
		if at < 15 {
			t.Errorf("the worker took only %d steps", at)
		}
	}
}

// stopAt reports false where a worker gets to its end before that many steps.
func stopAt(t *testing.T, r *rig, at int, crash bool) bool {
	m := r.pending(media.TweetVideo, "the exact upload")
	wire := &tripwire{at: at, stopped: make(chan struct{}), goOn: make(chan struct{})}
	engine := &scripted{do: func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
		wire.step()
		original, err := io.ReadAll(io.NewSectionReader(in.Original, 0, in.Size))
		if err != nil {
			return media.Outcome{}, err
		}
		err = errors.Join(save(ctx, out, "720.mp4", string(original)), save(ctx, out, "360.mp4", "small"))
		wire.step()
		return made(), err
	}}
	now := func() time.Time { wire.step(); return r.now() }
	first := r.workerOver(Config{Scratch: filepath.Join(t.TempDir(), "first"), Touch: time.Hour}, tripping{r.store, wire}, engine, now)
	ended := make(chan error, 1)
	go func() { ended <- first.Run(t.Context(), m.ID, 1) }()
	reached := true
	select {
	case <-wire.stopped:
	case err := <-ended:
		if reached = false; err != nil {
			t.Errorf("an undisturbed run: %v", err)
		}
	}
	if crash {
		r.store.Crash()
	}
	if err := r.worker(Config{}).Run(t.Context(), m.ID, 2); err != nil {
		t.Errorf("stopped at %d: the second worker: %v", at, err)
	}
	before := r.media(m.ID)
	want := map[string]string{"720.mp4": "the exact upload", "360.mp4": "small"}
	where := fmt.Sprintf("stopped at step %d, crash %t", at, crash)
	if diff := cmp.Diff(want, r.published(m.ID)); diff != "" || before.State != media.Succeeded || before.Published != before.Attempt {
		t.Errorf("%s: %+v\n%s", where, before, diff)
	}
	if reached {
		close(wire.goOn)
		<-ended // with or without an error: its store may have lost a life
	}
	if diff := cmp.Diff(before, r.media(m.ID)); diff != "" {
		t.Errorf("%s: it woke and changed the media:\n%s", where, diff)
	}
	if diff := cmp.Diff(want, r.published(m.ID)); diff != "" {
		t.Errorf("%s: it woke and changed the renditions:\n%s", where, diff)
	}
	return reached
}
