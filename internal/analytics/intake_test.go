package analytics

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

// What can't be true does not count.
func TestJudge(t *testing.T) {
	token := Token{Media: 7, Session: "s", Minted: noon}
	now := noon.Add(90 * time.Second)
	type e = Event
	type out = recordEvent
	ms := func(after time.Duration) int64 { return noon.Add(after).UnixMilli() }
	for name, c := range map[string]struct {
		event e
		now   time.Time
		want  []out
	}{
		"as it was":                  {e{media.PlaybackStart, noon.Add(time.Second), 0}, now, []out{{media.PlaybackStart, ms(time.Second), 0}}},
		"no time is now":             {e{media.PlayFromTap, time.Time{}, 0}, now, []out{{media.PlayFromTap, ms(90 * time.Second), 0}}},
		"a clock that is ahead":      {e{media.Playback25, now.Add(time.Hour), 0}, now, []out{{media.Playback25, ms(90 * time.Second), 0}}},
		"a clock that is behind":     {e{media.Playback25, noon.Add(-time.Hour), 0}, now, []out{{media.Playback25, ms(0), 0}}},
		"watched":                    {e{media.WatchTime, now, time.Minute}, now, []out{{media.WatchTime, ms(90 * time.Second), 60000}}},
		"watched longer than it was": {e{media.WatchTime, now, time.Hour}, now, []out{{media.WatchTime, ms(90 * time.Second), 90000}}},
		"watched nothing":            {e{media.WatchTime, now, 0}, now, nil},
		"watched less than nothing":  {e{media.WatchTime, now, -time.Second}, now, nil},
		"watched before it began":    {e{media.WatchTime, now, time.Second}, noon.Add(-time.Second), nil},
		"a view at once":             {e{media.VideoView, noon, 0}, noon.Add(viewAfter - 1), nil},
		"a view after two seconds":   {e{media.VideoView, noon, 0}, noon.Add(viewAfter), []out{{media.VideoView, ms(0), 0}}},
	} {
		got := judge(token, []Event{c.event}, c.now)
		if d := cmp.Diff(c.want, got.Events); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if got.Media != 7 || got.Session != "s" || got.Expires != noon.Add(24*time.Hour).UnixMilli() || got.Received != c.now.UnixMilli() {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestIntakeRefuses(t *testing.T) {
	r := newRig(t)
	token := r.mint(7)
	take := func(token string, n int) media.Code {
		return media.CodeOf(r.intake.Take(t.Context(), token, make([]Event, n)))
	}
	if code := take("forged", 1); code != media.CodeForbidden {
		t.Error(code)
	}
	if code := take(token, MaxEvents+1); code != media.CodeInvalid {
		t.Error(code)
	}
	for i := range perMinute {
		if code := take(token, MaxEvents); code != "" {
			t.Fatalf("message %d: %s", i+1, code)
		}
	}
	if code := take(token, 1); code != media.CodeRateLimited {
		t.Error(code)
	}
	if code := take(r.mint(7), 1); code != "" {
		t.Error("another token:", code)
	}
	r.clock = r.clock.Add(time.Minute)
	if code := take(token, 1); code != "" {
		t.Error("a minute later:", code)
	}
	r.clock = noon.Add(Lifetime)
	if code := take(token, 1); code != media.CodeForbidden {
		t.Error("expired:", code)
	}
	l, err := r.bus.Log(t.Context())
	if err != nil || l.Last != perMinute+2 {
		t.Errorf("%+v, %v: want what was taken, and nothing else", l, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.clock = noon
	if err := r.intake.Take(ctx, r.mint(7), make([]Event, 1)); err == nil {
		t.Error("taken for somebody who has left")
	}
}

// A bus that takes nothing is no success.
func TestIntakeWithoutABus(t *testing.T) {
	r := newRig(t)
	token := r.mint(7)
	r.take(token, make([]Event, MaxEvents)...)
	r.bus.Close()
	if err := r.intake.Take(t.Context(), token, make([]Event, 1)); media.CodeOf(err) != media.CodeBusy {
		t.Errorf("a bus that is closed: %v", err)
	}
}
