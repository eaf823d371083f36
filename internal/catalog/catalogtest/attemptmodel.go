package catalogtest

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// testAttemptModel runs random calls of several workers on one media beside a
// model of it.
func testAttemptModel(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	c := open(t)
	var next media.ID
	rapid.Check(t, func(t *rapid.T) {
		next++
		m := &attemptModel{c: c, want: finalized(next)}
		m.want.ExpiresAt = at(1000)
		finalize(t, c, m.want)
		steps(t, map[string]func(*rapid.T){
			"claim":    m.claim,
			"progress": m.progress,
			"release":  m.release,
			"postpone": m.postpone,
			"publish":  m.publish,
			"fail":     m.fail,
			"delete":   m.delete,
			"expire":   m.expire,
			"":         m.check,
		})
	})
}

type attemptModel struct {
	c     *catalog.Catalog
	want  media.Media
	shown []media.Rendition
}

// attempt is the one that is running, or one near it.
func (m *attemptModel) attempt(t *rapid.T) int64 {
	return max(0, m.want.Attempt+rapid.SampledFrom([]int64{0, 0, 0, -1, 1}).Draw(t, "off by"))
}

func (m *attemptModel) live() bool { return m.want.GoneAt.IsZero() }

func (m *attemptModel) running(attempt int64) bool {
	return m.live() && m.want.State == media.InProgress && m.want.Attempt == attempt
}

func (m *attemptModel) claim(t *rapid.T) {
	now := now(t, "now")
	got, ok, err := m.c.Claim(t.Context(), m.want.ID, at(now))
	may := m.live() && !m.want.State.Done()
	want(t, "Claim", ok, err, may)
	if may {
		if m.want.State == media.InProgress {
			m.want.Lost++
		}
		m.want.State, m.want.Progress, m.want.TouchedAt = media.InProgress, 0, at(now)
		m.want.Attempt++
	}
	wantEqual(t, got, m.want)
}

func (m *attemptModel) progress(t *rapid.T) {
	attempt, now, percent := m.attempt(t), now(t, "now"), rapid.IntRange(-10, 110).Draw(t, "percent")
	ok, err := m.c.SetProgress(t.Context(), m.want.ID, attempt, percent, at(now))
	want(t, "SetProgress", ok, err, m.running(attempt))
	if ok {
		m.want.Progress, m.want.TouchedAt = max(m.want.Progress, min(percent, 100)), at(now)
	}
}

func (m *attemptModel) release(t *rapid.T) {
	attempt, now := m.attempt(t), now(t, "now")
	ok, err := m.c.Release(t.Context(), m.want.ID, attempt, "", at(now))
	want(t, "Release", ok, err, m.running(attempt))
	if ok {
		m.want.State, m.want.Progress, m.want.TouchedAt = media.Pending, 0, at(now)
	}
}

func (m *attemptModel) postpone(t *rapid.T) {
	attempt, now := m.attempt(t), now(t, "now")
	ok, err := m.c.Postpone(t.Context(), m.want.ID, attempt, time.Hour, at(now))
	want(t, "Postpone", ok, err, m.running(attempt))
	if ok {
		m.want.State, m.want.Progress, m.want.TouchedAt, m.want.Duration = media.Pending, 0, at(now), time.Hour
	}
}

func (m *attemptModel) publish(t *rapid.T) {
	attempt, now := m.attempt(t), now(t, "now")
	o := media.Outcome{Width: 4, Height: 3, Renditions: []media.Rendition{rendition(m.want.ID, int(attempt), "a.mp4")}}
	ok, err := m.c.Publish(t.Context(), m.want.ID, attempt, o, at(now))
	want(t, "Publish", ok, err, m.running(attempt))
	if ok {
		m.want.State, m.want.Published, m.want.Progress, m.want.TouchedAt = media.Succeeded, attempt, 100, at(now)
		m.want.Width, m.want.Height, m.want.Duration = 4, 3, 0
		m.shown = o.Renditions
	}
}

func (m *attemptModel) fail(t *rapid.T) {
	attempt, now := m.attempt(t), now(t, "now")
	o := media.Outcome{Failure: media.NewFailure(media.InvalidMedia, "broken")}
	ok, err := m.c.Publish(t.Context(), m.want.ID, attempt, o, at(now))
	want(t, "Publish of a failure", ok, err, m.running(attempt))
	if ok {
		m.want.State, m.want.Failure, m.want.TouchedAt, m.want.Duration = media.Failed, o.Failure, at(now), 0
	}
}

func (m *attemptModel) delete(t *rapid.T) {
	now := now(t, "now")
	ok, err := m.c.DeleteMedia(t.Context(), m.want.ID, at(now))
	want(t, "DeleteMedia", ok, err, m.live())
	if ok {
		m.want.GoneAt = at(now)
	}
}

func (m *attemptModel) expire(t *rapid.T) {
	now := now(t, "now")
	ids, err := m.c.ExpireMedia(t.Context(), at(now), 1_000_000)
	may := m.live() && !m.want.ExpiresAt.After(at(now))
	want(t, "ExpireMedia", slices.Contains(ids, m.want.ID), err, may)
	if may {
		m.want.GoneAt = at(now)
	}
}

func (m *attemptModel) check(t *rapid.T) {
	wantMedia(t, m.c, m.want)
	shown := map[media.ID][]media.Rendition{}
	if m.shown != nil {
		shown[m.want.ID] = m.shown
	}
	wantShown(t, m.c, shown, m.want.ID)
}
