package catalogtest

import (
	"slices"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// testBlank is about sessions that are nobody's until they are closed.
func testBlank(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	blanks := func(t *testing.T, c *catalog.Catalog, want []media.ID, ids ...media.ID) {
		t.Helper()
		made, err := c.CreateBlanks(t.Context(), ids, "t", at(0), at(1000))
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, made, want)
	}
	blank := func(id media.ID) media.Session {
		return media.Session{ID: id, State: media.SessionClosing, ClosingToken: "t", ClosingSince: at(0), CreatedAt: at(0), ExpiresAt: at(1000)}
	}
	filled := func(m media.Media, ended int) media.Session {
		return media.Session{
			ID: m.ID, Owner: m.Owner, Category: m.Category, Type: m.Type, TotalBytes: m.Size(), AdditionalOwners: m.AdditionalOwners,
			State: media.SessionClosed, CreatedAt: m.CreatedAt, ExpiresAt: at(1000), EndedAt: at(ended),
		}
	}

	t.Run("under free ids, in no list", func(t *testing.T) {
		c := open(t)
		create(t, c, 3)
		blanks(t, c, []media.ID{5, 1}, 5, 3, 1)
		wantSession(t, c, session(3))
		wantSession(t, c, blank(1))
		wantSession(t, c, blank(5))
		blanks(t, c, nil, 5)
		all, err := c.UploadsOfAll(t.Context(), 0, 10)
		if err != nil || len(all) != 1 || all[0].ID != 3 {
			t.Errorf("the uploads are %+v, %v", all, err)
		}
		stored, err := c.Storage(t.Context(), "")
		if err != nil || stored.Used() != 0 {
			t.Errorf("nobody's storage is %+v, %v", stored, err)
		}
	})

	t.Run("as many as there may be", func(t *testing.T) {
		c := open(t)
		for n := 1; n <= 64; n *= 4 {
			var ids []media.ID
			for i := range n {
				ids = append(ids, media.ID(1000*n+i))
			}
			blanks(t, c, ids, ids...)
			wantSession(t, c, blank(ids[n-1]))
		}
	})

	t.Run("closed as what its media is", func(t *testing.T) {
		c := open(t)
		blanks(t, c, []media.ID{1, 2}, 1, 2)
		for _, token := range []string{"", "other"} {
			ok, err := c.CloseSession(t.Context(), token, finalized(1), at(10))
			want(t, "CloseSession by another token", ok, err, false)
		}
		pending := finalized(1)
		ok, err := c.CloseSession(t.Context(), "t", pending, at(10))
		want(t, "CloseSession", ok, err, true)
		wantSession(t, c, filled(pending, 10))
		pending.Shared = false // which the session says
		wantMedia(t, c, pending)

		m := finalized(2)
		m.State, m.Attempt = media.InProgress, 1
		o := media.Outcome{Width: 9, Renditions: []media.Rendition{rendition(2, 1, "720.mp4")}}
		got, ok, err := c.CloseMade(t.Context(), "t", m, o, at(11))
		want(t, "CloseMade", ok, err, true)
		wantMedia(t, c, got)
		if got.State != media.Succeeded || got.Shared || got.Owner != m.Owner {
			t.Errorf("%+v", got)
		}
		wantSession(t, c, filled(m, 11))

		stored, err := c.Storage(t.Context(), m.Owner)
		if err != nil || stored.Media != 2 || stored.Originals != 2*m.Size() || stored.Uploads != 0 {
			t.Errorf("the storage is %+v, %v", stored, err)
		}
		stored, err = c.Storage(t.Context(), "")
		if err != nil || stored.Used() != 0 || stored.Media != 0 {
			t.Errorf("nobody's storage is %+v, %v", stored, err)
		}
	})

	t.Run("those of which nothing came expire", func(t *testing.T) {
		c := open(t)
		blanks(t, c, []media.ID{1, 2}, 1, 2)
		ok, err := c.CloseSession(t.Context(), "t", finalized(2), at(10))
		want(t, "CloseSession", ok, err, true)
		ids, err := c.ExpireSessions(t.Context(), at(999), at(999), 10)
		if err != nil || len(ids) != 0 {
			t.Errorf("before their time %v, %v", ids, err)
		}
		ids, err = c.ExpireSessions(t.Context(), at(1000), at(1000), 10)
		if err != nil || !slices.Equal(ids, []media.ID{1}) {
			t.Errorf("%v expired, %v", ids, err)
		}
		ok, err = c.CloseSession(t.Context(), "t", finalized(1), at(1001))
		want(t, "CloseSession of an expired one", ok, err, false)
		pruned, err := c.Prune(t.Context(), at(2000), 10)
		if err != nil || !slices.Equal(pruned, []media.ID{1}) {
			t.Errorf("%v pruned, %v", pruned, err)
		}
	})
}
