package catalogtest

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

const ann, bob = "2244994945", "12"

// wantStorage also counts everything anew.
func wantStorage(t testingT, c *catalog.Catalog, owner string, want catalog.Storage) {
	t.Helper()
	got, err := c.Storage(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, want)
	wantCounted(t, c)
}

func wantCounted(t testingT, c *catalog.Catalog) {
	t.Helper()
	faults, err := c.CheckStorage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, faults, nil)
}

func letGo(t testingT, c *catalog.Catalog, want []media.ID, list ...media.Media) {
	t.Helper()
	got, err := c.LetGo(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, want)
}

// sized is a media of one segment of so many bytes.
func sized(id media.ID, owner string, bytes int64) media.Media {
	m := finalized(id)
	m.Owner, m.AdditionalOwners = owner, nil
	m.Manifest = media.Manifest{{Key: fmt.Sprintf("segments/%d/000-a", id), Size: bytes}}
	return m
}

// begin opens a session of so many bytes.
func begin(t testingT, c *catalog.Catalog, id media.ID, owner string, bytes, quota int64) error {
	t.Helper()
	s := session(id)
	s.Owner, s.TotalBytes = owner, bytes
	return c.CreateSessionWithin(t.Context(), s, quota)
}

func wantQuota(t testingT, what string, err error, words string) {
	t.Helper()
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeQuota || !strings.Contains(e.Detail, words) {
		t.Fatalf("%s: got error %v, want one of code quota with %q", what, err, words)
	}
}

func testStorage(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	none := catalog.Storage{Quota: catalog.ServersQuota}

	t.Run("closing from its beginning", func(t *testing.T) {
		c := open(t)
		closing := func(id media.ID, quota int64) error {
			s := session(id)
			s.Owner, s.TotalBytes, s.State, s.ClosingToken, s.ClosingSince = ann, 100, media.SessionClosing, "a", at(5)
			return c.CreateSessionWithin(t.Context(), s, quota)
		}
		if err := closing(1, 0); err != nil {
			t.Fatal(err)
		}
		wantStorage(t, c, ann, none)
		want := none
		if err := closing(2, 150); err != nil {
			t.Fatal(err)
		}
		want.Uploads = 100
		wantStorage(t, c, ann, want)
		wantQuota(t, "a second one", closing(3, 150), "100 are used")
		for _, id := range []media.ID{1, 2} {
			if ok, err := c.CloseSession(t.Context(), "a", sized(id, ann, 100), at(10)); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		want.Uploads, want.Originals, want.Media = 0, 200, 2
		wantStorage(t, c, ann, want)
		if err := c.SetQuota(t.Context(), ann, 250); err != nil { // the user's own counts as well
			t.Fatal(err)
		}
		wantQuota(t, "one past the user's own quota", closing(4, 0), "200 are used")
		wantCounted(t, c)
	})

	t.Run("the life of a media", func(t *testing.T) {
		c := open(t)
		wantStorage(t, c, ann, none)
		if err := begin(t, c, 1, ann, 100, 0); err != nil {
			t.Fatal(err)
		}
		want := none
		want.Uploads = 100
		wantStorage(t, c, ann, want)
		take(t, c, 1, "a", at(5))
		if ok, err := c.CloseSession(t.Context(), "a", sized(1, ann, 100), at(10)); !ok || err != nil {
			t.Fatal(ok, err)
		}
		want.Uploads, want.Originals, want.Media = 0, 100, 1
		wantStorage(t, c, ann, want)
		claim(t, c, 1, at(20))
		r := []media.Rendition{rendition(1, 1, "a.mp4"), rendition(1, 1, "b.mp4")}
		r[0].Blob.Size, r[1].Blob.Size = 7, 30
		publish(t, c, 1, 1, media.Outcome{Renditions: r, More: true}, at(21))
		want.Renditions = 37
		wantStorage(t, c, ann, want)
		claim(t, c, 1, at(22))
		r[0].Blob = media.Blob{Key: "renditions/1/2/a.mp4", Size: 5}
		publish(t, c, 1, 2, media.Outcome{Renditions: r[:1]}, at(23))
		want.Renditions = 5
		wantStorage(t, c, ann, want)
		if _, err := c.DeleteMedia(t.Context(), 1, at(30)); err != nil {
			t.Fatal(err)
		}
		wantStorage(t, c, ann, want)
		m, err := c.Media(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		other := m
		other.GoneAt = at(29)
		letGo(t, c, []media.ID{}, other, media.Media{ID: 404, GoneAt: at(30)})
		letGo(t, c, []media.ID{1}, m, m)
		wantStorage(t, c, ann, none)
		letGo(t, c, []media.ID{}, m)
		wantStorage(t, c, bob, none)
	})

	t.Run("what comes to nothing gives its room back", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 3; id++ {
			if err := begin(t, c, id, ann, 100, 0); err != nil {
				t.Fatal(err)
			}
		}
		ok, err := c.AbortSession(t.Context(), 1, catalog.Actor{}, at(5))
		want(t, "AbortSession", ok, err, true)
		ok, err = c.AbortSession(t.Context(), 1, catalog.Actor{}, at(6))
		want(t, "AbortSession again", ok, err, false)
		ok, err = c.AbortSession(t.Context(), 404, catalog.Actor{}, at(6))
		want(t, "AbortSession of nothing", ok, err, false)
		take(t, c, 2, "a", at(7))
		ok, err = c.AbortSession(t.Context(), 2, catalog.Actor{}, at(8))
		want(t, "AbortSession of one that is closing", ok, err, false)
		wantStorage(t, c, ann, catalog.Storage{Uploads: 200, Quota: catalog.ServersQuota})
		if _, err := c.ExpireSessions(t.Context(), at(1000), at(1000), 10); err != nil {
			t.Fatal(err)
		}
		wantStorage(t, c, ann, none)
		s := session(1)
		s.TotalBytes, s.State, s.EndedAt = 100, media.SessionExpired, at(5)
		wantSession(t, c, s)
	})

	t.Run("a quota", func(t *testing.T) {
		c := open(t)
		if err := begin(t, c, 1, ann, 60, 100); err != nil {
			t.Fatal(err)
		}
		wantQuota(t, "41 more", begin(t, c, 2, ann, 41, 100), "The upload of 41 bytes would exceed the storage quota of 100 bytes, of which 60 are used.")
		_, err := c.Session(t.Context(), 2)
		wantNotFound(t, "a session that was refused", err)
		if err := begin(t, c, 3, ann, media.Undeclared, 100); err != nil {
			t.Fatal(err)
		}
		wantQuota(t, "41 reserved", c.Reserve(t.Context(), 3, 41, 100), "60 are used")
		if err := c.Reserve(t.Context(), 3, 40, 100); err != nil {
			t.Fatal(err)
		}
		if err := c.Reserve(t.Context(), 3, 40, 100); err != nil { // again
			t.Fatal(err)
		}
		wantStorage(t, c, ann, catalog.Storage{Uploads: 100, Quota: catalog.ServersQuota})
		wantQuota(t, "any more", begin(t, c, 4, ann, media.Undeclared, 100), "has no room for another upload: 100 bytes are used")
		if err := begin(t, c, 5, bob, 100, 100); err != nil {
			t.Fatal("another user:", err)
		}
		if err := c.Reserve(t.Context(), 3, 0, 100); err != nil {
			t.Fatal(err)
		}
		if err := begin(t, c, 6, ann, 40, 100); err != nil {
			t.Fatal(err)
		}
		wantNotFound(t, "Reserve", c.Reserve(t.Context(), 404, 1, 0))
		wantCounted(t, c)
	})

	t.Run("a quota of one's own", func(t *testing.T) {
		c := open(t)
		if err := c.SetQuota(t.Context(), ann, 10); err != nil {
			t.Fatal(err)
		}
		wantStorage(t, c, ann, catalog.Storage{Quota: 10})
		wantQuota(t, "more than the own", begin(t, c, 1, ann, 11, 100), "quota of 10 bytes")
		if err := c.SetQuota(t.Context(), ann, 0); err != nil {
			t.Fatal(err)
		}
		if err := begin(t, c, 1, ann, 1000, 100); err != nil {
			t.Fatal(err)
		}
		if err := c.SetQuota(t.Context(), ann, catalog.ServersQuota); err != nil {
			t.Fatal(err)
		}
		wantQuota(t, "more than the server's", begin(t, c, 2, ann, 1, 100), "of which 1000 are used")
		take(t, c, 1, "a", at(5)) // what has its room gets in
		if ok, err := c.CloseSession(t.Context(), "a", sized(1, ann, 1000), at(10)); !ok || err != nil {
			t.Fatal(ok, err)
		}
		wantStorage(t, c, ann, catalog.Storage{Originals: 1000, Media: 1, Quota: catalog.ServersQuota})
	})

	t.Run("uploads at once share the room", func(t *testing.T) {
		c := open(t)
		var in atomic.Int64
		together(16, func(i int) {
			err := begin(t, c, media.ID(i+1), ann, 30, 100)
			if err == nil {
				in.Add(1)
			} else if media.CodeOf(err) != media.CodeQuota {
				t.Error(err)
			}
		})
		wantEqual(t, in.Load(), int64(3))
		wantStorage(t, c, ann, catalog.Storage{Uploads: 90, Quota: catalog.ServersQuota})
	})

	t.Run("pruning lets go first", func(t *testing.T) {
		c := open(t)
		finalize(t, c, sized(1, ann, 100))
		if _, err := c.DeleteMedia(t.Context(), 1, at(30)); err != nil {
			t.Fatal(err)
		}
		ids, err := c.Prune(t.Context(), at(31), 10)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, ids, []media.ID{1})
		wantStorage(t, c, ann, none)
	})

	t.Run("whatever happens, the sums are right", func(t *testing.T) {
		c := open(t)
		rapid.Check(t, func(rt *rapid.T) {
			storageModel(rt, c)
			forget(rt, c)
		})
	})
}

// forget removes every upload of storageModel, which takes less than a new
// catalogue, and leaves the sums at nothing.
func forget(t *rapid.T, c *catalog.Catalog) {
	if _, err := c.ExpireSessions(t.Context(), at(5000), at(5000), 100); err != nil {
		t.Fatal(err)
	}
	for id := media.ID(1); id <= 3; id++ {
		if _, err := c.DeleteMedia(t.Context(), id, at(5000)); err != nil && media.CodeOf(err) != media.CodeNotFound {
			t.Fatal(err)
		}
	}
	if _, err := c.Prune(t.Context(), at(6000), 100); err != nil {
		t.Fatal(err)
	}
	wantCounted(t, c)
	for _, owner := range []string{ann, bob} {
		if s, err := c.Storage(t.Context(), owner); err != nil || s.Used() != 0 || s.Media != 0 {
			t.Fatalf("user %s has %+v, %v when all is gone", owner, s, err)
		}
	}
}

// storageModel does random things to a few uploads of two users and counts
// everything anew after each.
func storageModel(t *rapid.T, c *catalog.Catalog) {
	ids := rapid.SampledFrom([]media.ID{1, 2, 3})
	clock := 10
	tick := func() time.Time { clock++; return at(clock) }
	fine := func(err error) {
		if err != nil && media.CodeOf(err) != media.CodeNotFound && media.CodeOf(err) != media.CodeQuota && !errors.Is(err, catalog.ErrConflict) {
			t.Fatal(err)
		}
	}
	owner := func(id media.ID) string { return []string{ann, bob}[id%2] }
	steps(t, map[string]func(*rapid.T){
		"": func(t *rapid.T) { wantCounted(t, c) },
		"begin": func(t *rapid.T) {
			id := ids.Draw(t, "id")
			fine(begin(t, c, id, owner(id), rapid.SampledFrom([]int64{media.Undeclared, 0, 50}).Draw(t, "total"), 120))
		},
		"reserve": func(t *rapid.T) {
			fine(c.Reserve(t.Context(), ids.Draw(t, "id"), rapid.Int64Range(0, 90).Draw(t, "bytes"), 120))
		},
		"close": func(t *rapid.T) {
			id := ids.Draw(t, "id")
			token := fmt.Sprint(clock)
			_, _, err := c.BeginClosing(t.Context(), id, token, tick(), never)
			fine(err)
			_, err = c.CloseSession(t.Context(), token, sized(id, owner(id), 50), tick())
			fine(err)
		},
		"process": func(t *rapid.T) {
			id := ids.Draw(t, "id")
			_, err := c.Redo(t.Context(), id, at(45))
			fine(err)
			m, ok, err := c.Claim(t.Context(), id, tick())
			fine(err)
			if ok {
				r := rendition(id, int(m.Attempt), "a.mp4")
				r.Blob.Size = rapid.Int64Range(0, 9).Draw(t, "size")
				_, err = c.Publish(t.Context(), id, m.Attempt, media.Outcome{Renditions: []media.Rendition{r}}, tick())
				fine(err)
			}
		},
		"delete": func(t *rapid.T) {
			_, err := c.DeleteMedia(t.Context(), ids.Draw(t, "id"), tick())
			fine(err)
		},
		"restore": func(t *rapid.T) {
			_, err := c.RestoreMedia(t.Context(), ids.Draw(t, "id"), catalog.Actor{}, time.Time{}, tick())
			fine(err)
		},
		"let go": func(t *rapid.T) {
			m, err := c.Media(t.Context(), ids.Draw(t, "id"))
			fine(err)
			_, err = c.LetGo(t.Context(), []media.Media{m})
			fine(err)
		},
		"abort": func(t *rapid.T) {
			_, err := c.AbortSession(t.Context(), ids.Draw(t, "id"), catalog.Actor{}, tick())
			fine(err)
		},
		"expire": func(t *rapid.T) {
			_, err := c.ExpireSessions(t.Context(), at(1000), at(1000), 1)
			fine(err)
		},
		"prune": func(t *rapid.T) {
			_, err := c.Prune(t.Context(), at(2000), 1)
			fine(err)
		},
	})
}
