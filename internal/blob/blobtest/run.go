package blobtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/blob"
)

// Run holds a driver to the comments of blob.Driver and blob.Upload. open gives
// a driver over an empty store; Run closes it. Drivers may be opened for
// several tests at a time.
func Run(t *testing.T, open func(t *testing.T) blob.Driver) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, blob.Driver)
	}{
		{"RoundTrip", testRoundTrip},
		{"Described", testDescribed},
		{"AllowedKeys", testAllowedKeys},
		{"Ranges", testRanges},
		{"ManyReaders", testManyReaders},
		{"Missing", testMissing},
		{"FolderIsNoBlob", testFolderIsNoBlob},
		{"InvisibleBeforeCommit", testInvisibleBeforeCommit},
		{"ReadBeforeCommit", testReadBeforeCommit},
		{"EmptyWrites", testEmptyWrites},
		{"InvisibleAfterAbort", testInvisibleAfterAbort},
		{"AbortAfterCommit", testAbortAfterCommit},
		{"Ended", testEnded},
		{"Heads", testHeads},
		{"HeadInvisible", testHeadInvisible},
		{"ListPrefixes", testListPrefixes},
		{"ListMany", testListMany},
		{"ListStops", testListStops},
		{"ListDuringWrites", testListDuringWrites},
		{"DeleteWhileListing", testDeleteWhileListing},
		{"DeleteTwice", testDeleteTwice},
		{"DeleteLastThenCommit", testDeleteLastThenCommit},
		{"DeleteLastWhileCommitting", testDeleteLastWhileCommitting},
		{"ParallelCommits", testParallelCommits},
		{"Cancelled", testCancelled},
		{"Ready", testReady},
		{"Model", testModel},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := open(t)
			t.Cleanup(func() {
				if err := d.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			test.run(t, d)
		})
	}
}

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// put commits data under key, written in a few pieces.
func put(t failer, d blob.Driver, key string, data []byte) {
	t.Helper()
	if err := tryPut(context.Background(), d, key, data); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func tryPut(ctx context.Context, d blob.Driver, key string, data []byte) error {
	u, err := d.Create(ctx, int64(len(data)), 0)
	if err != nil {
		return err
	}
	defer u.Abort()
	for piece := range slices.Chunk(data, 1+len(data)/3) {
		if n, err := u.Write(piece); err != nil || n != len(piece) {
			return fmt.Errorf("write took %d of %d bytes: %w", n, len(piece), err)
		}
	}
	return u.Commit(ctx, key)
}

// get reads n bytes at off, and what it returns is what a caller that keeps to
// n sees.
func get(t failer, d blob.Driver, key string, off, n int64) []byte {
	t.Helper()
	r, err := d.Open(context.Background(), key, off, n)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, n))
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return data
}

// wantBytes checks that a blob holds exactly data.
func wantBytes(t failer, d blob.Driver, key string, data []byte) {
	t.Helper()
	info, err := d.Stat(context.Background(), key)
	if err != nil {
		t.Fatalf("stat %s: %v", key, err)
	}
	if info.Key != key || info.Size != int64(len(data)) {
		t.Fatalf("stat %s: got %+v, want %d bytes", key, info, len(data))
	}
	if len(data) == 0 {
		return
	}
	if got := get(t, d, key, 0, int64(len(data))); !slices.Equal(got, data) {
		t.Fatalf("read %s: %d bytes came back different from the %d that were put", key, len(got), len(data))
	}
}

// wantMissing checks that neither Open, Stat nor List finds a blob.
func wantMissing(t failer, d blob.Driver, key string) {
	t.Helper()
	if r, err := d.Open(context.Background(), key, 0, 1); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			r.Close()
		}
		t.Fatalf("open %s: got %v, want fs.ErrNotExist", key, err)
	}
	if info, err := d.Stat(context.Background(), key); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("stat %s: got %+v and %v, want fs.ErrNotExist", key, info, err)
	}
	if _, ok := list(t, d, "")[key]; ok {
		t.Fatalf("list yields %s", key)
	}
}

// list collects a listing by key, and fails if a blob comes twice.
func list(t failer, d blob.Driver, prefix string) map[string]blob.Info {
	t.Helper()
	all := map[string]blob.Info{}
	for info, err := range d.List(context.Background(), prefix) {
		if err != nil {
			t.Fatalf("list %q: %v", prefix, err)
		}
		if _, twice := all[info.Key]; twice {
			t.Fatalf("list %q yields %s twice", prefix, info.Key)
		}
		all[info.Key] = info
	}
	return all
}

// wantKeys checks that a listing, and one of names alone, yields exactly keys.
func wantKeys(t failer, d blob.Driver, prefix string, keys ...string) {
	t.Helper()
	listed := list(t, d, prefix)
	got := slices.Sorted(maps.Keys(listed))
	want := slices.Sorted(slices.Values(keys))
	if diff := cmp.Diff(want, got); len(got)+len(want) > 0 && diff != "" {
		t.Fatalf("list %q (-want +got):\n%s", prefix, diff)
	}
	for info, err := range d.Names(context.Background(), prefix) {
		if err != nil {
			t.Fatalf("names below %q: %v", prefix, err)
		}
		was, there := listed[info.Key]
		if !there {
			t.Fatalf("the names below %q have %q, which is not listed, or twice", prefix, info.Key)
		}
		if !info.Modified.IsZero() && info != was {
			t.Fatalf("among the names it is %+v, and in the list %+v", info, was)
		}
		delete(listed, info.Key)
	}
	if len(listed) > 0 {
		t.Fatalf("the names below %q lack %v", prefix, slices.Collect(maps.Keys(listed)))
	}
}

// noise makes n bytes that differ for every seed.
func noise(seed uint64, n int) []byte {
	data := make([]byte, n)
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	_, _ = rand.NewChaCha8(key).Read(data) // never fails
	return data
}
