package catalogtest

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

const (
	managed   = `{"managed":true}`
	unmanaged = `{"managed":false}`
)

// wantForbidden also checks that the words name the media and the manager.
func wantForbidden(t testingT, what string, err error, manager string) {
	t.Helper()
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeForbidden || !strings.Contains(e.Detail, manager) || !strings.Contains(e.Detail, "management_info") {
		t.Fatalf("%s: got error %v, want one of code forbidden that names %s", what, err, manager)
	}
}

func testManager(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	type groups = map[string]string
	manage := groups{"management_info": managed}

	t.Run("only the managing client changes it", func(t *testing.T) {
		c := open(t)
		finalize(t, c, unshared(1))
		text(t, c, 11)
		attach(t, c, 1, 20, subtitle(11, "en", "English"))
		set(t, c, 1, groups{"alt_text": `{"text":"a"}`}, nil, of("x"), 20)
		set(t, c, 1, groups{"management_info": unmanaged}, nil, of("x"), 20) // says nothing
		for _, client := range []string{"x", "y", ""} {
			if err := c.MayChange(t.Context(), 1, of(client)); err != nil {
				t.Errorf("unmanaged, %q: %v", client, err)
			}
		}
		set(t, c, 1, manage, nil, of("x"), 21)
		before, entries := groups{"alt_text": `{"text":"a"}`, "management_info": managed}, trail(t, c, 1)

		for _, client := range []string{"y", "", "x "} {
			by := of(client)
			for what, change := range map[string]func() error{
				"MayChange": func() error { return c.MayChange(t.Context(), 1, by) },
				"MergeMetadata": func() error {
					_, err := c.MergeMetadata(t.Context(), 1, groups{"alt_text": `{"text":"b"}`}, nil, by, at(22))
					return err
				},
				"MergeMetadata of nothing": func() error { _, err := c.MergeMetadata(t.Context(), 1, nil, nil, by, at(22)); return err },
				"taking it over":           func() error { _, err := c.MergeMetadata(t.Context(), 1, manage, nil, by, at(22)); return err },
				"ending it": func() error {
					_, err := c.MergeMetadata(t.Context(), 1, groups{"management_info": unmanaged}, nil, by, at(22))
					return err
				},
				"clearing it": func() error {
					_, err := c.MergeMetadata(t.Context(), 1, nil, []string{"management_info"}, by, at(22))
					return err
				},
				"AttachSubtitles": func() error {
					_, err := c.AttachSubtitles(t.Context(), 1, []media.Subtitle{subtitle(11, "de", "Deutsch")}, by, at(22))
					return err
				},
				"DetachSubtitles": func() error {
					_, err := c.DetachSubtitles(t.Context(), 1, []media.Language{"en"}, by)
					return err
				},
			} {
				wantForbidden(t, fmt.Sprintf("%s by %q", what, client), change(), "the app x (")
			}
		}
		wantMetadata(t, c, map[media.ID]groups{1: before}, 1)
		wantTrail(t, c, 1, entries...)
		wantSubtitles(t, c, map[media.ID][]media.Subtitle{1: {attached(1, subtitle(11, "en", "English"), 20)}}, 1)

		// Another token of the client will do, and the server itself.
		other := of("x")
		other.Token = "another"
		set(t, c, 1, groups{"alt_text": `{"text":"c"}`}, nil, other, 23)
		set(t, c, 1, groups{"alt_text": `{"text":"d"}`}, nil, server, 24)
		if _, err := c.AttachSubtitles(t.Context(), 1, []media.Subtitle{subtitle(11, "de", "Deutsch")}, other, at(24)); err != nil {
			t.Error(err)
		}
		ok, err := c.DetachSubtitles(t.Context(), 1, []media.Language{"en"}, other)
		want(t, "DetachSubtitles", ok, err, true)
	})

	t.Run("until it says otherwise", func(t *testing.T) {
		c := open(t)
		createUnshared(t, c, 1) // also before it is finalized
		for i, end := range []func(){
			func() { set(t, c, 1, groups{"management_info": unmanaged}, nil, of("x"), 20) },
			func() { set(t, c, 1, nil, []string{"management_info"}, of("x"), 20) },
		} {
			set(t, c, 1, manage, nil, of("x"), 10)
			wantForbidden(t, "while managed", c.MayChange(t.Context(), 1, of("y")), "the app x (")
			end()
			if err := c.MayChange(t.Context(), 1, of("y")); err != nil {
				t.Errorf("end %d: %v", i, err)
			}
		}
		set(t, c, 1, manage, nil, of("y"), 30)
		wantForbidden(t, "by the former manager", c.MayChange(t.Context(), 1, of("x")), "the app y (")
	})

	t.Run("tokens without a client are one app", func(t *testing.T) {
		c := open(t)
		finalize(t, c, unshared(1))
		set(t, c, 1, manage, nil, of(""), 20)
		wantForbidden(t, "by an app", c.MayChange(t.Context(), 1, of("x")), "an operator")
		other := of("")
		other.Token = "another"
		set(t, c, 1, groups{"alt_text": `{"text":"a"}`}, nil, other, 21)
	})

	t.Run("a revoked client manages nothing", func(t *testing.T) {
		c := open(t)
		finalize(t, c, unshared(1))
		createApp(t, c, app(1))
		set(t, c, 1, manage, nil, of(app(1).ID), 20)
		wantForbidden(t, "by another", c.MayChange(t.Context(), 1, of("y")), app(1).ID)
		if _, err := c.RevokeClient(t.Context(), app(1).ID, at(30)); err != nil {
			t.Fatal(err)
		}
		if err := c.MayChange(t.Context(), 1, of("y")); err != nil {
			t.Errorf("after the client ended: %v", err)
		}
		entries := trail(t, c, 1)
		set(t, c, 1, manage, nil, of("y"), 31) // says what it said, and has another manager
		wantForbidden(t, "by a third", c.MayChange(t.Context(), 1, of("z")), "the app y (")
		wantTrail(t, c, 1, entries...)
	})

	t.Run("of two at once one manages", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 5; id++ {
			createUnshared(t, c, id)
			var took atomic.Int32
			together(6, func(i int) {
				_, err := c.MergeMetadata(t.Context(), id, manage, nil, of(fmt.Sprint("app", i)), at(20))
				switch media.CodeOf(err) {
				case "":
					took.Add(1)
				case media.CodeForbidden:
				default:
					t.Error(err)
				}
			})
			if took.Load() != 1 {
				t.Errorf("%d apps manage %s", took.Load(), id)
			}
		}
	})
}
