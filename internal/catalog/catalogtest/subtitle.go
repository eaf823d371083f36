package catalogtest

import (
	"fmt"
	"slices"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// subtitle is a file as it is attached; attaching sets the rest.
func subtitle(file media.ID, l media.Language, name string) media.Subtitle {
	return media.Subtitle{Language: l, DisplayName: name, File: file}
}

// attached is s as it reads back.
func attached(video media.ID, s media.Subtitle, seconds int) media.Subtitle {
	s.Video, s.AttachedAt = video, at(seconds)
	return s
}

// text publishes a media as a subtitle file with one rendition, and a poster
// that is none.
func text(t testingT, c *catalog.Catalog, id media.ID) media.Rendition {
	t.Helper()
	m := finalized(id)
	m.Category, m.Type = media.Subtitles, media.SRT
	finalize(t, c, m)
	claim(t, c, id, at(20))
	vtt := rendition(id, 1, "subtitles.vtt")
	vtt.Role, vtt.ContentType = media.RoleText, "text/vtt; charset=utf-8"
	publish(t, c, id, 1, media.Outcome{Renditions: []media.Rendition{rendition(id, 1, "a.mp4"), vtt}}, at(21))
	return vtt
}

func attach(t testingT, c *catalog.Catalog, video media.ID, seconds int, add ...media.Subtitle) []media.Subtitle {
	t.Helper()
	all, err := c.AttachSubtitles(t.Context(), video, add, server, at(seconds))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func remove(t testingT, c *catalog.Catalog, id media.ID, seconds int) {
	t.Helper()
	if _, err := c.DeleteMedia(t.Context(), id, at(seconds)); err != nil {
		t.Fatal(err)
	}
}

func wantSubtitles(t testingT, c *catalog.Catalog, want map[media.ID][]media.Subtitle, ids ...media.ID) {
	t.Helper()
	got, err := c.Subtitles(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, want)
}

func testSubtitle(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	type list = []media.Subtitle
	type lists = map[media.ID][]media.Subtitle

	t.Run("attach, replace and detach by language", func(t *testing.T) {
		c := open(t)
		for _, video := range []media.ID{1, 2} {
			finalize(t, c, finalized(video))
		}
		for _, file := range []media.ID{11, 12, 13} {
			text(t, c, file)
		}
		wantSubtitles(t, c, lists{}, 1, 2, 404)

		en, de, pt := subtitle(11, "en", "English"), subtitle(12, "de", "Deutsch"), subtitle(13, "pt-BR", `Português "do" Brasil 🐦`)
		wantEqual(t, attach(t, c, 1, 30, pt), list{attached(1, pt, 30)})
		wantEqual(t, attach(t, c, 1, 31, en, de), list{attached(1, de, 31), attached(1, en, 31), attached(1, pt, 30)})
		wantEqual(t, attach(t, c, 2, 32, en), list{attached(2, en, 32)}) // one file, two videos

		again := subtitle(13, "en", "English (SDH)")
		wantEqual(t, attach(t, c, 1, 40, again), list{attached(1, de, 31), attached(1, again, 40), attached(1, pt, 30)})
		wantSubtitles(t, c, lists{1: {attached(1, de, 31), attached(1, again, 40), attached(1, pt, 30)}, 2: {attached(2, en, 32)}}, 2, 1, 404, 1)

		ok, err := c.DetachSubtitles(t.Context(), 1, []media.Language{"en", "fr"}, server)
		want(t, "DetachSubtitles", ok, err, true)
		ok, err = c.DetachSubtitles(t.Context(), 1, []media.Language{"en"}, server)
		want(t, "DetachSubtitles again", ok, err, false)
		ok, err = c.DetachSubtitles(t.Context(), 1, nil, server)
		want(t, "DetachSubtitles of no language", ok, err, false)
		wantSubtitles(t, c, lists{1: {attached(1, de, 31), attached(1, pt, 30)}, 2: {attached(2, en, 32)}}, 1, 2)
		wantEqual(t, attach(t, c, 1, 50), list{attached(1, de, 31), attached(1, pt, 30)})
	})

	t.Run("all or none", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		text(t, c, 11)
		text(t, c, 12)
		remove(t, c, 12, 25)
		en := subtitle(11, "en", "English")
		for name, bad := range map[string]media.Subtitle{
			"unknown file": subtitle(404, "de", "Deutsch"), "gone file": subtitle(12, "de", "Deutsch"),
		} {
			_, err := c.AttachSubtitles(t.Context(), 1, list{en, bad}, server, at(30))
			wantNotFound(t, name, err)
		}
		_, err := c.AttachSubtitles(t.Context(), 404, list{en}, server, at(30))
		wantNotFound(t, "unknown video", err)
		wantSubtitles(t, c, lists{}, 1, 404)

		attach(t, c, 1, 30, en)
		remove(t, c, 1, 40)
		_, err = c.AttachSubtitles(t.Context(), 1, list{en}, server, at(41))
		wantNotFound(t, "gone video", err)
		for _, video := range []media.ID{1, 404} {
			_, err = c.DetachSubtitles(t.Context(), video, []media.Language{"en"}, server)
			wantNotFound(t, "detach from a gone or unknown video", err)
		}
	})

	t.Run("so many languages and no more", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		text(t, c, 11)
		text(t, c, 12)
		var most list
		for i := range catalog.MaxSubtitles - 1 {
			most = append(most, subtitle(11, media.Language(fmt.Sprintf("x-%03d", i)), "Name"))
		}
		wantEqual(t, len(attach(t, c, 1, 30, append(most, subtitle(12, "zz", "Last"))...)), catalog.MaxSubtitles)
		over := subtitle(11, "en", "English")
		_, err := c.AttachSubtitles(t.Context(), 1, list{over}, server, at(31))
		wantEqual(t, media.CodeOf(err), media.CodeInvalid)
		wantEqual(t, len(attach(t, c, 1, 32, subtitle(11, "x-000", "Replaced"))), catalog.MaxSubtitles)
		remove(t, c, 12, 33) // one that isn't shown doesn't count
		wantEqual(t, len(attach(t, c, 1, 34, over)), catalog.MaxSubtitles)
	})

	t.Run("a file that is gone is not shown", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		en := text(t, c, 11)
		text(t, c, 12)
		attach(t, c, 1, 30, subtitle(11, "en", "English"), subtitle(12, "de", "Deutsch"))
		remove(t, c, 12, 40)
		wantSubtitles(t, c, lists{1: {attached(1, subtitle(11, "en", "English"), 30)}}, 1)

		slug := finalized(1).Slug
		video, s, r, err := c.SubtitleBySlug(t.Context(), slug, "en")
		if err != nil {
			t.Fatal(err)
		}
		bare := finalized(1)
		bare.Manifest = nil
		wantEqual(t, video, bare)
		wantEqual(t, s, attached(1, subtitle(11, "en", "English"), 30))
		wantEqual(t, r, en)
		for _, ask := range [][2]string{{slug, "de"}, {slug, "fr"}, {"slug-404", "en"}, {finalized(11).Slug, "en"}} {
			_, _, _, err := c.SubtitleBySlug(t.Context(), ask[0], media.Language(ask[1]))
			wantNotFound(t, fmt.Sprint(ask), err)
		}
		ok, err := c.DetachSubtitles(t.Context(), 1, []media.Language{"de"}, server)
		want(t, "DetachSubtitles of one that isn't shown", ok, err, false)

		remove(t, c, 1, 50)
		video, _, _, err = c.SubtitleBySlug(t.Context(), slug, "en")
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, video.GoneAt, at(50))
		if _, err := c.Prune(t.Context(), at(1000), 10); err != nil {
			t.Fatal(err)
		}
		wantSubtitles(t, c, lists{}, 1)
		_, _, _, err = c.SubtitleBySlug(t.Context(), slug, "en")
		wantNotFound(t, "pruned", err)
	})

	t.Run("an unfinished file has nothing to serve", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		finalize(t, c, finalized(11))
		attach(t, c, 1, 30, subtitle(11, "en", "English"))
		_, _, _, err := c.SubtitleBySlug(t.Context(), finalized(1).Slug, "en")
		wantNotFound(t, "SubtitleBySlug", err)
	})

	t.Run("retention leaves what a live video shows", func(t *testing.T) {
		c := open(t)
		kept, ending := finalized(1), finalized(2)
		ending.ExpiresAt = at(6000)
		finalize(t, c, kept)
		finalize(t, c, ending)
		for file := media.ID(11); file <= 14; file++ {
			m := finalized(file)
			m.ExpiresAt = at(5000)
			finalize(t, c, m)
		}
		attach(t, c, 1, 30, subtitle(11, "en", "English"))
		attach(t, c, 2, 30, subtitle(11, "en", "English"), subtitle(12, "de", "Deutsch"), subtitle(13, "fr", "Français"))
		attach(t, c, 2, 31, subtitle(12, "fr", "Français")) // nothing shows 13 now
		expire := func(now int) []media.ID {
			t.Helper()
			ids, err := c.ExpireMedia(t.Context(), at(now), 10)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(ids)
			return ids
		}
		wantEqual(t, expire(5000), []media.ID{13, 14})
		wantEqual(t, expire(6000), []media.ID{2, 12}) // with its video
		wantEqual(t, expire(7000), []media.ID{})
		ok, err := c.DetachSubtitles(t.Context(), 1, []media.Language{"en"}, server)
		want(t, "DetachSubtitles", ok, err, true)
		wantEqual(t, expire(7000), []media.ID{11})
	})

	t.Run("calls at once lose nothing", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		text(t, c, 11)
		together(20, func(i int) {
			own := media.Language(fmt.Sprintf("x-%03d", i))
			all, err := c.AttachSubtitles(t.Context(), 1, list{subtitle(11, own, "Own"), subtitle(11, "en", fmt.Sprint("name", i))}, server, at(30+i))
			if err != nil || !slices.ContainsFunc(all, func(s media.Subtitle) bool { return s.Language == own }) {
				t.Errorf("call %d: %v, %v", i, all, err)
			}
		})
		got, err := c.Subtitles(t.Context(), []media.ID{1})
		if err != nil || len(got[1]) != 21 {
			t.Fatalf("%d are attached, %v", len(got[1]), err)
		}
	})
}
