package processing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

var errDisk = errors.New("the disk is slow today")

func TestRunPublishes(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "the exact upload")
	cfg := Config{Scratch: filepath.Join(t.TempDir(), "scratch")}
	w := r.worker(cfg)
	var url string
	r.engine.do = func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
		url = in.URL
		want := m
		want.State, want.Attempt = media.InProgress, 1
		if diff := cmp.Diff(want, in.Media); diff != "" {
			t.Errorf("the engine gets another media (-want +got):\n%s", diff)
		}
		if got := get(t, in.URL); got != "the exact upload" {
			t.Errorf("the URL serves %q", got)
		}
		emptyFolder(t, in.Scratch)
		if info, err := os.Stat(in.Scratch); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("the scratch folder: %v, %v", info.Mode(), err)
		}
		if err := os.WriteFile(filepath.Join(in.Scratch, "pass.log"), []byte("x"), 0o600); err != nil {
			t.Error(err)
		}
		return render(ctx, in, out)
	}
	if err := w.Run(t.Context(), m.ID, 1); err != nil {
		t.Fatal(err)
	}

	got := r.media(m.ID)
	want := m
	want.State, want.Attempt, want.Published, want.Progress = media.Succeeded, 1, 1, 100
	want.Width, want.Height, want.Duration = 640, 360, 3*time.Second
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the media (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"720.mp4": "the exact upload", "360.mp4": "small"}, r.published(m.ID)); diff != "" {
		t.Errorf("the renditions (-want +got):\n%s", diff)
	}
	list, err := r.rows.Renditions(t.Context(), []media.ID{m.ID})
	if err != nil {
		t.Fatal(err)
	}
	first := list[m.ID][0]
	if want := fmt.Sprintf("renditions/%s/1/720.mp4", m.ID); first.Blob.Key != want || first.BitRate != 9 || first.Role != media.RoleMP4 {
		t.Errorf("the first rendition is %+v, want the key %s", first, want)
	}
	emptyFolder(t, cfg.Scratch)
	if resp, err := http.Get(url); err != nil || resp.StatusCode != http.StatusNotFound {
		t.Errorf("the original is still served: %v, %v", resp, err)
	} else {
		_ = resp.Body.Close()
	}

	if err := w.Run(t.Context(), m.ID, 1); err != nil || r.engine.calls.Load() != 1 {
		t.Errorf("a second run: %v, %d calls of the engine", err, r.engine.calls.Load())
	}
}

func TestRunWithoutEngine(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.Model, "glTF")
	if err := r.worker(Config{}).Run(t.Context(), m.ID, 1); err != nil {
		t.Fatal(err)
	}
	if got := r.media(m.ID); got.State != media.Succeeded || got.Published != 1 {
		t.Errorf("%+v", got)
	}
}

// What is gone or never was is nobody's job any more.
func TestRunNothingToDo(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "deleted")
	if _, err := r.rows.DeleteMedia(t.Context(), m.ID, r.now()); err != nil {
		t.Fatal(err)
	}
	w := r.worker(Config{})
	for _, id := range []media.ID{m.ID, 12345} {
		if err := w.Run(t.Context(), id, 1); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if n := r.engine.calls.Load(); n != 0 {
		t.Errorf("the engine was called %d times", n)
	}
}

// A file at fault fails once and for good, with the engine's words.
func TestRunFailure(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "broken")
	r.engine.do = func(ctx context.Context, _ Input, out Output) (media.Outcome, error) {
		if err := save(ctx, out, "720.mp4", "half"); err != nil {
			t.Error(err)
		}
		return made(), fmt.Errorf("probe: %w", media.NewFailure(media.InvalidMedia, "The file ends in the middle of a frame."))
	}
	w := r.worker(Config{})
	for range 2 {
		if err := w.Run(t.Context(), m.ID, 1); err != nil {
			t.Fatal(err)
		}
	}
	got := r.media(m.ID)
	want := &media.Failure{Code: 1, Name: media.InvalidMedia, Message: "The file ends in the middle of a frame."}
	if diff := cmp.Diff(want, got.Failure); diff != "" || got.State != media.Failed || got.Attempt != 1 || got.Published != 0 {
		t.Errorf("%+v\n%s", got, diff)
	}
	if n := r.engine.calls.Load(); n != 1 {
		t.Errorf("the engine was called %d times", n)
	}
	if left := r.published(m.ID); len(left) > 0 {
		t.Errorf("a failed media shows %v", left)
	}
}

// A fault of the surroundings, a panic included, gives the media back, and the
// next try may succeed.
func TestRunTriesAgain(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "whole")
	cfg := Config{Scratch: filepath.Join(t.TempDir(), "scratch")}
	w := r.worker(cfg)
	r.engine.do = func(_ context.Context, in Input, out Output) (media.Outcome, error) {
		out.Progress(70)
		if in.Media.Attempt == 2 {
			panic("index out of range")
		}
		return made(), errDisk
	}
	if err := w.Run(t.Context(), m.ID, 1); !errors.Is(err, errDisk) {
		t.Errorf("the first run: %v", err)
	}
	if got := r.media(m.ID); got.State != media.Pending || got.Attempt != 1 || got.Progress != 0 {
		t.Errorf("after the first: %+v", got)
	}
	if err := w.Run(t.Context(), m.ID, 2); err == nil || !strings.Contains(err.Error(), "index out of range") {
		t.Errorf("the second run: %v", err)
	}
	if got := r.media(m.ID); got.State != media.Pending || got.Attempt != 2 {
		t.Errorf("after the second: %+v", got)
	}
	emptyFolder(t, cfg.Scratch)
	r.engine.do = render
	if err := w.Run(t.Context(), m.ID, 3); err != nil {
		t.Errorf("the third run: %v", err)
	}
	if got := r.media(m.ID); got.State != media.Succeeded || got.Published != 3 {
		t.Errorf("after the third: %+v", got)
	}
}

// tried makes so many attempts at a media, each given back.
func (r *rig) tried(id media.ID, attempts int) {
	r.t.Helper()
	for range attempts {
		m, _, err := r.rows.Claim(r.t.Context(), id, r.now())
		if err != nil {
			r.t.Fatal(err)
		}
		if _, err := r.rows.Release(r.t.Context(), id, m.Attempt, "", r.now()); err != nil {
			r.t.Fatal(err)
		}
	}
}

// A media that no try gets through fails as the server's fault: by the tries
// that ended in an error, by the claims, and by the claims alone where each
// took the process down.
func TestRunGivesUp(t *testing.T) {
	ill := func(context.Context, Input, Output) (media.Outcome, error) { return made(), errDisk }
	for name, c := range map[string]struct {
		claims int // lost with their processes
		ended  int // in errors, before
		try    int
		calls  int64
	}{
		"tries":   {ended: 2, try: 3, calls: 1},
		"claims":  {claims: 4, try: 1, calls: 1},
		"crashes": {claims: 5, try: 1, calls: 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, openSource(t))
			r.engine.do = ill
			m := r.pending(media.TweetVideo, "whole")
			for range c.claims {
				if _, _, err := r.rows.Claim(t.Context(), m.ID, r.now()); err != nil {
					t.Fatal(err)
				}
			}
			r.tried(m.ID, c.ended)
			if err := r.worker(Config{MaxTries: 3, MaxAttempts: 5, MaxLost: 100}).Run(t.Context(), m.ID, c.try); err != nil {
				t.Fatal(err)
			}
			got := r.media(m.ID)
			if got.State != media.Failed || got.Failure.Name != media.InternalError || got.Failure.Code != 2 ||
				!strings.Contains(got.Failure.Message, "Upload it again") || strings.Contains(got.Failure.Message, errDisk.Error()) {
				t.Errorf("%+v, %+v", got, got.Failure)
			}
			if n := r.engine.calls.Load(); n != c.calls {
				t.Errorf("the engine was called %d times, want %d", n, c.calls)
			}
		})
	}
}

// A shutdown is nobody's fault: even the last try goes back.
func TestRunShutdown(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "whole")
	ctx, stop := context.WithCancel(t.Context())
	r.engine.do = func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
		stop()
		return untilEnd(ctx, in, out)
	}
	if err := r.worker(Config{MaxTries: 1, MaxAttempts: 1}).Run(ctx, m.ID, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v", err)
	}
	if got := r.media(m.ID); got.State != media.Pending || got.Attempt != 1 {
		t.Errorf("%+v", got)
	}
}

// Nobody believes an engine that calls the file broken because it was stopped.
func TestRunShutdownIsNoFailure(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "whole")
	ctx, stop := context.WithCancel(t.Context())
	r.engine.do = func(context.Context, Input, Output) (media.Outcome, error) {
		stop()
		return media.Outcome{}, media.NewFailure(media.InvalidMedia, "signal: killed")
	}
	if err := r.worker(Config{}).Run(ctx, m.ID, 1); err == nil {
		t.Error("Run succeeded")
	}
	if got := r.media(m.ID); got.State != media.Pending {
		t.Errorf("%+v", got)
	}
}

// Two runs of one media in one process are one call of the engine; the second
// gives up waiting when its client does.
func TestRunStoreFull(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "whole")
	cfg := Config{Scratch: filepath.Join(t.TempDir(), "scratch")}
	w := r.worker(cfg)
	for try, faults := range []blobtest.Faults{
		{Before: blobtest.FailNth(blobtest.OpCreate, 1, blobtest.Full())},
		{Before: blobtest.FailNth(blobtest.OpWrite, 2, blobtest.Full())},
		{Before: blobtest.FailNth(blobtest.OpCommit, 2, blobtest.Full())},
		{After: blobtest.FailNth(blobtest.OpCommit, 1, blobtest.Full())}, // it took effect, and the answer was lost
		{Before: blobtest.FailAll(blobtest.OpOpen, blobtest.Full())},
	} {
		r.store.SetFaults(faults)
		if err := w.Run(t.Context(), m.ID, 1); media.CodeOf(err) != media.CodeFull {
			t.Errorf("fault %d: %v", try, err)
		}
		if got := r.media(m.ID); got.State != media.Pending || got.Attempt != int64(try+1) {
			t.Errorf("fault %d: %+v", try, got)
		}
		emptyFolder(t, cfg.Scratch)
	}
	r.store.SetFaults(blobtest.Faults{})
	if err := w.Run(t.Context(), m.ID, 1); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"720.mp4": "whole", "360.mp4": "small"}, r.published(m.ID)); diff != "" {
		t.Errorf("the renditions (-want +got):\n%s", diff)
	}
}

// A catalogue that is away is an error at every step, and the scratch folder
// goes all the same.
func TestRunCatalogAway(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "whole")
	cfg := Config{Scratch: filepath.Join(t.TempDir(), "scratch")}
	w := r.worker(cfg)
	r.engine.do = func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
		if err := r.rows.Close(); err != nil {
			t.Error(err)
		}
		return render(ctx, in, out)
	}
	err := w.Run(t.Context(), m.ID, 1)
	if err == nil || !strings.Contains(err.Error(), "publish") || !strings.Contains(err.Error(), "release") {
		t.Errorf("Run = %v, want that neither publishing nor releasing was possible", err)
	}
	emptyFolder(t, cfg.Scratch)
	if err := w.Run(t.Context(), m.ID, 1); err == nil || !strings.Contains(err.Error(), "claim") {
		t.Errorf("Run = %v, want that claiming was not possible", err)
	}
	if n := r.engine.calls.Load(); n != 1 {
		t.Errorf("the engine was called %d times", n)
	}
}

// What a crash left in the scratch folder is gone when the next process starts.
func TestNewWorkerEmptiesScratch(t *testing.T) {
	r := newRig(t, openSource(t))
	scratch := filepath.Join(t.TempDir(), "a", "scratch")
	if err := os.MkdirAll(filepath.Join(scratch, "7000001-1", "hls"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(scratch, "7000001-1", "hls", "0.m4s"), []byte("x"), 0o400); err != nil {
		t.Fatal(err)
	}
	m := r.pending(media.TweetVideo, "whole") // 7000001
	w := r.worker(Config{Scratch: scratch})
	emptyFolder(t, scratch)
	if err := w.Run(t.Context(), m.ID, 1); err != nil {
		t.Error(err)
	}

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewWorker(Config{Scratch: filepath.Join(file, "scratch")}, r.rows, nil, nil, r.source, r.now, r.log); err == nil {
		t.Error("a worker without a scratch folder")
	}
}

// get reads a URL to its end.
func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("GET %s: %s, %v", url, resp.Status, err)
	}
	return string(content)
}
