package catalogtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// page lists one page of ann's library by its ids.
func page(t testingT, c *catalog.Catalog, l catalog.LibraryQuery) ([]media.ID, media.ID) {
	t.Helper()
	l.Owner = ann
	if l.Limit == 0 {
		l.Limit = 100
	}
	list, more, err := c.Library(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	ids := []media.ID{}
	for _, m := range list {
		ids = append(ids, m.ID)
		wantMedia(t, c, m)
	}
	return ids, more
}

func annotate(t testingT, c *catalog.Catalog, id media.ID, set map[string]string, unset ...string) {
	t.Helper()
	if _, err := c.MergeMetadata(t.Context(), id, set, unset, catalog.Actor{}, at(15)); err != nil {
		t.Fatal(err)
	}
}

func altText(text string) map[string]string {
	b, _ := json.Marshal(media.AltText{Text: text})
	return map[string]string{"alt_text": string(b)}
}

// became is finalize for a session of the media's owner.
func became(t testingT, c *catalog.Catalog, m media.Media) {
	t.Helper()
	if err := begin(t, c, m.ID, m.Owner, m.Size(), 0); err != nil {
		t.Fatal(err)
	}
	take(t, c, m.ID, "finalize", at(9))
	if ok, err := c.CloseSession(t.Context(), "finalize", m, at(10)); !ok || err != nil {
		t.Fatal(ok, err)
	}
}

func testLibrary(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	want := func(t *testing.T, c *catalog.Catalog, l catalog.LibraryQuery, want ...media.ID) {
		t.Helper()
		got, more := page(t, c, l)
		wantEqual(t, got, append([]media.ID{}, want...))
		wantEqual(t, more, media.ID(0))
	}

	t.Run("pages, also while others come", func(t *testing.T) {
		c := open(t)
		for id := media.ID(10); id <= 70; id += 10 {
			became(t, c, sized(id, []string{bob, ann}[id/10%2], 1)) // 10, 30, 50, 70 are ann's
		}
		create(t, c, 80) // not finalized
		got, more := page(t, c, catalog.LibraryQuery{Limit: 2})
		wantEqual(t, got, []media.ID{70, 50})
		wantEqual(t, more, media.ID(50))
		became(t, c, sized(90, ann, 1))
		became(t, c, sized(45, ann, 1))
		got, more = page(t, c, catalog.LibraryQuery{Limit: 2, Before: more})
		wantEqual(t, got, []media.ID{45, 30})
		wantEqual(t, more, media.ID(30))
		want(t, c, catalog.LibraryQuery{Limit: 1, Before: more}, 10)
		want(t, c, catalog.LibraryQuery{Limit: 6}, 90, 70, 50, 45, 30, 10)
		want(t, c, catalog.LibraryQuery{Before: 10})
	})

	t.Run("filters", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 8; id++ {
			m := sized(id, ann, 1)
			if id%2 == 0 {
				m.Category, m.Type = media.TweetImage, media.PNG
			}
			finalize(t, c, m)
		}
		for _, id := range []media.ID{3, 4} {
			claim(t, c, id, at(20))
			publish(t, c, id, 1, media.Outcome{Failure: media.NewFailure(media.InvalidMedia, "No.")}, at(21))
		}
		annotate(t, c, 1, map[string]string{"upload_source": `{"upload_source":"gallery"}`})
		annotate(t, c, 4, map[string]string{"upload_source": `{"upload_source":"gallery"}`})
		annotate(t, c, 5, map[string]string{"upload_source": `{"upload_source":"camera"}`})
		annotate(t, c, 4, altText("Straße in MÜNCHEN, 100% wet_"))
		annotate(t, c, 5, altText("a cat"))
		annotate(t, c, 6, altText("A CAT"))
		annotate(t, c, 6, nil, "alt_text")

		image, failed := media.TweetImage, media.Failed
		want(t, c, catalog.LibraryQuery{Category: image}, 8, 6, 4, 2)
		want(t, c, catalog.LibraryQuery{State: failed}, 4, 3)
		want(t, c, catalog.LibraryQuery{Type: media.PNG, Category: image}, 8, 6, 4, 2)
		want(t, c, catalog.LibraryQuery{Type: media.PNG, Source: "gallery"}, 4)
		want(t, c, catalog.LibraryQuery{Type: media.JPEG})
		want(t, c, catalog.LibraryQuery{State: failed, Category: image}, 4)
		want(t, c, catalog.LibraryQuery{Source: "gallery"}, 4, 1)
		want(t, c, catalog.LibraryQuery{Source: "Gallery"})
		want(t, c, catalog.LibraryQuery{Source: "gallery", Category: image}, 4)
		want(t, c, catalog.LibraryQuery{Source: "gallery", State: media.Pending}, 1)
		want(t, c, catalog.LibraryQuery{Source: "gallery", Text: "wet"}, 4)
		want(t, c, catalog.LibraryQuery{Source: "camera", Text: "wet"})
		for text, ids := range map[string][]media.ID{
			"strasse": {4}, "münchen": {4}, "MU\u0308NCHEN": {4}, "100%": {4}, "%": {4}, "_": {4}, "t_": {4}, "Cat": {5}, "dog": nil, "'": nil,
		} {
			want(t, c, catalog.LibraryQuery{Text: text}, ids...)
		}

		// Deleted ones are in a list of their own, with the same filters.
		for _, id := range []media.ID{4, 7} {
			if _, err := c.DeleteMedia(t.Context(), id, at(int(30+id))); err != nil {
				t.Fatal(err)
			}
		}
		gone := func(since int, l catalog.LibraryQuery) catalog.LibraryQuery {
			l.DeletedSince, l.Now = at(since), at(100)
			return l
		}
		want(t, c, catalog.LibraryQuery{}, 8, 6, 5, 3, 2, 1)
		want(t, c, catalog.LibraryQuery{Source: "gallery"}, 1)
		want(t, c, catalog.LibraryQuery{Text: "wet"})
		want(t, c, gone(0, catalog.LibraryQuery{}), 7, 4)
		want(t, c, gone(34, catalog.LibraryQuery{}), 7)
		want(t, c, gone(0, catalog.LibraryQuery{State: failed}), 4)
		want(t, c, gone(0, catalog.LibraryQuery{Source: "gallery", Text: "WET"}), 4)
		m, err := c.Media(t.Context(), 7)
		if err != nil {
			t.Fatal(err)
		}
		letGo(t, c, []media.ID{7}, m)
		want(t, c, gone(0, catalog.LibraryQuery{}), 4)
	})

	t.Run("uploads that are not finished", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 6; id++ {
			if err := begin(t, c, id, []string{bob, ann}[id%2], 1, 0); err != nil {
				t.Fatal(err)
			}
		}
		take(t, c, 3, "a", at(5))
		if ok, err := c.AbortSession(t.Context(), 5, catalog.Actor{}, at(6)); !ok || err != nil {
			t.Fatal(ok, err)
		}
		list := func(before media.ID, limit int) []media.ID {
			t.Helper()
			got, err := c.OpenUploads(t.Context(), ann, before, limit)
			if err != nil {
				t.Fatal(err)
			}
			ids := []media.ID{}
			for _, s := range got {
				ids = append(ids, s.ID)
				wantSession(t, c, s)
			}
			return ids
		}
		wantEqual(t, list(0, 10), []media.ID{3, 1})
		wantEqual(t, list(0, 1), []media.ID{3})
		wantEqual(t, list(3, 10), []media.ID{1})
	})
}

func testRestore(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	restore := func(t *testing.T, c *catalog.Catalog, id media.ID, since, now int, wanted bool) {
		t.Helper()
		ok, err := c.RestoreMedia(t.Context(), id, catalog.Actor{}, at(since), at(now))
		want(t, fmt.Sprintf("RestoreMedia(%d, %d, %d)", id, since, now), ok, err, wanted)
	}
	remove := func(t *testing.T, c *catalog.Catalog, id media.ID, now int) {
		t.Helper()
		ok, err := c.DeleteMedia(t.Context(), id, at(now))
		want(t, "DeleteMedia", ok, err, true)
	}

	t.Run("all as it was", func(t *testing.T) {
		c := open(t)
		m := sized(1, ann, 5)
		m.ExpiresAt = at(100)
		finalize(t, c, m)
		restore(t, c, 1, 0, 20, false) // it is not gone
		remove(t, c, 1, 30)
		restore(t, c, 1, 30, 40, false) // too late
		restore(t, c, 1, 29, 100, false)
		restore(t, c, 1, 29, 99, true)
		wantMedia(t, c, m)
		restore(t, c, 1, 29, 99, false)
		_, err := c.RestoreMedia(t.Context(), 404, catalog.Actor{}, at(0), at(1))
		wantNotFound(t, "RestoreMedia", err)
	})

	t.Run("what was running is pending, and the attempt is over", func(t *testing.T) {
		c := open(t)
		became(t, c, sized(1, ann, 5))
		attempt := claim(t, c, 1, at(20))
		if ok, err := c.SetProgress(t.Context(), 1, attempt, 50, at(21)); !ok || err != nil {
			t.Fatal(ok, err)
		}
		remove(t, c, 1, 30)
		ok, err := c.SetProgress(t.Context(), 1, attempt, 60, at(31))
		want(t, "SetProgress of a deleted media", ok, err, false)
		restore(t, c, 1, 0, 40, true)
		m := sized(1, ann, 5)
		m.Attempt, m.TouchedAt = attempt, at(21)
		wantMedia(t, c, m)
		ok, err = c.SetProgress(t.Context(), 1, attempt, 70, at(41))
		want(t, "SetProgress of the attempt before", ok, err, false)
		ok, err = c.Publish(t.Context(), 1, attempt, media.Outcome{}, at(41))
		want(t, "Publish by the attempt before", ok, err, false)
		ids, err := c.Stalled(t.Context(), at(22), at(0), 10)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, ids, []media.ID{1})
	})

	t.Run("either it comes back or it goes", func(t *testing.T) {
		c := open(t)
		for i := range 20 {
			id := media.ID(i + 1)
			became(t, c, sized(id, ann, 5))
			remove(t, c, id, 30)
			m, err := c.Media(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			var back bool
			var gone []media.ID
			together(2, func(i int) {
				var err error
				if i == 0 {
					back, err = c.RestoreMedia(t.Context(), id, catalog.Actor{}, time.Time{}, at(40))
				} else {
					gone, err = c.LetGo(t.Context(), []media.Media{m})
				}
				if err != nil {
					t.Error(err)
				}
			})
			if back == slices.Contains(gone, id) {
				t.Fatalf("restored: %v, let go: %v", back, gone)
			}
		}
		wantCounted(t, c)
	})
}

func testUses(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	c := open(t)
	for id := media.ID(1); id <= 6; id++ {
		owner := ann
		if id == 6 {
			owner = bob
		}
		became(t, c, sized(id, owner, 1))
	}
	poster := map[string]string{"preview_image": `{"media_key":{"media":"1","media_category":"TweetImage"}}`}
	annotate(t, c, 1, poster) // itself
	annotate(t, c, 2, poster)
	annotate(t, c, 3, map[string]string{"sticker_info": `{"stickers":[{"id":"1"},{"id":"3_1"},{"id":"7_2"},{"id":"smile"},{}]}`})
	annotate(t, c, 6, poster) // somebody else's
	create(t, c, 7)           // not finalized
	annotate(t, c, 7, poster)
	for _, l := range []media.Language{"en", "de"} {
		if _, err := c.AttachSubtitles(t.Context(), 4, []media.Subtitle{{Language: l, File: 1}}, catalog.Actor{}, at(20)); err != nil {
			t.Fatal(err)
		}
	}
	uses := func(id media.ID) []catalog.Use {
		t.Helper()
		m, err := c.Media(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Uses(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	all := []catalog.Use{{By: 2, As: "poster"}, {By: 3, As: "sticker"}, {By: 4, As: "subtitle"}, {By: 7, As: "poster"}}
	wantEqual(t, uses(1), all)
	wantEqual(t, uses(2), []catalog.Use{{By: 3, As: "sticker"}})
	wantEqual(t, uses(5), nil)

	ok, got, err := c.RemoveMedia(t.Context(), 1, catalog.Actor{}, false, at(30))
	want(t, "RemoveMedia", ok, err, false)
	wantEqual(t, got, all)
	m, err := c.Media(t.Context(), 1)
	if err != nil || !m.GoneAt.IsZero() {
		t.Fatal(m, err)
	}
	annotate(t, c, 3, nil, "sticker_info")
	for _, id := range []media.ID{2, 4} {
		ok, got, err := c.RemoveMedia(t.Context(), id, catalog.Actor{}, false, at(30))
		want(t, "RemoveMedia", ok, err, true)
		wantEqual(t, got, nil)
	}
	wantEqual(t, uses(1), []catalog.Use{{By: 7, As: "poster"}})
	if ok, err := c.AbortSession(t.Context(), 7, catalog.Actor{}, at(31)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	ok, _, err = c.RemoveMedia(t.Context(), 1, catalog.Actor{}, false, at(32))
	want(t, "RemoveMedia", ok, err, true)
	ok, _, err = c.RemoveMedia(t.Context(), 1, catalog.Actor{}, false, at(33))
	want(t, "RemoveMedia again", ok, err, false)
	_, _, err = c.RemoveMedia(t.Context(), 404, catalog.Actor{}, false, at(33))
	wantNotFound(t, "RemoveMedia", err)
}
