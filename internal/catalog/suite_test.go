package catalog_test

import (
	"path/filepath"
	"testing"

	"magpie/internal/catalog"
	"magpie/internal/catalog/catalogtest"
)

func TestSQLite(t *testing.T) {
	catalogtest.Run(t, func(t *testing.T) *catalog.Catalog { return open(t, filepath.Join(t.TempDir(), "catalog.db")) })
}

// open opens the catalogue at path until the test ends.
func open(t *testing.T, path string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.OpenSQLite(t.Context(), path)
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
