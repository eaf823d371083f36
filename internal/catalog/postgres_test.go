package catalog_test

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/catalog/catalogtest"
	"magpie/internal/catalog/postgrestest"
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
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('goose_db_version', 'event_counter') LOOP
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
