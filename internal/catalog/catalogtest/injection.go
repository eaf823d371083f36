package catalogtest

import (
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func testInjection(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	fault := func(t *testing.T, c *catalog.Catalog, id media.ID) media.Fault {
		t.Helper()
		f, err := c.Fault(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}

	t.Run("comes back as stored", func(t *testing.T) {
		c := open(t)
		wantEqual(t, fault(t, c, 1), media.Fault{})
		create(t, c, 1)
		wantEqual(t, fault(t, c, 1), media.Fault{})
		for _, f := range []media.Fault{
			{Failure: media.NewFailure(media.UnsupportedMedia, "Duration too long"), Processing: 1500 * time.Millisecond},
			{Processing: media.MaxFaultTime},
			{Failure: media.NewFailure(media.InvalidMedia, "")},
			{},
		} {
			if err := c.SetFault(t.Context(), 1, f); err != nil {
				t.Fatal(err)
			}
			wantEqual(t, fault(t, c, 1), f)
		}
	})

	t.Run("of unknown uploads there is none", func(t *testing.T) {
		c := open(t)
		wantNotFound(t, "SetFault", c.SetFault(t.Context(), 1, media.Fault{Processing: time.Second}))
		create(t, c, 1)
		wantEqual(t, fault(t, c, 1), media.Fault{})
	})

	t.Run("stays with the media and goes with it", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		f := media.Fault{Failure: media.NewFailure(media.InternalError, "as asked"), Processing: time.Second}
		if err := c.SetFault(t.Context(), 1, f); err != nil {
			t.Fatal(err)
		}
		claim(t, c, 1, at(20))
		wantEqual(t, fault(t, c, 1), f)
		ok, err := c.DeleteMedia(t.Context(), 1, at(30))
		want(t, "DeleteMedia", ok, err, true)
		if _, err := c.Prune(t.Context(), at(40), 10); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, fault(t, c, 1), media.Fault{})
	})

	t.Run("words that came over the wire", func(t *testing.T) {
		c := open(t)
		create(t, c, 1)
		if err := c.SetFault(t.Context(), 1, media.Fault{Failure: media.NewFailure(media.InvalidMedia, "a\x00b\xff")}); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, fault(t, c, 1).Failure.Message, "a\uFFFDb\uFFFD")
	})
}
