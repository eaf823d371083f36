package catalogtest

import (
	"fmt"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func testMedia(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("comes back as stored", func(t *testing.T) {
		c := open(t)
		pending := finalized(1)
		failed := finalized(2)
		failed.State = media.Failed
		failed.Attempt = 7
		failed.Published = 6
		failed.Progress = 99
		failed.Failure = media.NewFailure(media.UnsupportedMedia, "Duration 25h exceeds the maximum of 12h.")
		failed.Width, failed.Height = 1920, 1080
		failed.Duration = 12*time.Hour + 123456789*time.Nanosecond
		failed.ExpiresAt = at(5000)
		failed.GoneAt = at(6000)
		bare := media.Media{
			ID: 3, Owner: "1", Category: media.TweetImage, Type: media.PNG, Slug: "s", State: media.Pending,
			CreatedAt: at(1), TouchedAt: at(1),
		}
		for _, m := range []media.Media{pending, failed, bare} {
			finalize(t, c, m)
			wantMedia(t, c, m)
			got, err := c.MediaBySlug(t.Context(), m.Slug)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, m)
			m.Manifest, m.Placeholder, m.Lost, m.Facts = nil, "", 0, media.Facts{} // left out by contract
			if got, err = c.Outline(t.Context(), m.ID); err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, m)
		}
	})

	t.Run("how long an upload is, without its manifest", func(t *testing.T) {
		c := open(t)
		finalize(t, c, sized(1, "7", 5<<30))
		want := func() {
			t.Helper()
			if m, got, err := c.Sized(t.Context(), 1); err != nil || m.ID != 1 || got != 5<<30 {
				t.Errorf("%d bytes of %s, %v", got, m.ID, err)
			}
		}
		want()
		if _, err := c.DeleteMedia(t.Context(), 1, at(9)); err != nil {
			t.Fatal(err)
		}
		want() // it can be restored
		gone, err := c.Media(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		letGo(t, c, []media.ID{1}, gone)
		if _, got, err := c.Sized(t.Context(), 1); err != nil || got != -1 {
			t.Errorf("given up, it has %d bytes, %v", got, err)
		}
	})

	t.Run("a write is told of", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		before := c.Writes()
		wantMedia(t, c, finalized(1))
		if c.Writes() != before {
			t.Error("reading counts as a write")
		}
		if _, err := c.DeleteMedia(t.Context(), 1, at(9)); err != nil {
			t.Fatal(err)
		}
		if c.Writes() == before {
			t.Error("nothing tells of a deletion")
		}
	})

	t.Run("a manifest of a thousand blobs", func(t *testing.T) {
		c := open(t)
		m := finalized(1)
		m.Manifest = nil
		for i := range 1000 {
			m.Manifest = append(m.Manifest, media.Blob{
				Key:  fmt.Sprintf("segments/1/%03d-%d-%08x-0123456789abcdef", i, 17<<20, i),
				Size: 17 << 20,
				CRC:  uint32(i) << 22,
			})
		}
		finalize(t, c, m)
		wantMedia(t, c, m)
	})

	t.Run("not there", func(t *testing.T) {
		c := open(t)
		_, err := c.Media(t.Context(), 404)
		wantNotFound(t, "Media", err)
		_, err = c.Outline(t.Context(), 404)
		wantNotFound(t, "Outline", err)
		_, _, err = c.Sized(t.Context(), 404)
		wantNotFound(t, "Sized", err)
		_, err = c.MediaBySlug(t.Context(), "404")
		wantNotFound(t, "MediaBySlug", err)
		_, err = c.DeleteMedia(t.Context(), 404, at(1))
		wantNotFound(t, "DeleteMedia", err)
		create(t, c, 1)
		_, err = c.Media(t.Context(), 1)
		wantNotFound(t, "Media of an open session", err)
	})

	t.Run("lists", func(t *testing.T) {
		c := open(t)
		got, err := c.MediaList(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, map[media.ID]media.Media{})

		want := map[media.ID]media.Media{}
		var ids []media.ID
		for id := media.ID(1); id <= 1201; id++ {
			ids = append(ids, id)
			if id%300 == 1 { // on each of the pages that a long list is read in
				m := finalized(id)
				finalize(t, c, m)
				want[id] = m
			}
		}
		ids = append(ids, 301, 301)
		got, err = c.MediaList(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, want)
	})

	t.Run("deleting marks it once", func(t *testing.T) {
		c := open(t)
		m := finalized(1)
		finalize(t, c, m)
		ok, err := c.DeleteMedia(t.Context(), 1, at(100))
		want(t, "DeleteMedia", ok, err, true)
		m.GoneAt = at(100)
		wantMedia(t, c, m)
		ok, err = c.DeleteMedia(t.Context(), 1, at(200))
		want(t, "DeleteMedia again", ok, err, false)
		wantMedia(t, c, m)
		got, err := c.MediaList(t.Context(), []media.ID{1})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, map[media.ID]media.Media{1: m})
	})
}
