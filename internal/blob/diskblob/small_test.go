package diskblob

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"testing"

	"magpie/internal/blob"
)

// TestWhereBlobsGo: to a pack or to a file, by length and key.
func TestWhereBlobsGo(t *testing.T) {
	for _, c := range []struct {
		key        string
		hint, size int
		packed     bool
	}{
		{"segments/1/a", 10, 10, true},
		{"segments/1/a", 0, 1000, true}, // nobody knew
		{"renditions/1/1/a", 0, 0, true},
		{"renditions/0000/1/a", 0, 0, true},
		{"segments/1/a", 1000 + recordAlign, 1000, true}, // with what is around it
		{"segments/1/a", 10, 1001, false},
		{"segments/1/a", 0, 5000, false},
		{"segments/1/a", 1001 + recordAlign, 10, false},
		{"segments/a", 10, 10, false},
		{"a", 10, 10, false},
	} {
		d := open(t, t.TempDir(), Options{Small: 1000})
		u, err := d.Create(context.Background(), int64(c.hint), 0)
		if err != nil {
			t.Fatal(err)
		}
		data := bytes.Repeat([]byte("x"), c.size)
		for part := range slices.Chunk(data, 300) {
			if _, err := u.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		if err := u.(blob.Flusher).Flush(); err != nil {
			t.Fatal(err)
		}
		if err := u.Commit(context.Background(), c.key); err != nil {
			t.Fatal(err)
		}
		if got := read(t, d, c.key); !bytes.Equal(got, data) {
			t.Errorf("%+v: %d bytes came back", c, len(got))
		}
		if packs, err := filepath.Glob(d.root + "/_packs/*/*/_*.pack"); err != nil || (len(packs) == 1) != c.packed {
			t.Errorf("%+v: packs %v, %v", c, packs, err)
		}
		if d.gathers.left.Load() != smallAtOnce {
			t.Errorf("%+v: memory is not given back", c)
		}
	}
}

// TestSmallAtOnce: beyond so many in memory, others are files.
func TestSmallAtOnce(t *testing.T) {
	d := open(t, t.TempDir(), packing)
	uploads := make([]blob.Upload, smallAtOnce+2)
	for i := range uploads {
		u, err := d.Create(context.Background(), 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer u.Abort()
		if _, err := u.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		uploads[i] = u
	}
	wantTree(t, d.root, "tmp/", "tmp/1", "tmp/2")
	if err := uploads[smallAtOnce].Commit(context.Background(), "segments/1/a"); err != nil {
		t.Fatal(err)
	}
	for _, u := range uploads {
		u.Abort()
		if _, err := u.Write([]byte("x")); err == nil {
			t.Error("written to after its end")
		}
	}
	fan := "segments/" + fanOut("1") + "/"
	wantTree(t, d.root, "tmp/", "segments/", fan, fan+"1/", fan+"1/a")
	if d.gathers.left.Load() != smallAtOnce {
		t.Errorf("%d are left, want %d", d.gathers.left.Load(), smallAtOnce)
	}
}
