package catalogtest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func testClosing(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	closing := func(id media.ID, token string, since int) media.Session {
		s := session(id)
		s.State = media.SessionClosing
		s.ClosingToken = token
		s.ClosingSince = at(since)
		return s
	}

	t.Run("begin, give back, begin again", func(t *testing.T) {
		c := open(t)
		create(t, c, 1)
		got, took, err := c.BeginClosing(t.Context(), 1, "a", at(5), never)
		want(t, "BeginClosing", took, err, true)
		wantEqual(t, got, closing(1, "a", 5))
		wantSession(t, c, closing(1, "a", 5))

		ok, err := c.Reopen(t.Context(), 1, "b")
		want(t, "Reopen by another token", ok, err, false)
		wantSession(t, c, closing(1, "a", 5))

		ok, err = c.Reopen(t.Context(), 1, "a")
		want(t, "Reopen", ok, err, true)
		wantSession(t, c, session(1))
		ok, err = c.Reopen(t.Context(), 1, "a")
		want(t, "Reopen of an open session", ok, err, false)
		ok, err = c.Reopen(t.Context(), 404, "a")
		want(t, "Reopen of nothing", ok, err, false)

		take(t, c, 1, "b", at(6))
	})

	t.Run("a held session is shown, not taken", func(t *testing.T) {
		c := open(t)
		create(t, c, 1)
		take(t, c, 1, "a", at(5))
		for _, token := range []string{"b", "a"} {
			got, took, err := c.BeginClosing(t.Context(), 1, token, at(6), at(5))
			want(t, "BeginClosing by "+token, took, err, false)
			wantEqual(t, got, closing(1, "a", 5))
		}
	})

	t.Run("a stale closing is taken over", func(t *testing.T) {
		c := open(t)
		create(t, c, 1)
		take(t, c, 1, "a", at(5))
		got, took, err := c.BeginClosing(t.Context(), 1, "b", at(60), at(6))
		want(t, "BeginClosing", took, err, true)
		wantEqual(t, got, closing(1, "b", 60))

		ok, err := c.Reopen(t.Context(), 1, "a")
		want(t, "Reopen by the one it was taken from", ok, err, false)
		ok, err = c.CloseSession(t.Context(), "a", finalized(1), at(61))
		want(t, "CloseSession by the one it was taken from", ok, err, false)
		wantSession(t, c, closing(1, "b", 60))
		_, err = c.Media(t.Context(), 1)
		wantNotFound(t, "Media", err)
	})

	t.Run("an open session past its time is not taken", func(t *testing.T) {
		c := open(t)
		create(t, c, 1)
		got, took, err := c.BeginClosing(t.Context(), 1, "a", at(1000), never)
		want(t, "BeginClosing at ExpiresAt", took, err, false)
		wantEqual(t, got, session(1))
		take(t, c, 1, "a", at(999))
	})

	t.Run("nothing to take", func(t *testing.T) {
		c := open(t)
		_, _, err := c.BeginClosing(t.Context(), 404, "a", at(5), never)
		wantNotFound(t, "BeginClosing", err)
		create(t, c, 1)
		if _, _, err := c.BeginClosing(t.Context(), 1, "", at(5), never); err == nil {
			t.Fatal("an empty token was taken")
		}
		wantSession(t, c, session(1))
	})

	t.Run("closing makes the media, both or neither", func(t *testing.T) {
		c := open(t)
		create(t, c, 1)
		ok, err := c.CloseSession(t.Context(), "a", finalized(1), at(10))
		want(t, "CloseSession of an open session", ok, err, false)
		ok, err = c.CloseSession(t.Context(), "a", finalized(404), at(10))
		want(t, "CloseSession of nothing", ok, err, false)

		take(t, c, 1, "a", at(9))
		m := finalized(1)
		ok, err = c.CloseSession(t.Context(), "a", m, at(10))
		want(t, "CloseSession", ok, err, true)
		s := session(1)
		s.State = media.SessionClosed
		s.EndedAt = at(10)
		wantSession(t, c, s)
		wantMedia(t, c, m)

		ok, err = c.CloseSession(t.Context(), "a", m, at(11))
		want(t, "CloseSession again", ok, err, false)
		ok, err = c.Reopen(t.Context(), 1, "a")
		want(t, "Reopen of a closed session", ok, err, false)
		got, took, err := c.BeginClosing(t.Context(), 1, "b", at(2000), at(2000))
		want(t, "BeginClosing of a closed session", took, err, false)
		wantEqual(t, got, s)

		// A slug that is taken leaves the session as it was.
		create(t, c, 2)
		take(t, c, 2, "b", at(9))
		m2 := finalized(2)
		m2.Slug = m.Slug
		_, err = c.CloseSession(t.Context(), "b", m2, at(10))
		wantConflict(t, "CloseSession", err)
		wantSession(t, c, closing(2, "b", 9))
		_, err = c.Media(t.Context(), 2)
		wantNotFound(t, "Media", err)
		m2 = finalized(2)
		ok, err = c.CloseSession(t.Context(), "b", m2, at(10))
		want(t, "CloseSession with another slug", ok, err, true)
	})

	t.Run("expiry", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 6; id++ {
			create(t, c, id)
		}
		late := session(7)
		late.ExpiresAt = at(1001)
		if err := c.CreateSession(t.Context(), late); err != nil {
			t.Fatal(err)
		}
		take(t, c, 2, "stale", at(100))
		take(t, c, 3, "fresh", at(990))
		take(t, c, 4, "done", at(100))
		ok, err := c.CloseSession(t.Context(), "done", finalized(4), at(101))
		want(t, "CloseSession", ok, err, true)

		expire := func(now, limit int) []media.ID {
			t.Helper()
			ids, err := c.ExpireSessions(t.Context(), at(now), at(now-60), limit)
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		wantEqual(t, expire(999, 10), []media.ID{})
		wantEqual(t, expire(1000, 0), []media.ID{})
		wantEqual(t, expire(1000, -1), []media.ID{})
		first := expire(1000, 2)
		wantEqual(t, len(first), 2)
		rest := expire(1000, 10)
		got := map[media.ID]bool{}
		for _, id := range append(first, rest...) {
			got[id] = true
		}
		wantEqual(t, got, map[media.ID]bool{1: true, 2: true, 5: true, 6: true})
		wantEqual(t, expire(1000, 10), []media.ID{})

		for _, id := range []media.ID{1, 2} {
			s := session(id)
			s.State = media.SessionExpired
			s.EndedAt = at(1000)
			wantSession(t, c, s)
			_, took, err := c.BeginClosing(t.Context(), id, "late", at(500), at(2000))
			want(t, "BeginClosing of an expired session", took, err, false)
		}
		ok, err = c.CloseSession(t.Context(), "stale", finalized(2), at(1001))
		want(t, "CloseSession of an expired session", ok, err, false)
		wantSession(t, c, closing(3, "fresh", 990))
	})

	t.Run("of many that begin at once one takes it", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 5; id++ {
			create(t, c, id)
			var took atomic.Int32
			var winner atomic.Value
			together(20, func(i int) {
				token := fmt.Sprint("t", i)
				s, ok, err := c.BeginClosing(t.Context(), id, token, at(5), never)
				if err != nil || s.State != media.SessionClosing || ok != (s.ClosingToken == token) {
					t.Errorf("BeginClosing: %+v, %v, %v", s, ok, err)
				}
				if ok {
					took.Add(1)
					winner.Store(token)
				}
			})
			if took.Load() != 1 {
				t.Fatalf("%d took it", took.Load())
			}
			wantSession(t, c, closing(id, winner.Load().(string), 5))
		}
	})

	t.Run("finalize against expiry", func(t *testing.T) {
		c := open(t)
		for id := media.ID(1); id <= 10; id++ {
			create(t, c, id)
			take(t, c, id, "a", at(9))
			var closed, expired atomic.Bool
			together(4, func(i int) {
				if i < 2 {
					ok, err := c.CloseSession(t.Context(), "a", finalized(id), at(1000))
					if err != nil {
						t.Error(err)
					}
					if ok && closed.Swap(true) {
						t.Error("closed twice")
					}
					return
				}
				ids, err := c.ExpireSessions(t.Context(), at(1000), at(1000), 10)
				if err != nil {
					t.Error(err)
				}
				if len(ids) > 0 && expired.Swap(true) {
					t.Error("expired twice")
				}
			})
			if closed.Load() == expired.Load() {
				t.Fatalf("closed %v and expired %v", closed.Load(), expired.Load())
			}
			_, err := c.Media(t.Context(), id)
			if closed.Load() != (err == nil) {
				t.Fatalf("closed %v, but reading the media gives %v", closed.Load(), err)
			}
		}
	})
}
