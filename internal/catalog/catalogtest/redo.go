package catalogtest

import (
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func testRedo(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	made := func(id media.ID, attempt int, names ...string) media.Outcome {
		o := media.Outcome{Width: 1920, Height: 1080, Duration: 10 * time.Second, Placeholder: "AAAA", Facts: media.Facts{Model: &media.ModelFacts{Bytes: 1}}}
		for _, n := range names {
			o.Renditions = append(o.Renditions, rendition(id, attempt, n))
		}
		return o
	}
	// done gives a catalogue with a media that has succeeded in its first attempt.
	done := func(t *testing.T) (*catalog.Catalog, media.Media) {
		t.Helper()
		c := open(t)
		m := finalized(1)
		finalize(t, c, m)
		claim(t, c, 1, at(20))
		publish(t, c, 1, 1, made(1, 1, "a.mp4"), at(30))
		m, err := c.Media(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		return c, m
	}
	redo := func(t *testing.T, c *catalog.Catalog, id media.ID, wanted bool) {
		t.Helper()
		ok, err := c.Redo(t.Context(), id, at(45))
		want(t, "Redo", ok, err, wanted)
	}
	shows := func(t *testing.T, c *catalog.Catalog, names ...string) {
		t.Helper()
		list, err := c.Renditions(t.Context(), []media.ID{1})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range list[1] {
			got = append(got, r.Name)
		}
		wantEqual(t, got, names)
	}
	stalled := func(t *testing.T, c *catalog.Catalog, pending, running time.Time, ids ...media.ID) {
		t.Helper()
		got, err := c.Stalled(t.Context(), pending, running, 10)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, len(got), len(ids))
		for i := range ids {
			wantEqual(t, got[i], ids[i])
		}
	}

	t.Run("shows what it has until the new is whole", func(t *testing.T) {
		c, m := done(t)
		redo(t, c, 1, true)
		redo(t, c, 1, false)
		wantMedia(t, c, m)

		got, ok, err := c.Claim(t.Context(), 1, at(50))
		want(t, "Claim", ok, err, true)
		m.Attempt, m.TouchedAt = 2, at(50)
		wantEqual(t, got, m)
		ok, err = c.SetProgress(t.Context(), 1, 2, 40, at(51))
		want(t, "SetProgress", ok, err, true)
		wantMedia(t, c, m) // to viewers it is as it was
		shows(t, c, "a.mp4")

		o := made(1, 2, "b.mp4", "c.mp4")
		o.Width, o.Placeholder, o.Facts = 640, "BBBB", media.Facts{}
		publish(t, c, 1, 2, o, at(60))
		m.Published, m.Width, m.Placeholder, m.Facts, m.TouchedAt = 2, 640, "BBBB", media.Facts{}, at(60)
		wantMedia(t, c, m)
		shows(t, c, "b.mp4", "c.mp4")
		_, ok, err = c.Claim(t.Context(), 1, at(70))
		want(t, "Claim once it is done again", ok, err, false)
		stalled(t, c, at(1000), at(1000))
	})

	t.Run("a failure takes nothing away", func(t *testing.T) {
		c, m := done(t)
		redo(t, c, 1, true)
		claim(t, c, 1, at(50))
		publish(t, c, 1, 2, media.Outcome{Failure: media.NewFailure(media.InternalError, "no luck")}, at(60))
		m.Attempt, m.TouchedAt = 2, at(50)
		wantMedia(t, c, m)
		shows(t, c, "a.mp4")
		stalled(t, c, at(1000), at(1000))
		redo(t, c, 1, true)
	})

	t.Run("what failed may succeed", func(t *testing.T) {
		c := open(t)
		m := finalized(1)
		finalize(t, c, m)
		claim(t, c, 1, at(20))
		publish(t, c, 1, 1, media.Outcome{Failure: media.NewFailure(media.InternalError, "no luck")}, at(30))
		redo(t, c, 1, true)
		claim(t, c, 1, at(50))
		publish(t, c, 1, 2, media.Outcome{Failure: media.NewFailure(media.InvalidMedia, "broken")}, at(60))
		got, err := c.Media(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got.State, media.Failed)
		wantEqual(t, *got.Failure, *media.NewFailure(media.InvalidMedia, "broken"))
		redo(t, c, 1, true)
		claim(t, c, 1, at(80))
		publish(t, c, 1, 3, made(1, 3, "a.mp4"), at(90))
		if got, err = c.Media(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got.State, media.Succeeded)
		wantEqual(t, got.Failure == nil, true)
		shows(t, c, "a.mp4")
	})

	t.Run("an attempt that was taken over writes nothing", func(t *testing.T) {
		c, _ := done(t)
		redo(t, c, 1, true)
		claim(t, c, 1, at(50))
		claim(t, c, 1, at(55))
		for what, call := range map[string]func() (bool, error){
			"SetProgress": func() (bool, error) { return c.SetProgress(t.Context(), 1, 2, 1, at(60)) },
			"Release":     func() (bool, error) { return c.Release(t.Context(), 1, 2, "", at(60)) },
			"Publish":     func() (bool, error) { return c.Publish(t.Context(), 1, 2, made(1, 2, "b.mp4"), at(60)) },
		} {
			ok, err := call()
			want(t, what+" of the older attempt", ok, err, false)
		}
		shows(t, c, "a.mp4")
		publish(t, c, 1, 3, made(1, 3, "c.mp4"), at(70))
		shows(t, c, "c.mp4")
	})

	t.Run("stalled", func(t *testing.T) {
		c, _ := done(t)
		stalled(t, c, at(1000), at(1000))
		redo(t, c, 1, true)
		stalled(t, c, at(0), at(0), 1) // at once
		claim(t, c, 1, at(50))
		stalled(t, c, at(1000), at(50))
		stalled(t, c, at(1000), at(51), 1)
		ok, err := c.SetProgress(t.Context(), 1, 2, 1, at(60))
		want(t, "SetProgress", ok, err, true)
		stalled(t, c, at(1000), at(60))
		ok, err = c.Release(t.Context(), 1, 2, "", at(70))
		want(t, "Release", ok, err, true)
		stalled(t, c, at(71), at(0), 1)
		claim(t, c, 1, at(80))
		publish(t, c, 1, 3, made(1, 3, "a.mp4"), at(90))
		stalled(t, c, at(1000), at(1000))
	})

	t.Run("an outcome with more to come asks for it", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		claim(t, c, 1, at(20))
		o := made(1, 1, "a.mp4")
		o.More = true
		publish(t, c, 1, 1, o, at(30))
		shows(t, c, "a.mp4")
		stalled(t, c, at(0), at(0), 1) // at once
		claim(t, c, 1, at(40))
		publish(t, c, 1, 2, made(1, 2, "a.mp4", "b.mp4"), at(50))
		shows(t, c, "a.mp4", "b.mp4")
		stalled(t, c, at(1000), at(1000))
	})

	t.Run("nothing but what is done", func(t *testing.T) {
		c := open(t)
		redo(t, c, 1, false)
		create(t, c, 1)
		redo(t, c, 1, false)
		finalize(t, c, finalized(2))
		redo(t, c, 2, false)
		claim(t, c, 2, at(20))
		redo(t, c, 2, false)
		publish(t, c, 2, 1, made(2, 1, "a.mp4"), at(30))
		redo(t, c, 2, true)
		claim(t, c, 2, at(40))
		ok, err := c.DeleteMedia(t.Context(), 2, at(50))
		want(t, "DeleteMedia", ok, err, true)
		ok, err = c.SetProgress(t.Context(), 2, 2, 1, at(60))
		want(t, "SetProgress of what is gone", ok, err, false)
		ok, err = c.Publish(t.Context(), 2, 2, made(2, 2, "b.mp4"), at(60))
		want(t, "Publish of what is gone", ok, err, false)
		redo(t, c, 2, false)
	})

	t.Run("its blobs are not swept while it runs", func(t *testing.T) {
		c, _ := done(t)
		running := func() int64 {
			states, err := c.Sweepable(t.Context(), []media.ID{1, 7})
			if err != nil {
				t.Fatal(err)
			}
			return states[1].Redo
		}
		wantEqual(t, running(), 0)
		redo(t, c, 1, true)
		wantEqual(t, running(), 0)
		claim(t, c, 1, at(50))
		wantEqual(t, running(), 2)
		publish(t, c, 1, 2, made(1, 2, "a.mp4"), at(60))
		wantEqual(t, running(), 0)
	})

	t.Run("attempts that were lost are counted since Redo", func(t *testing.T) {
		c, m := done(t)
		redo(t, c, 1, true)
		for _, lost := range []int64{0, 1, 2} {
			got, ok, err := c.Claim(t.Context(), 1, at(50))
			want(t, "Claim", ok, err, true)
			wantEqual(t, got.Lost, lost)
		}
		ok, err := c.Release(t.Context(), 1, 4, "", at(60))
		want(t, "Release", ok, err, true)
		got, ok, err := c.Claim(t.Context(), 1, at(70))
		want(t, "Claim", ok, err, true)
		wantEqual(t, got.Lost, 2)
		publish(t, c, 1, 5, made(1, 5, "b.mp4"), at(80))
		redo(t, c, 1, true)
		got, ok, err = c.Claim(t.Context(), 1, at(90))
		want(t, "Claim", ok, err, true)
		wantEqual(t, got.Lost, 0)
		wantEqual(t, m.Lost, 0)
	})
}
