package catalogtest

import (
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func testAttempt(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	made := func(id media.ID, attempt int) media.Outcome {
		return media.Outcome{
			Width: 1920, Height: 1080, Duration: 10*time.Second + time.Nanosecond, Placeholder: "1QcSHQRnh493V4dIh4eXh1h4kJUI",
			Facts:      media.Facts{Model: &media.ModelFacts{Bytes: 7, Vertices: 1 << 40, Bounds: &media.Box{Min: [3]float64{-1, 0.5, 1e-300}}}},
			Renditions: []media.Rendition{rendition(id, attempt, "720.mp4"), rendition(id, attempt, "360.mp4")},
		}
	}

	t.Run("claim, progress, publish", func(t *testing.T) {
		c := open(t)
		m := finalized(1)
		finalize(t, c, m)

		got, ok, err := c.Claim(t.Context(), 1, at(20))
		want(t, "Claim", ok, err, true)
		m.State, m.Attempt, m.TouchedAt = media.InProgress, 1, at(20)
		wantEqual(t, got, m)
		wantMedia(t, c, m)

		for i, step := range []struct{ report, shown int }{{-5, 0}, {10, 10}, {5, 10}, {90, 90}, {120, 100}, {0, 100}} {
			ok, err := c.SetProgress(t.Context(), 1, 1, step.report, at(21+i))
			want(t, "SetProgress", ok, err, true)
			m.Progress, m.TouchedAt = step.shown, at(21+i)
			wantMedia(t, c, m)
		}

		ok, err = c.Publish(t.Context(), 1, 1, made(1, 1), at(40))
		want(t, "Publish", ok, err, true)
		m.State, m.Published, m.Progress, m.TouchedAt = media.Succeeded, 1, 100, at(40)
		m.Width, m.Height, m.Duration = 1920, 1080, 10*time.Second+time.Nanosecond
		m.Placeholder = "1QcSHQRnh493V4dIh4eXh1h4kJUI"
		m.Facts.Model = &media.ModelFacts{Bytes: 7, Vertices: 1 << 40, Bounds: &media.Box{Min: [3]float64{-1, 0.5, 1e-300}}}
		wantMedia(t, c, m)

		// Nothing moves a media that is done.
		got, ok, err = c.Claim(t.Context(), 1, at(50))
		want(t, "Claim of a done media", ok, err, false)
		wantEqual(t, got, m)
		ok, err = c.SetProgress(t.Context(), 1, 1, 3, at(50))
		want(t, "SetProgress of a done media", ok, err, false)
		ok, err = c.Release(t.Context(), 1, 1, "", at(50))
		want(t, "Release of a done media", ok, err, false)
		ok, err = c.Publish(t.Context(), 1, 1, made(1, 1), at(50))
		want(t, "Publish again", ok, err, false)
		wantMedia(t, c, m)
	})

	t.Run("failure", func(t *testing.T) {
		c := open(t)
		m := finalized(1)
		finalize(t, c, m)
		claim(t, c, 1, at(20))
		ok, err := c.SetProgress(t.Context(), 1, 1, 40, at(21))
		want(t, "SetProgress", ok, err, true)
		o := made(1, 1)
		o.Failure = media.NewFailure(media.InvalidMedia, "Not a video: \xff\xfe\x00.")
		publish(t, c, 1, 1, o, at(30))
		m.State, m.Attempt, m.Progress, m.TouchedAt = media.Failed, 1, 40, at(30)
		m.Failure = media.NewFailure(media.InvalidMedia, "Not a video: \uFFFD\uFFFD.")
		m.Width, m.Height, m.Duration = o.Width, o.Height, o.Duration
		wantMedia(t, c, m)
		wantShown(t, c, map[media.ID][]media.Rendition{}, 1)
	})

	t.Run("a superseded attempt writes nothing", func(t *testing.T) {
		c := open(t)
		m := finalized(1)
		finalize(t, c, m)
		claim(t, c, 1, at(20))
		ok, err := c.SetProgress(t.Context(), 1, 1, 60, at(21))
		want(t, "SetProgress", ok, err, true)
		if n := claim(t, c, 1, at(30)); n != 2 {
			t.Fatalf("second claim is attempt %d", n)
		}
		m.State, m.Attempt, m.Lost, m.Progress, m.TouchedAt = media.InProgress, 2, 1, 0, at(30)
		wantMedia(t, c, m)

		failed := made(1, 1)
		failed.Failure = media.NewFailure(media.InvalidMedia, "late")
		for _, late := range []struct {
			what string
			call func() (bool, error)
		}{
			{"SetProgress", func() (bool, error) { return c.SetProgress(t.Context(), 1, 1, 99, at(31)) }},
			{"Release", func() (bool, error) { return c.Release(t.Context(), 1, 1, "", at(31)) }},
			{"Publish", func() (bool, error) { return c.Publish(t.Context(), 1, 1, made(1, 1), at(31)) }},
			{"Publish of a failure", func() (bool, error) { return c.Publish(t.Context(), 1, 1, failed, at(31)) }},
			{"Publish of an attempt to come", func() (bool, error) { return c.Publish(t.Context(), 1, 3, made(1, 3), at(31)) }},
		} {
			ok, err := late.call()
			want(t, late.what, ok, err, false)
			wantMedia(t, c, m)
		}
		publish(t, c, 1, 2, made(1, 2), at(40))
		wantShown(t, c, map[media.ID][]media.Rendition{1: made(1, 2).Renditions}, 1)
	})

	t.Run("released, it is pending under the same attempt", func(t *testing.T) {
		c := open(t)
		m := finalized(1)
		finalize(t, c, m)
		claim(t, c, 1, at(20))
		ok, err := c.SetProgress(t.Context(), 1, 1, 50, at(21))
		want(t, "SetProgress", ok, err, true)
		ok, err = c.Release(t.Context(), 1, 1, "", at(22))
		want(t, "Release", ok, err, true)
		m.Attempt, m.TouchedAt = 1, at(22)
		wantMedia(t, c, m)
		ok, err = c.Publish(t.Context(), 1, 1, made(1, 1), at(23))
		want(t, "Publish after Release", ok, err, false)
		ok, err = c.Release(t.Context(), 1, 1, "", at(23))
		want(t, "Release again", ok, err, false)
		if n := claim(t, c, 1, at(24)); n != 2 {
			t.Fatalf("claimed as attempt %d", n)
		}
	})

	t.Run("a gone or unknown media is not worked on", func(t *testing.T) {
		c := open(t)
		m := finalized(1)
		finalize(t, c, m)
		claim(t, c, 1, at(20))
		ok, err := c.DeleteMedia(t.Context(), 1, at(21))
		want(t, "DeleteMedia", ok, err, true)
		m.State, m.Attempt, m.TouchedAt, m.GoneAt = media.InProgress, 1, at(20), at(21)

		got, ok, err := c.Claim(t.Context(), 1, at(22))
		want(t, "Claim", ok, err, false)
		wantEqual(t, got, m)
		for _, id := range []media.ID{1, 404} {
			ok, err = c.SetProgress(t.Context(), id, 1, 5, at(22))
			want(t, "SetProgress", ok, err, false)
			ok, err = c.Release(t.Context(), id, 1, "", at(22))
			want(t, "Release", ok, err, false)
			ok, err = c.Publish(t.Context(), id, 1, made(id, 1), at(22))
			want(t, "Publish", ok, err, false)
		}
		wantMedia(t, c, m)
		_, _, err = c.Claim(t.Context(), 404, at(22))
		wantNotFound(t, "Claim", err)
	})

	t.Run("a publication that breaks off leaves nothing", func(t *testing.T) {
		c := open(t)
		m := finalized(1)
		finalize(t, c, m)
		claim(t, c, 1, at(20))
		o := made(1, 1)
		o.Renditions = append(o.Renditions, rendition(1, 1, "720.mp4"))
		if ok, err := c.Publish(t.Context(), 1, 1, o, at(30)); err == nil || ok {
			t.Fatalf("two renditions of one name: %v, %v", ok, err)
		}
		m.State, m.Attempt, m.TouchedAt = media.InProgress, 1, at(20)
		wantMedia(t, c, m)
		publish(t, c, 1, 1, made(1, 1), at(31))
		wantShown(t, c, map[media.ID][]media.Rendition{1: made(1, 1).Renditions}, 1)
	})

	t.Run("stalled", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 7; id++ {
			m := finalized(id)
			m.TouchedAt = at(100 - int(id)) // the higher, the longer untouched
			finalize(t, c, m)
		}
		claim(t, c, 3, at(50))
		claim(t, c, 4, at(40))
		claim(t, c, 5, at(30))
		publish(t, c, 5, 1, made(5, 1), at(31))
		claim(t, c, 6, at(20))
		if _, err := c.DeleteMedia(t.Context(), 6, at(21)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.DeleteMedia(t.Context(), 7, at(21)); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			pending, running, limit int
			want                    []media.ID
		}{
			{98, 40, 10, []media.ID{}},
			{99, 40, 10, []media.ID{2}},
			{98, 41, 10, []media.ID{4}},
			{1000, 1000, 10, []media.ID{2, 1, 4, 3}},
			{1000, 1000, 3, []media.ID{2, 1, 4}},
			{1000, 1000, 1, []media.ID{2}},
			{1000, 1000, 0, []media.ID{}},
		} {
			got, err := c.Stalled(t.Context(), at(step.pending), at(step.running), step.limit)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, step.want)
		}
	})

	t.Run("claims at once are all different", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		var seen [21]atomic.Int32
		together(20, func(int) {
			m, ok, err := c.Claim(t.Context(), 1, at(20))
			if err != nil || !ok {
				t.Errorf("Claim = %v, %v", ok, err)
				return
			}
			seen[m.Attempt].Add(1)
		})
		for n := 1; n <= 20; n++ {
			if seen[n].Load() != 1 {
				t.Errorf("attempt %d was given %d times", n, seen[n].Load())
			}
		}
	})

	t.Run("publish against claim", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 20; id++ {
			finalize(t, c, finalized(id))
			claim(t, c, id, at(20))
			var published, claimed atomic.Bool
			together(2, func(i int) {
				var ok bool
				var err error
				if i == 0 {
					ok, err = c.Publish(t.Context(), id, 1, made(id, 1), at(30))
					published.Store(ok)
				} else {
					_, ok, err = c.Claim(t.Context(), id, at(30))
					claimed.Store(ok)
				}
				if err != nil {
					t.Error(err)
				}
			})
			if published.Load() == claimed.Load() {
				t.Fatalf("published %v and claimed %v", published.Load(), claimed.Load())
			}
			m, err := c.Media(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if published.Load() {
				wantEqual(t, m.State, media.Succeeded)
				wantShown(t, c, map[media.ID][]media.Rendition{id: made(id, 1).Renditions}, id)
			} else {
				wantEqual(t, m.Attempt, 2)
				wantShown(t, c, map[media.ID][]media.Rendition{}, id)
			}
		}
	})
}
