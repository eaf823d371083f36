package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/blob"
)

func testRoundTrip(t *testing.T, d blob.Driver) {
	for i, size := range []int{0, 1, 4095, 4096, 65537, 1<<20 + 3} {
		key := "segments/1/" + string(rune('a'+i))
		data := noise(uint64(size), size)
		put(t, d, key, data)
		wantBytes(t, d, key, data)
	}

	// Several MiB in pieces of odd length, of which only the hash is kept.
	const size = 9<<20 + 17
	source := noise(7, size)
	want := sha256.Sum256(source)
	u, err := d.Create(context.Background(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Abort()
	for len(source) > 0 {
		n := min(len(source), 123_457)
		if _, err := u.Write(source[:n]); err != nil {
			t.Fatal(err)
		}
		clear(source[:n]) // a driver may not keep what it was lent
		source = source[n:]
	}
	if err := u.Commit(context.Background(), "segments/1/big"); err != nil {
		t.Fatal(err)
	}
	got := sha256.New()
	if n := hashBlob(t, d, "segments/1/big", size, got); n != size || !bytes.Equal(got.Sum(nil), want[:]) {
		t.Errorf("%d bytes came back with another hash, want %d", n, size)
	}
}

func hashBlob(t *testing.T, d blob.Driver, key string, size int64, h hash.Hash) int64 {
	t.Helper()
	r, err := d.Open(context.Background(), key, 0, size)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n, err := io.Copy(h, r)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func testDescribed(t *testing.T, d blob.Driver) {
	put(t, d, "segments/1/a", noise(1, 100))
	info, err := d.Stat(context.Background(), "segments/1/a")
	if err != nil {
		t.Fatal(err)
	}
	if info.Key != "segments/1/a" || info.Size != 100 || info.Modified.IsZero() {
		t.Errorf("stat gives %+v", info)
	}
	listed := list(t, d, "")["segments/1/a"]
	if diff := cmp.Diff(info, listed); diff != "" {
		t.Errorf("stat and list differ (-stat +list):\n%s", diff)
	}
	put(t, d, "segments/1/b", nil)
	later, err := d.Stat(context.Background(), "segments/1/b")
	if err != nil {
		t.Fatal(err)
	}
	if later.Modified.Before(info.Modified) {
		t.Errorf("a later blob has the earlier time: %v before %v", later.Modified, info.Modified)
	}
}

func testAllowedKeys(t *testing.T, d blob.Driver) {
	keys := []string{
		"only",
		"0",
		"one-element_of.all",
		"two/elements",
		"a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z",
		"abcdefghijklmnopqrstuvwxyz/0123456789/a._-",
		"segments/a../b..",
		"segments/0/a.",
		"segments/0/a-",
		"segments/0/a_",
		"segments/0/a..b",
		"segments/0/00",
		"segments/00/0",
		"segments/9223372036854775807/999-17179869184-ffffffff-0123456789abcdef",
		"renditions/9223372036854775807/1/video.mp4",
		"x/" + strings.Repeat("y", blob.MaxKeyLength-2),
		strings.Repeat("z/", blob.MaxKeyLength/2-1) + "zz",
	}
	for i, key := range keys {
		if err := blob.CheckKey(key); err != nil {
			t.Fatal(err)
		}
		put(t, d, key, noise(uint64(i), i))
	}
	for i, key := range keys {
		wantBytes(t, d, key, noise(uint64(i), i))
	}
	wantKeys(t, d, "", keys...)
	for _, key := range keys {
		if err := d.Delete(context.Background(), key); err != nil {
			t.Fatal(err)
		}
	}
	wantKeys(t, d, "")
}

func testRanges(t *testing.T, d blob.Driver) {
	const size = 300_000
	data := noise(3, size)
	put(t, d, "segments/1/a", data)
	for _, c := range []struct{ off, n int64 }{
		{0, size},
		{0, 1},
		{1, 1},
		{4095, 2},
		{size - 1, 1},
		{size / 2, size / 2},
		{65536, 131072},
	} {
		got := get(t, d, "segments/1/a", c.off, c.n)
		if !bytes.Equal(got, data[c.off:c.off+c.n]) {
			t.Errorf("%d bytes at %d: got %d other bytes", c.n, c.off, len(got))
		}
	}
	// More than there is gives what there is.
	if got := get(t, d, "segments/1/a", size-10, 100); !bytes.Equal(got, data[size-10:]) {
		t.Errorf("a range over the end gave %d bytes, want 10", len(got))
	}
}

func testManyReaders(t *testing.T, d blob.Driver) {
	const size = 200_000
	data := noise(4, size)
	put(t, d, "segments/1/a", data)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			off := int64(i * 20_000)
			r, err := d.Open(context.Background(), "segments/1/a", off, 20_000)
			if err != nil {
				t.Errorf("open at %d: %v", off, err)
				return
			}
			defer r.Close()
			got, err := io.ReadAll(io.LimitReader(r, 20_000))
			if err != nil || !bytes.Equal(got, data[off:off+20_000]) {
				t.Errorf("read at %d: %d bytes, %v", off, len(got), err)
			}
		})
	}
	wg.Wait()
}

func testMissing(t *testing.T, d blob.Driver) {
	wantMissing(t, d, "segments/1/a")
	wantMissing(t, d, "a")
	wantKeys(t, d, "")
	wantKeys(t, d, "segments/")
	wantKeys(t, d, "segments/1/")

	put(t, d, "segments/1/a", []byte("here"))
	for _, key := range []string{"segments/1/b", "segments/2/a", "segments/1/aa", "segments/1/a/b", "renditions/1/a", "a"} {
		wantMissing(t, d, key)
	}
}

func testFolderIsNoBlob(t *testing.T, d blob.Driver) {
	put(t, d, "renditions/1/1/a", []byte("here"))
	for _, key := range []string{"renditions", "renditions/1", "renditions/1/1"} {
		wantMissing(t, d, key)
		if err := d.Delete(context.Background(), key); err != nil {
			t.Errorf("delete %s: %v", key, err)
		}
	}
	wantBytes(t, d, "renditions/1/1/a", []byte("here"))
}

func testCancelled(t *testing.T, d blob.Driver) {
	data := []byte("still here")
	put(t, d, "segments/1/a", data)
	u, err := d.Create(context.Background(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Abort()
	if _, err := u.Write(data); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	errs := map[string]error{
		"commit": u.Commit(ctx, "segments/1/b"),
		"delete": d.Delete(ctx, "segments/1/a"),
	}
	_, errs["create"] = d.Create(ctx, 0, 0)
	_, errs["open"] = d.Open(ctx, "segments/1/a", 0, 1)
	_, errs["stat"] = d.Stat(ctx, "segments/1/a")
	for _, err := range d.List(ctx, "") {
		errs["list"] = err
	}
	for _, op := range []string{"commit", "delete", "create", "open", "stat", "list"} {
		if err := errs[op]; !errors.Is(err, context.Canceled) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s with a cancelled context: got %v, want context.Canceled", op, err)
		}
	}
	wantMissing(t, d, "segments/1/b")
	wantBytes(t, d, "segments/1/a", data)
}

func testReady(t *testing.T, d blob.Driver) {
	for range 2 {
		if err := d.Ready(context.Background()); err != nil {
			t.Fatalf("ready: %v", err)
		}
	}
	wantKeys(t, d, "")
}
