package catalog

import (
	"testing"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// TestPartsAddedBefore adds parts again whose commit was not answered: they are
// known, though others came behind them or a media was made of them since.
func TestPartsAddedBefore(t *testing.T) {
	c := openTest(t)
	now := time.UnixMilli(1000)
	blob := func(name string) media.Blob { return media.Blob{Key: "segments/7/" + name, Size: 10} }
	s := media.Session{ID: 7, Owner: "1", State: media.SessionOpen, Way: media.Serial, TotalBytes: 30, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	if err := c.CreateTus(t.Context(), s, Tus{}, nil, 0, now); err != nil {
		t.Fatal(err)
	}
	add := func(from End, blobs ...media.Blob) {
		t.Helper()
		if _, _, added, err := c.AddParts(t.Context(), 7, from, blobs, now); err != nil || !added {
			t.Fatalf("added: %v, %v", added, err)
		}
	}
	again := func(when string, want bool, stands End, blobs ...media.Blob) {
		t.Helper()
		err := c.write(t.Context(), func(q *queries.Queries) error {
			_, end, added, err := addParts(t.Context(), q, 7, End{}, blobs, now, true)
			if added != want || end != stands {
				t.Errorf("%s: added %v, and it stands at %v; want %v at %v", when, added, end, want, stands)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	mine, others := []media.Blob{blob("a"), blob("b")}, []media.Blob{blob("c"), blob("d")}
	add(End{}, mine...)
	again("at once", true, End{20, 2}, mine...)
	add(End{20, 2}, blob("e"))
	again("with others behind", true, End{20, 2}, mine...)
	again("of another", false, End{30, 3}, others...)

	if _, took, err := c.BeginClosing(t.Context(), 7, "t", now, time.Time{}); err != nil || !took {
		t.Fatalf("closing: %v, %v", took, err)
	}
	again("while it closes", true, End{20, 2}, mine...)
	m := media.Media{
		ID: 7, Owner: "1", Slug: "s", State: media.Pending, Manifest: append(mine[:2:2], blob("e")),
		Category: media.TweetImage, Type: media.PNG, CreatedAt: now, TouchedAt: now,
	}
	if ok, err := c.CloseSession(t.Context(), "t", m, now); err != nil || !ok {
		t.Fatalf("closed: %v, %v", ok, err)
	}
	if err := c.ForgetParts(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	again("once it is a media", true, End{20, 2}, mine...)
	again("of another, once it is a media", false, End{}, others...)
}
