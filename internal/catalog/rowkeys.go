package catalog

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"regexp"
)

// rowKeys gives the migrations as they are for SQLite, where a table lies in the
// order of its key if that is an INTEGER, or if it says WITHOUT ROWID
// (https://www.sqlite.org/withoutrowid.html). Else each row is written twice, to the
// table and to an index of its keys, and looked for twice. Tables that were made before
// this have that index, which nothing but speed depends on.
type rowKeys struct{ fs.FS }

// Open implements fs.FS.
func (k rowKeys) Open(name string) (fs.File, error) {
	f, err := k.FS.Open(name)
	if err != nil || path.Ext(name) != ".sql" {
		return f, err
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	text = bytes.ReplaceAll(text, []byte("BIGINT NOT NULL PRIMARY KEY"), []byte("INTEGER NOT NULL PRIMARY KEY"))
	text = regexp.MustCompile(`(?m)^(    PRIMARY KEY \(.*\)\n\));$`).ReplaceAll(text, []byte("$1 WITHOUT ROWID;"))
	return migration{f, bytes.NewReader(text)}, nil
}

// migration is a file of which another text is read.
type migration struct {
	fs.File
	text io.Reader
}

// Read implements fs.File.
func (m migration) Read(p []byte) (int, error) { return m.text.Read(p) }
