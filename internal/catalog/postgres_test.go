package catalog_test

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/catalog/catalogtest"
	"magpie/internal/catalog/postgrestest"
	"magpie/internal/media"
)

func TestPostgres(t *testing.T) {
	catalogtest.Run(t, func(t *testing.T) *catalog.Catalog { return openPostgres(t, newDatabase(t), options(t)) })
}

// server is the one PostgreSQL server of a run of these tests, which TestMain
// stops.
var server struct {
	sync.Mutex
	*postgrestest.Server
	failed error
	number int
	free   []string // URLs of databases without rows
}

// template is an up-to-date catalogue, for databases to be copied from.
const template = "magpie_template"

// startServer gives the server. The caller holds the lock.
func startServer(t *testing.T) *postgrestest.Server {
	t.Helper()
	if server.Server == nil && server.failed == nil {
		server.Server, server.failed = startWithTemplate(t)
	}
	if server.failed != nil {
		t.Fatal(server.failed)
	}
	return server.Server
}

func startWithTemplate(t *testing.T) (*postgrestest.Server, error) {
	s, err := postgrestest.Start()
	if err != nil {
		return nil, err
	}
	url, err := s.Create(t.Context(), template, "")
	if err != nil {
		return s, err
	}
	c, err := catalog.OpenPostgres(t.Context(), url, options(t))
	if err != nil {
		return s, err
	}
	return s, c.Close()
}

// copyOf gives the URL of a new database: a copy of another, or empty for "".
func copyOf(t *testing.T, template string) string {
	t.Helper()
	server.Lock()
	defer server.Unlock()
	s := startServer(t)
	server.number++
	url, err := s.Create(t.Context(), fmt.Sprintf("t%d", server.number), template)
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// newDatabase gives the URL of a catalogue that is empty, until the test ends.
// Others get it afterwards: emptying one takes less than making one.
func newDatabase(t *testing.T) string {
	t.Helper()
	server.Lock()
	var url string
	if last := len(server.free) - 1; last >= 0 {
		url, server.free = server.free[last], server.free[:last]
	}
	server.Unlock()
	if url == "" {
		url = copyOf(t, template)
	}
	t.Cleanup(func() {
		if err := empty(url); err != nil {
			t.Error(err)
			return
		}
		server.Lock()
		defer server.Unlock()
		server.free = append(server.free, url)
	})
	return url
}

// empty takes all rows out of a catalogue.
func empty(url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(`DO $$
DECLARE t text;
BEGIN
    SET LOCAL session_replication_role = replica; -- without the foreign keys
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('goose_db_version', 'compatible_from', 'event_counter') LOOP
        EXECUTE format('DELETE FROM %I', t);
    END LOOP;
    UPDATE event_counter SET last = 0, pruned = 0;
END $$`)
	return err
}

func options(t testing.TB) catalog.PostgresOptions {
	return catalog.PostgresOptions{Connections: 16, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

func openPostgres(t *testing.T, url string, o catalog.PostgresOptions) *catalog.Catalog {
	t.Helper()
	c, err := catalog.OpenPostgres(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// TestPostgresMigratesOnce opens an empty database from many sides at once.
func TestPostgresMigratesOnce(t *testing.T) {
	url := copyOf(t, "")
	if c, err := catalog.OpenPostgresReadOnly(t.Context(), url, options(t)); err == nil || c != nil || !strings.Contains(err.Error(), "magpie migrate") {
		t.Errorf("reading from an empty database: %v", err)
	}
	const n = 6
	ran := make([]int, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			c, err := catalog.OpenPostgres(t.Context(), url, options(t))
			if err != nil {
				t.Error(err)
				return
			}
			ran[i] = len(c.Migrated())
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	slices.Sort(ran)
	if ran[n-2] != 0 || ran[n-1] < 12 {
		t.Errorf("so many migrations were run: %v, want all by one", ran)
	}
	c, err := catalog.OpenPostgresReadOnly(t.Context(), url, options(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.CreateSession(t.Context(), someSession(1)); err == nil {
		t.Error("a catalogue that is open for reading was written to")
	}
	words, durable, err := c.Server(t.Context())
	if err != nil || durable || !strings.Contains(words, "fsync off") {
		t.Errorf("the server is %q, durable %v, %v; it runs without fsync", words, durable, err)
	}
}

// TestPostgresRefuses opens what can't be a catalogue.
func TestPostgresRefuses(t *testing.T) {
	base := copyOf(t, "")
	for _, tc := range []struct{ url, want string }{
		{"mysql://u:hush@h/x", "postgres://"},
		{"postgres://u:hu%zzsh@h/x", "%xx"},
		{"postgres://u:hush@h:port/x", "can't be read"},
		{"postgres://u:hush@127.0.0.1:1/x?sslpassword=hush", "can't reach"},
		{base + "&options=-csynchronous_commit%3Doff", "synchronous_commit"},
	} {
		c, err := catalog.OpenPostgres(t.Context(), tc.url, options(t))
		if err == nil || c != nil {
			t.Errorf("%s was opened", tc.url)
			continue
		}
		if !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "hu%") {
			t.Errorf("%s: %v", tc.url, err)
		}
	}
}

// TestPostgresAway ends the server, and pauses it, under a catalogue that is in
// use: what is asked then is answered with words to try again, and everything
// works when it is back.
func TestPostgresAway(t *testing.T) {
	own, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := own.Stop(); err != nil {
			t.Error(err)
		}
	}()
	url, err := own.Create(t.Context(), "magpie", "")
	if err != nil {
		t.Fatal(err)
	}
	o := options(t)
	o.Timeout = time.Second
	c := openPostgres(t, url, o)
	creates(t, c, 1)
	if err := own.Kill(); err != nil {
		t.Fatal(err)
	}
	for range 12 { // more than it takes for the link to give up trying
		wantBusy(t, "writing", c.CreateSession(t.Context(), someSession(2)))
		_, err := c.Session(t.Context(), 1)
		wantBusy(t, "reading", err)
		_, err = c.MediaList(t.Context(), []media.ID{1})
		wantBusy(t, "reading at one instant", err)
	}
	wantBusy(t, "ping", c.Ping(t.Context()))
	if err := own.Run(); err != nil {
		t.Fatal(err)
	}
	comesBack(t, c)

	if err := own.Pause(true); err != nil {
		t.Fatal(err)
	}
	_, err = c.Session(t.Context(), 1)
	if e := own.Pause(false); e != nil {
		t.Fatal(e)
	}
	wantBusy(t, "reading from a server that is stopped", err)
	comesBack(t, c)
	creates(t, c, 2)
}

// creates makes a session as clients do, who come back when they are told to: where
// the time of a statement is a second, a machine may take longer.
func creates(t *testing.T, c *catalog.Catalog, id media.ID) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := c.CreateSession(t.Context(), someSession(id))
		if err == nil {
			return
		}
		if media.CodeOf(err) != media.CodeBusy || time.Now().After(deadline) {
			t.Fatal(err)
		}
		if s, err := c.Session(t.Context(), id); err == nil && s.ID == id {
			return // it was made, and the answer came too late
		}
	}
}

// comesBack polls until the catalogue answers.
func comesBack(t *testing.T, c *catalog.Catalog) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		s, err := c.Session(t.Context(), 1)
		if err == nil && s.ID == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func wantBusy(t *testing.T, what string, err error) {
	t.Helper()
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeBusy || e.RetryAfter <= 0 || e.Detail == "" {
		t.Fatalf("%s: %v, want words to try again later", what, err)
	}
}

func someSession(id media.ID) media.Session {
	return media.Session{ID: id, Owner: "1", State: media.SessionOpen, CreatedAt: time.UnixMilli(1), ExpiresAt: time.UnixMilli(2)}
}
