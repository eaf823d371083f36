package catalogtest

import (
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// testRaces does two things at once that must not both count.
func testRaces(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	c := open(t)

	t.Run("a file is attached, or it expires", func(t *testing.T) {
		for i := media.ID(0); i < 20; i++ {
			video, file := 1000+2*i, 1001+2*i
			finalize(t, c, finalized(video))
			m := finalized(file)
			m.ExpiresAt = at(50)
			finalize(t, c, m)
			var attached bool
			together(2, func(side int) {
				if side == 0 {
					_, err := c.AttachSubtitles(t.Context(), video, []media.Subtitle{{Language: "EN", DisplayName: "English", File: file}}, server, at(60))
					if err != nil && media.CodeOf(err) != media.CodeNotFound {
						t.Error(err)
					}
					attached = err == nil
					return
				}
				if _, err := c.ExpireMedia(t.Context(), at(60), 10); err != nil {
					t.Error(err)
				}
			})
			got, err := c.Media(t.Context(), file)
			if err != nil || attached == !got.GoneAt.IsZero() {
				t.Fatalf("attached %v, gone at %v, %v", attached, got.GoneAt, err)
			}
			if _, err := c.DeleteMedia(t.Context(), video, at(61)); err != nil {
				t.Fatal(err)
			}
		}
	})

	t.Run("many reserve for one upload", func(t *testing.T) {
		for id := media.ID(2000); id < 2010; id++ {
			if err := begin(t, c, id, ann, 0, 0); err != nil {
				t.Fatal(err)
			}
			together(4, func(i int) {
				if err := c.Reserve(t.Context(), id, int64(10*(i+1)), 0); err != nil {
					t.Error(err)
				}
			})
			wantCounted(t, c)
		}
	})

	t.Run("an attempt ends while others claim it", func(t *testing.T) {
		for id := media.ID(3000); id < 3020; id++ {
			finalize(t, c, finalized(id))
			publish(t, c, id, claim(t, c, id, at(20)), media.Outcome{}, at(21))
			if ok, err := c.Redo(t.Context(), id, at(45)); err != nil || !ok {
				t.Fatalf("Redo = %v, %v", ok, err)
			}
			attempt := claim(t, c, id, at(22))
			claims := make([]bool, 4)
			var published bool
			together(len(claims), func(i int) {
				var err error
				if i == 0 {
					published, err = c.Publish(t.Context(), id, attempt, media.Outcome{}, at(23))
				} else {
					_, claims[i], err = c.Claim(t.Context(), id, at(23))
				}
				if err != nil {
					t.Error(err)
				}
			})
			want := attempt
			for _, ok := range claims {
				if ok {
					want++
				}
			}
			m, err := c.Media(t.Context(), id)
			if err != nil || m.Attempt != want {
				t.Fatalf("attempt %d, %v, after claims %v; want %d", m.Attempt, err, claims, want)
			}
			if published == (m.Published != attempt) {
				t.Fatalf("published %v, and attempt %d is shown, not %d", published, m.Published, attempt)
			}
		}
	})
}

// testText keeps text that not every database can hold.
func testText(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	c := open(t)
	for _, text := range []string{"a\x00b", "a\xffb", "\x00", "🐦 é"} {
		_, err := c.MediaBySlug(t.Context(), text)
		wantNotFound(t, "MediaBySlug", err)
		_, err = c.AccountByName(t.Context(), text)
		wantNotFound(t, "AccountByName", err)
		if page, _, err := c.Library(t.Context(), catalog.LibraryQuery{Owner: ann, Source: text, Text: text, Limit: 10}); err != nil || len(page) != 0 {
			t.Errorf("Library(%q) = %v, %v", text, page, err)
		}
	}
	finalize(t, c, finalized(1))
	attempt := claim(t, c, 1, at(20))
	publish(t, c, 1, attempt, media.Outcome{Failure: &media.Failure{Code: 1, Name: "a\x00b", Message: "c\xffd"}}, at(21))
	m, err := c.Media(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, *m.Failure, media.Failure{Code: 1, Name: "a\uFFFDb", Message: "c\uFFFDd"})
}
