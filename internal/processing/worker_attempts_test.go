package processing

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

func TestRunOnceAtATime(t *testing.T) {
	source := openSource(t)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, source)
		m := r.pending(media.TweetVideo, "whole")
		w := r.worker(Config{})
		goOn := make(chan struct{})
		r.engine.do = func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
			<-goOn
			return render(ctx, in, out)
		}
		first, second, third := make(chan error, 1), make(chan error, 1), make(chan error, 1)
		go func() { first <- w.Run(t.Context(), m.ID, 1) }()
		synctest.Wait()
		go func() { second <- w.Run(t.Context(), m.ID, 1) }()
		ctx, leave := context.WithCancel(t.Context())
		go func() { third <- w.Run(ctx, m.ID, 1) }()
		synctest.Wait()
		select {
		case err := <-second:
			t.Fatalf("the second run did not wait: %v", err)
		case err := <-third:
			t.Fatalf("the third run did not wait: %v", err)
		default:
		}
		leave()
		if err := <-third; !errors.Is(err, context.Canceled) {
			t.Errorf("the run that was left: %v", err)
		}
		close(goOn)
		if err := errors.Join(<-first, <-second); err != nil {
			t.Error(err)
		}
		if n := r.engine.calls.Load(); n != 1 {
			t.Errorf("the engine was called %d times", n)
		}
		if got := r.media(m.ID); got.State != media.Succeeded || got.Attempt != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// A worker that wakes late, whatever it then thinks of the file, publishes
// nothing and is content.
func TestRunSuperseded(t *testing.T) {
	for name, verdict := range map[string]error{
		"success":       nil,
		"a failure":     media.NewFailure(media.InvalidMedia, "no"),
		"a broken disk": errDisk,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, openSource(t))
			m := r.pending(media.TweetVideo, "whole")
			asleep, wake := make(chan struct{}), make(chan struct{})
			late := &scripted{do: func(ctx context.Context, _ Input, out Output) (media.Outcome, error) {
				if err := save(ctx, out, "720.mp4", "late"); err != nil {
					t.Error(err)
				}
				close(asleep)
				<-wake
				return media.Outcome{Width: 1, Height: 1}, errors.Join(verdict, save(ctx, out, "late.mp4", "late"))
			}}
			old := r.workerOver(Config{Scratch: filepath.Join(t.TempDir(), "old")}, r.store, late, r.now)
			ended := make(chan error, 1)
			go func() { ended <- old.Run(t.Context(), m.ID, 1) }()
			<-asleep
			if err := r.worker(Config{}).Run(t.Context(), m.ID, 2); err != nil {
				t.Fatal(err)
			}
			before := r.media(m.ID)
			close(wake)
			if err := <-ended; err != nil {
				t.Errorf("the late worker: %v", err)
			}
			if diff := cmp.Diff(before, r.media(m.ID)); diff != "" || before.Published != 2 {
				t.Errorf("the late worker changed %+v:\n%s", before, diff)
			}
			if diff := cmp.Diff(map[string]string{"720.mp4": "whole", "360.mp4": "small"}, r.published(m.ID)); diff != "" {
				t.Errorf("the renditions (-want +got):\n%s", diff)
			}
		})
	}
}

// A worker whose attempt was superseded or whose media was deleted stops at its
// next sign of life, and that is no error: trying again would only take the
// media from whoever has it.
func TestRunStopsWhenSuperseded(t *testing.T) {
	source := openSource(t)
	for name, end := range map[string]func(*rig, media.ID) error{
		"claimed elsewhere": func(r *rig, id media.ID) error {
			_, _, err := r.rows.Claim(r.t.Context(), id, r.now())
			return err
		},
		"deleted": func(r *rig, id media.ID) error {
			_, err := r.rows.DeleteMedia(r.t.Context(), id, r.now())
			return err
		},
	} {
		for try := 1; try <= 2; try++ { // the last try too
			t.Run(fmt.Sprintf("%s, try %d", name, try), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, source)
					m := r.pending(media.TweetVideo, "whole")
					var cause error
					r.engine.do = func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
						if err := end(r, m.ID); err != nil {
							t.Error(err)
						}
						o, err := untilEnd(ctx, in, out)
						cause = context.Cause(ctx)
						return o, err
					}
					cfg := Config{Scratch: filepath.Join(t.TempDir(), "scratch"), MaxTries: 2, Touch: time.Second}
					w := r.worker(cfg)
					if err := w.Run(t.Context(), m.ID, try); err != nil {
						t.Errorf("Run = %v", err)
					}
					if !errors.Is(cause, errSuperseded) {
						t.Errorf("the engine was stopped because of %v", cause)
					}
					if got := r.media(m.ID); got.State != media.InProgress || got.Published != 0 || got.Failure != nil {
						t.Errorf("%+v", got)
					}
					emptyFolder(t, cfg.Scratch)
				})
			})
		}
	}
}

// A store without room is tried again and is not the file's fault.
