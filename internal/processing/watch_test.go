package processing

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"magpie/internal/media"
)

// TestWatch: an engine's runs are told with how they ended, and the wait of a
// media once, with its first outcome.
func TestWatch(t *testing.T) {
	r := newRig(t, openSource(t))
	fail := errors.New("out of luck")
	r.engine.do = func(ctx context.Context, in Input, out Output) (media.Outcome, error) {
		if fail != nil {
			return media.Outcome{}, fail
		}
		return render(ctx, in, out)
	}
	type run struct {
		kind   media.Kind
		result Result
	}
	var runs []run
	var waits []time.Duration
	w := r.worker(Config{Watch: Watch{
		Ran:    func(kind media.Kind, _ int, result Result, _ time.Duration) { runs = append(runs, run{kind, result}) },
		Waited: func(_ media.Kind, waited time.Duration) { waits = append(waits, waited) },
	}})
	m := r.pending(media.TweetVideo, "a film")
	if err := w.Run(t.Context(), m.ID, 1); !errors.Is(err, fail) {
		t.Fatal(err)
	}
	fail = nil
	if err := w.Run(t.Context(), m.ID, 2); err != nil {
		t.Fatal(err)
	}
	bad := r.pending(media.TweetImage, "no picture")
	fail = media.NewFailure(media.InternalError, "no")
	if err := w.Run(t.Context(), bad.ID, 1); err != nil {
		t.Fatal(err)
	}
	want := []run{{media.KindVideo, ResultFaulted}, {media.KindVideo, ResultGood}, {media.KindImage, ResultRefused}}
	if !slices.Equal(runs, want) || len(waits) != 2 || waits[0] < 0 {
		t.Errorf("runs %v, waits %v", runs, waits)
	}
}

func TestResultOf(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want Result
	}{
		{ended, nil, ResultGood},
		{ended, errors.New("any"), ResultCut},
		{t.Context(), errSuperseded, ResultCut},
		{ended, ErrLong, ResultLong},
		{t.Context(), &Suspicion{Failure: media.NewFailure(media.InternalError, "no"), Cause: errors.New("any")}, ResultSuspect},
		{t.Context(), media.Busy(time.Second, "away"), ResultDeferred},
		{t.Context(), errors.New("any"), ResultFaulted},
	} {
		if got := resultOf(c.ctx, c.err); got != c.want {
			t.Errorf("%v: %s, want %s", c.err, got, c.want)
		}
	}
	if got := rungOf([]media.Rendition{
		{Role: media.RoleMP4, Width: 320, Height: 180}, {Role: media.RoleMP4, Width: 720, Height: 1280}, {Role: media.RolePoster, Width: 4000, Height: 3000},
	}); got != 720 {
		t.Errorf("rung %d", got)
	}
}
