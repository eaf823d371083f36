package catalogtest

import (
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func testSession(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("comes back as stored", func(t *testing.T) {
		c := open(t)
		full := session(1)
		bare := media.Session{
			ID: media.ID(1<<63 - 1), Owner: "1", TotalBytes: media.Undeclared,
			State: media.SessionOpen, CreatedAt: at(1), ExpiresAt: at(2),
		}
		for _, s := range []media.Session{full, bare} {
			if err := c.CreateSession(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			wantSession(t, c, s)
		}
	})

	t.Run("times are cut to the millisecond, empty lists are nil", func(t *testing.T) {
		c := open(t)
		s := session(1)
		s.AdditionalOwners = []string{}
		s.CreatedAt = at(0).Add(999_999 * time.Nanosecond).In(time.FixedZone("", 3600))
		if err := c.CreateSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		s.AdditionalOwners = nil
		s.CreatedAt = at(0)
		wantSession(t, c, s)
	})

	t.Run("text is data", func(t *testing.T) {
		c := open(t)
		s := session(1)
		s.Owner = `'; DROP TABLE session; -- "$1 ?1 %s ` + "\u00e9\U0001F426"
		s.AdditionalOwners = []string{`","`, `\`, `<&>`}
		if err := c.CreateSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		wantSession(t, c, s)
	})

	t.Run("unknown id", func(t *testing.T) {
		c := open(t)
		_, err := c.Session(t.Context(), 404)
		wantNotFound(t, "Session", err)
	})

	t.Run("a taken id is a conflict and changes nothing", func(t *testing.T) {
		c := open(t)
		create(t, c, 1)
		other := session(1)
		other.Owner = "666"
		wantConflict(t, "CreateSession over a session", c.CreateSession(t.Context(), other))
		wantSession(t, c, session(1))

		m := finalized(2)
		finalize(t, c, m)
		other.ID = 2
		wantConflict(t, "CreateSession over a media", c.CreateSession(t.Context(), other))
		wantMedia(t, c, m)
	})

	t.Run("of many that create one id at once, one does", func(t *testing.T) {
		c := open(t)
		errs := make([]error, 20)
		together(len(errs), func(i int) { errs[i] = c.CreateSession(t.Context(), session(1)) })
		created := 0
		for _, err := range errs {
			if err == nil {
				created++
				continue
			}
			wantConflict(t, "CreateSession", err)
		}
		wantEqual(t, created, 1)
	})

	t.Run("a read sees what another goroutine's call has written", func(t *testing.T) {
		c := open(t)
		create(t, c, 1)
		for i := range 50 {
			done := make(chan error)
			go func() {
				_, took, err := c.BeginClosing(t.Context(), 1, "token", at(i), never)
				if err == nil && !took {
					t.Error("not taken")
				}
				done <- err
			}()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			s, err := c.Session(t.Context(), 1)
			if err != nil || s.State != media.SessionClosing {
				t.Fatalf("round %d: state %q, %v", i, s.State, err)
			}
			ok, err := c.Reopen(t.Context(), 1, "token")
			want(t, "Reopen", ok, err, true)
		}
	})
}
