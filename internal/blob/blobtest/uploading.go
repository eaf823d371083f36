package blobtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"magpie/internal/blob"
)

func create(t *testing.T, d blob.Driver, data []byte) blob.Upload {
	t.Helper()
	u, err := d.Create(context.Background(), int64(len(data)), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.Abort)
	if _, err := u.Write(data); err != nil {
		t.Fatal(err)
	}
	return u
}

func testInvisibleBeforeCommit(t *testing.T, d blob.Driver) {
	data := noise(1, 100_000)
	u := create(t, d, data)
	wantKeys(t, d, "")
	wantMissing(t, d, "segments/1/a")
	if err := u.Commit(context.Background(), "segments/1/a"); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, d, "", "segments/1/a")
	wantBytes(t, d, "segments/1/a", data)
}

// testReadBeforeCommit: a driver that lets an upload be read gives what was written
// so far, by many at a time, and stores the same.
func testReadBeforeCommit(t *testing.T, d blob.Driver) {
	for i, size := range []int{1000, 100_000, 400_000} {
		data := noise(uint64(i), size)
		u := create(t, d, data[:size/2])
		r, ok := u.(blob.Readable)
		if !ok {
			return
		}
		wantRead(t, r, data[:size/2])
		if _, err := u.Write(data[size/2:]); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { wantRead(t, r, data) })
		}
		if f, ok := u.(blob.Flusher); ok {
			if err := f.Flush(); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		key := fmt.Sprintf("segments/%d/a", i)
		if err := u.Commit(context.Background(), key); err != nil {
			t.Fatal(err)
		}
		wantBytes(t, d, key, data)
		if n, err := r.ReadAt(make([]byte, 1), 0); err == nil {
			t.Errorf("after its commit an upload gives %d bytes", n)
		}
	}
}

// wantRead checks that what is read is data, and ends where it does.
func wantRead(t *testing.T, r io.ReaderAt, data []byte) {
	size := len(data)
	for _, c := range []struct{ off, n, want int }{
		{0, size, size}, {0, size + 1, size}, {size - 7, 7, 7}, {size / 3, size / 3, size / 3}, {size - 3, 10, 3}, {size, 1, 0}, {size + 5, 1, 0},
	} {
		got := make([]byte, c.n)
		n, err := r.ReadAt(got, int64(c.off))
		if n != c.want || !bytes.Equal(got[:n], data[min(c.off, size):][:n]) || n < c.n && err != io.EOF || n == c.n && err != nil && err != io.EOF {
			t.Errorf("%d bytes at %d of %d: %d came, or others, %v", c.n, c.off, size, n, err)
		}
	}
}

func testInvisibleAfterAbort(t *testing.T, d blob.Driver) {
	u := create(t, d, noise(1, 100_000))
	u.Abort()
	wantKeys(t, d, "")
	wantMissing(t, d, "segments/1/a")
	u.Abort()
}

func testAbortAfterCommit(t *testing.T, d blob.Driver) {
	data := noise(1, 1000)
	u := create(t, d, data)
	if err := u.Commit(context.Background(), "segments/1/a"); err != nil {
		t.Fatal(err)
	}
	u.Abort()
	u.Abort()
	wantBytes(t, d, "segments/1/a", data)
}

// testEmptyWrites: writes of nothing, at any place, change nothing.
func testEmptyWrites(t *testing.T, d blob.Driver) {
	for _, c := range []struct {
		key    string
		pieces []string
	}{
		{"segments/1/a", []string{"", "ab", "", "c", ""}},
		{"segments/1/b", []string{"", ""}},
	} {
		u := create(t, d, nil)
		for _, piece := range c.pieces {
			if n, err := u.Write([]byte(piece)); n != len(piece) || err != nil {
				t.Fatalf("Write(%q): %d, %v", piece, n, err)
			}
		}
		if err := u.Commit(context.Background(), c.key); err != nil {
			t.Fatal(err)
		}
		wantBytes(t, d, c.key, []byte(strings.Join(c.pieces, "")))
	}
}

// testEnded: an upload that was ended takes no more, and stores nothing.
func testEnded(t *testing.T, d blob.Driver) {
	aborted := create(t, d, []byte("aborted"))
	aborted.Abort()
	committed := create(t, d, []byte("committed"))
	if err := committed.Commit(context.Background(), "segments/1/a"); err != nil {
		t.Fatal(err)
	}
	for name, u := range map[string]blob.Upload{"aborted": aborted, "committed": committed} {
		if _, err := u.Write([]byte("more")); err == nil {
			t.Errorf("a write to an upload that was %s succeeds", name)
		}
		if err := u.Commit(context.Background(), "segments/1/b"); err == nil {
			t.Errorf("a commit of an upload that was %s succeeds", name)
		}
	}
	wantKeys(t, d, "", "segments/1/a")
	wantBytes(t, d, "segments/1/a", []byte("committed"))
}

// testParallelCommits: uploads in parallel, into one folder and into many, are
// each whole, and each is there when its Commit returns.
func testParallelCommits(t *testing.T, d blob.Driver) {
	const workers, each = 8, 12
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				seed := uint64(w*each + i)
				key := fmt.Sprintf("segments/%d/%d-%d", i%3, w, i)
				data := noise(seed, 1000+int(seed)*97)
				if err := tryPut(context.Background(), d, key, data); err != nil {
					t.Errorf("put %s: %v", key, err)
					return
				}
				info, err := d.Stat(context.Background(), key)
				if err != nil || info.Size != int64(len(data)) {
					t.Errorf("stat %s after its commit: %+v, %v", key, info, err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(list(t, d, "segments/")); n != workers*each {
		t.Fatalf("list yields %d blobs, want %d", n, workers*each)
	}
	for w := range workers {
		for i := range each {
			seed := uint64(w*each + i)
			wantBytes(t, d, fmt.Sprintf("segments/%d/%d-%d", i%3, w, i), noise(seed, 1000+int(seed)*97))
		}
	}
}
