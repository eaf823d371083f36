package e2e

import (
	"path/filepath"
	"testing"

	"magpie/internal/blob/s3blob/s3test"
	"magpie/internal/bus/bustest"
	"magpie/internal/catalog/postgrestest"
)

// engines are a PostgreSQL server, an S3 server and a NATS server of a test's own:
// what processes share that are several.
type engines struct {
	postgres *postgrestest.Server
	store    *s3test.Server
	nats     *bustest.Cluster

	database string // URL
	blobs    string // URL
	bus      string // URL
	key      string // path of the key file
}

// startEngines starts them, empty, until the test ends.
func startEngines(t *testing.T) *engines {
	t.Helper()
	e := &engines{key: filepath.Join(t.TempDir(), "key")}
	var err error
	if e.postgres, err = postgrestest.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.postgres.Stop(); err != nil {
			t.Error(err)
		}
	})
	if e.database, err = e.postgres.Create(t.Context(), "magpie", ""); err != nil {
		t.Fatal(err)
	}
	if e.store, err = s3test.Start(".."); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := e.store.MakeBucket("media"); err != nil {
		t.Fatal(err)
	}
	e.blobs = "s3://media/here?endpoint=http://" + e.store.Address
	e.nats = bustest.StartCluster(t, 1)
	e.bus = e.nats.Account(t)
	return e
}

// node makes a server on the engines ready to run.
func (e *engines) node(t *testing.T, args ...string) *server {
	t.Helper()
	s := prepare(t, append([]string{"--key-file", e.key, "--database", e.database, "--blobs", e.blobs, "--bus", e.bus}, args...)...)
	s.env = append(s.env, "AWS_ACCESS_KEY_ID="+s3test.AccessKey, "AWS_SECRET_ACCESS_KEY="+s3test.SecretKey)
	return s
}
