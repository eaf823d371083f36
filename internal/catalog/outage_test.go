package catalog_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/faultproxy"
	"magpie/internal/media"
)

// behindProxy opens a catalogue in a database of its own through a proxy.
func behindProxy(t *testing.T, o catalog.PostgresOptions) (*catalog.Catalog, *faultproxy.Proxy) {
	t.Helper()
	direct, err := url.Parse(newDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	server.Lock()
	p := faultproxy.New(t, "unix", server.Socket())
	server.Unlock()
	return openPostgres(t, fmt.Sprintf("postgres://magpie@%s%s?sslmode=disable", p.Address(), direct.Path), o), p
}

// TestLostAnswers: every step of an upload is made exactly once, whichever of the
// server's answers is lost, that to the commit included.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	c, p := behindProxy(t, options(t))
	ctx, now := t.Context(), time.UnixMilli(1500)
	open := func(id media.ID) media.Session {
		s := someSession(id)
		s.Owner, s.TotalBytes, s.ExpiresAt = id.String(), 100, time.UnixMilli(9000)
		return s
	}
	pending := func(id media.ID) media.Media {
		return media.Media{ID: id, Owner: id.String(), Slug: "slug" + id.String(), State: media.Pending, CreatedAt: now, TouchedAt: now}
	}
	create := func(id media.ID) error { return c.CreateSessionWithin(ctx, open(id), 150) }
	begin := func(id media.ID) error {
		_, took, err := c.BeginClosing(ctx, id, "t", now, time.UnixMilli(1))
		if err == nil && !took {
			err = fmt.Errorf("the session was not taken")
		}
		return err
	}
	must := func(steps ...func(media.ID) error) func(media.ID) {
		return func(id media.ID) {
			t.Helper()
			for _, step := range steps {
				if err := step(id); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	id := media.ID(1)
	for _, step := range []struct {
		name    string
		prepare func(media.ID)
		do      func(media.ID) error
		state   media.SessionState
		uploads int64 // bytes reserved
		kept    int64 // media
	}{
		{"create a session", must(), create, media.SessionOpen, 100, 0},
		{"begin closing", must(create), begin, media.SessionClosing, 100, 0},
		{"close", must(create, begin), func(id media.ID) error {
			ok, err := c.CloseSession(ctx, "t", pending(id), now)
			if err == nil && !ok {
				err = fmt.Errorf("it was not closed")
			}
			return err
		}, media.SessionClosed, 0, 1},
		{"close what is made", must(create, begin), func(id media.ID) error {
			m := pending(id)
			m.State, m.Attempt = media.InProgress, 1
			m, ok, err := c.CloseMade(ctx, "t", m, media.Outcome{Width: 3}, now)
			if err == nil && (!ok || m.State != media.Succeeded || m.Width != 3) {
				err = fmt.Errorf("%v, %+v", ok, m)
			}
			return err
		}, media.SessionClosed, 0, 1},
		{"make blanks", must(), func(id media.ID) error {
			ids := []media.ID{1000 + 2*id, 1001 + 2*id}
			made, err := c.CreateBlanks(ctx, ids, id.String(), now, time.UnixMilli(9000))
			if err == nil && !slices.Equal(made, ids) {
				err = fmt.Errorf("made are %v", made)
			}
			return errors.Join(err, create(id))
		}, media.SessionOpen, 100, 0},
		{"close a blank", func(id media.ID) {
			if _, err := c.CreateBlanks(ctx, []media.ID{id}, "t", now, time.UnixMilli(9000)); err != nil {
				t.Fatal(err)
			}
		}, func(id media.ID) error {
			ok, err := c.CloseSession(ctx, "t", pending(id), now)
			if err == nil && !ok {
				err = fmt.Errorf("it was not closed")
			}
			return err
		}, media.SessionClosed, 0, 1},
	} {
		lost := 0
		for answer := 1; ; answer++ {
			id++
			step.prepare(id)
			p.LoseAnswer(answer)
			if err := step.do(id); err != nil {
				t.Errorf("%s, answer %d is lost: %v", step.name, answer, err)
			}
			if s, err := c.Session(ctx, id); err != nil || s.State != step.state {
				t.Errorf("%s, answer %d is lost: the session is %s, %v", step.name, answer, s.State, err)
			}
			if s, err := c.Storage(ctx, id.String()); err != nil || s.Uploads != step.uploads || s.Media != step.kept {
				t.Errorf("%s, answer %d is lost: the storage is %+v, %v", step.name, answer, s, err)
			}
			if p.Hits() == 0 {
				break // it took fewer
			}
			lost++
		}
		if lost < 3 { // to begin, to the statement, to commit
			t.Errorf("%s: only %d answers were lost", step.name, lost)
		}
	}
}

// TestSilentServer: while nothing comes through, everybody is told to come back,
// also those who only wait for a connection; and then all is well by itself.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	c, p := behindProxy(t, catalog.PostgresOptions{
		Connections: 3, Timeout: time.Second, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	creates(t, c, 1)
	p.Freeze()
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			var err error
			switch i % 3 {
			case 0:
				_, err = c.Session(t.Context(), 1)
			case 1:
				err = c.CreateSession(t.Context(), someSession(media.ID(100+i)))
			case 2:
				_, err = c.MediaList(t.Context(), []media.ID{1})
			}
			if media.CodeOf(err) != media.CodeBusy {
				t.Errorf("%d: %v, want words to try again later", i, err)
			}
		})
	}
	all.Wait()
	wantBusy(t, "once that is known", c.CreateSession(t.Context(), someSession(2)))
	p.Heal()
	comesBack(t, c)
}
