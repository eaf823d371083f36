package processing

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"magpie/internal/media"
)

// A file that takes the process down with it is given up after so many crashes,
// and one that is stopped in order never is.
func TestRunLost(t *testing.T) {
	r := newRig(t, openSource(t))
	poison, calm := r.pending(media.TweetVideo, "poison"), r.pending(media.TweetVideo, "calm")
	for range 4 { // each the claim of a process that died
		if _, _, err := r.rows.Claim(t.Context(), poison.ID, r.now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.worker(Config{MaxLost: 5}).Run(t.Context(), poison.ID, 1); err != nil {
		t.Fatal(err)
	}
	if n := r.engine.calls.Load(); n != 1 || r.media(poison.ID).State != media.Succeeded {
		t.Fatalf("after four crashes and this: %d calls, %+v", n, r.media(poison.ID))
	}

	poison = r.pending(media.TweetVideo, "poison")
	for range 6 {
		m, _, err := r.rows.Claim(t.Context(), poison.ID, r.now())
		if err != nil {
			t.Fatal(err)
		}
		calm, _, err := r.rows.Claim(t.Context(), calm.ID, r.now())
		if err != nil || calm.Lost != 0 {
			t.Fatalf("stopped in order, %d attempts are lost: %v", calm.Lost, err)
		}
		if _, err := r.rows.Release(t.Context(), calm.ID, calm.Attempt, "", r.now()); err != nil {
			t.Fatal(err)
		}
		if m.Lost == 4 {
			break
		}
	}
	if err := r.worker(Config{MaxLost: 5}).Run(t.Context(), poison.ID, 1); err != nil {
		t.Fatal(err)
	}
	got := r.media(poison.ID)
	if n := r.engine.calls.Load(); n != 1 || got.State != media.Failed || got.Failure.Name != media.InternalError {
		t.Errorf("after five crashes: %d calls, %+v", n, got)
	}
	if err := r.worker(Config{MaxLost: 5}).Run(t.Context(), calm.ID, 1); err != nil || r.media(calm.ID).State != media.Succeeded {
		t.Errorf("the one that was always stopped in order: %v, %+v", err, r.media(calm.ID))
	}
}

// The first suspicion is tried again, the second in a row is the file's fault.
func TestRunSuspected(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "whole")
	w := r.worker(Config{})
	words := media.NewFailure(media.UnsupportedMedia, "The video takes too long to convert.")
	strong, weak := &Suspicion{Failure: words, Strong: true, Cause: errDisk}, &Suspicion{Failure: words, Cause: errDisk}
	answers := []error{strong, errDisk, strong, weak, strong, strong, weak}
	r.engine.do = func(context.Context, Input, Output) (media.Outcome, error) {
		return made(), answers[r.engine.calls.Load()-1]
	}
	for try := range 5 {
		if err := w.Run(t.Context(), m.ID, 1); !errors.Is(err, errDisk) {
			t.Fatalf("attempt %d: %v", try, err)
		}
		if got := r.media(m.ID); got.State != media.Pending {
			t.Fatalf("attempt %d: %+v", try, got)
		}
	}
	if err := w.Run(t.Context(), m.ID, 1); err != nil {
		t.Fatal(err)
	}
	if got := r.media(m.ID); got.State != media.Failed || *got.Failure != *words {
		t.Errorf("%+v, %+v", got, got.Failure)
	}

	last := r.pending(media.TweetVideo, "last")
	r.tried(last.ID, 7)
	if err := w.Run(t.Context(), last.ID, 8); err != nil {
		t.Fatal(err)
	}
	if got := r.media(last.ID); got.State != media.Failed || *got.Failure != *words {
		t.Errorf("given up under a weak suspicion: %+v, %+v", got, got.Failure)
	}
}

// What takes long is given back with its length, and only where others wait.
func TestRunQuick(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "film")
	cfg := Config{Scratch: filepath.Join(t.TempDir(), "scratch")}
	w := r.worker(cfg)
	r.engine.do = func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
		if in.Quick {
			return media.Outcome{Duration: time.Hour}, ErrLong
		}
		return render(ctx, in, out)
	}
	if err := w.RunQuick(t.Context(), m.ID, 1); !errors.Is(err, ErrLong) {
		t.Fatalf("RunQuick = %v", err)
	}
	if got := r.media(m.ID); got.State != media.Pending || got.Duration != time.Hour || got.Attempt != 1 {
		t.Errorf("%+v", got)
	}
	emptyFolder(t, cfg.Scratch)
	if err := w.Run(t.Context(), m.ID, 1); err != nil {
		t.Fatal(err)
	}
	if got := r.media(m.ID); got.State != media.Succeeded || got.Duration != made().Duration || got.Lost != 0 {
		t.Errorf("%+v", got)
	}
}
