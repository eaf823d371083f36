package catalog

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"
)

// TestTablesLieInTheOrderOfTheirKeys: but for those whose key is one text.
func TestTablesLieInTheOrderOfTheirKeys(t *testing.T) {
	c := openTest(t)
	rows, err := c.writer.Query(`
		SELECT m.tbl_name, (SELECT group_concat(lower(t.type)) FROM pragma_index_info(m.name) i JOIN pragma_table_info(m.tbl_name) t ON t.cid = i.cid)
		FROM sqlite_master m JOIN pragma_index_list(m.tbl_name) l ON l.name = m.name
		WHERE m.type = 'index' AND l.origin = 'pk'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	seen := 0
	for ; rows.Next(); seen++ {
		var table, types string
		if err := rows.Scan(&table, &types); err != nil {
			t.Fatal(err)
		}
		if types != "text" {
			t.Errorf("table %s has an index beside it for its key of %s", table, types)
		}
	}
	if err := rows.Err(); err != nil || seen < 5 {
		t.Errorf("only %d tables with such an index, %v", seen, err)
	}
}

// TestTablesOfBefore: a catalogue whose tables have an index for their keys is as good.
func TestTablesOfBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	if err := createFile(path); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", sqliteDSN(path, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	plain, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	before, err := goose.NewProvider(goose.DialectSQLite3, db, plain, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.UpTo(t.Context(), 18); err != nil {
		t.Fatal(err)
	}
	var indexes int
	if err := db.QueryRow("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_autoindex_media_2'").Scan(&indexes); err != nil || indexes != 1 {
		t.Fatalf("%d indexes of that name: this is no table of before, %v", indexes, err)
	}
	c, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	runAll(t, c)
}
