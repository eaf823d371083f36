package blobtest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"magpie/internal/blob"
)

// headed begins a blob whose first head bytes are left open, and writes body in
// pieces.
func headed(t failer, d blob.Driver, head int64, body []byte) blob.Upload {
	t.Helper()
	u, err := d.Create(context.Background(), head+int64(len(body)), head)
	if err != nil {
		t.Fatalf("create with %d bytes open: %v", head, err)
	}
	for piece := range slices.Chunk(body, 1+len(body)/3) {
		if n, err := u.Write(piece); err != nil || n != len(piece) {
			t.Fatalf("write took %d of %d bytes: %v", n, len(piece), err)
		}
	}
	return u
}

// testHeads: what was left open comes first, whatever the sizes of both, and
// whenever it is filled.
func testHeads(t *testing.T, d blob.Driver) {
	for i, c := range []struct{ head, before, after int }{
		{1, 0, 0},
		{1, 1, 0},
		{10_000, 0, 0},
		{10_000, 300_000, 0},
		{300_000, 10, 0},
		{4096, 0, 100_000},
		{4097, 50_000, 50_000},
		{blob.MaxHead, 1000, 9 << 20},
	} {
		key := fmt.Sprintf("renditions/1/1/%d", i)
		head, before, after := noise(1, c.head), noise(2, c.before), noise(3, c.after)
		u := headed(t, d, int64(c.head), before)
		given := slices.Clone(head)
		if err := u.WriteHead(given); err != nil {
			t.Fatalf("%+v: write head: %v", c, err)
		}
		clear(given) // it is the caller's again
		if _, err := u.Write(after); err != nil {
			t.Fatalf("%+v: write after the head: %v", c, err)
		}
		if err := u.Commit(context.Background(), key); err != nil {
			t.Fatalf("%+v: commit: %v", c, err)
		}
		wantBytes(t, d, key, slices.Concat(head, before, after))
	}
}

// testHeadInvisible: a blob with an open head is as invisible as any other, and
// is gone without a trace when it is dropped.
func testHeadInvisible(t *testing.T, d blob.Driver) {
	open, filled := headed(t, d, 5000, noise(1, 100_000)), headed(t, d, 5000, noise(1, 100_000))
	if err := filled.WriteHead(noise(2, 5000)); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, d, "")
	for _, u := range []blob.Upload{open, filled} {
		u.Abort()
		if err := u.WriteHead(noise(2, 5000)); err == nil {
			t.Error("an upload that was aborted takes a head")
		}
		if err := u.Commit(context.Background(), "renditions/1/1/a"); err == nil {
			t.Error("an upload that was aborted is committed")
		}
	}
	wantKeys(t, d, "")
}
