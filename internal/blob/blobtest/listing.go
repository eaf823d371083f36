package blobtest

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"testing"

	"magpie/internal/blob"
)

func testListPrefixes(t *testing.T, d blob.Driver) {
	keys := []string{
		"a",
		"segments/1/a",
		"segments/1/b",
		"segments/12/a",
		"segments/12/b/c",
		"segments2/1/a",
		"renditions/1/1/a",
		"renditions/1/2/a",
		"renditions/1/12/a",
	}
	for _, key := range keys {
		put(t, d, key, []byte(key))
	}
	wantKeys(t, d, "", keys...)
	wantKeys(t, d, "segments/", "segments/1/a", "segments/1/b", "segments/12/a", "segments/12/b/c")
	wantKeys(t, d, "segments/1/", "segments/1/a", "segments/1/b")
	wantKeys(t, d, "segments/12/", "segments/12/a", "segments/12/b/c")
	wantKeys(t, d, "segments/12/b/", "segments/12/b/c")
	wantKeys(t, d, "renditions/1/", "renditions/1/1/a", "renditions/1/2/a", "renditions/1/12/a")
	wantKeys(t, d, "renditions/1/1/", "renditions/1/1/a")
	for _, prefix := range []string{"a/", "b/", "segments/2/", "segments/1/a/", "segments/1/a/b/", "renditions/1/3/", "tmp/"} {
		wantKeys(t, d, prefix)
	}
	for key, info := range list(t, d, "") {
		if info.Key != key || info.Size != int64(len(key)) || info.Modified.IsZero() {
			t.Errorf("%s is listed as %+v", key, info)
		}
	}
}

// testListMany lists more blobs than the thousand that S3 gives at a time.
func testListMany(t *testing.T, d blob.Driver) {
	const workers, each = 8, 140
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				if err := tryPut(context.Background(), d, fmt.Sprintf("segments/1/%d-%d", w, i), nil); err != nil {
					t.Errorf("put: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	all := list(t, d, "segments/1/")
	for w := range workers {
		for i := range each {
			if _, ok := all[fmt.Sprintf("segments/1/%d-%d", w, i)]; !ok {
				t.Errorf("segments/1/%d-%d is missing from the list", w, i)
			}
		}
	}
	if len(all) != workers*each {
		t.Errorf("list yields %d blobs, want %d", len(all), workers*each)
	}
}

// testListStops: a caller that breaks off is not called again (the runtime
// panics if it is), whatever the depth.
func testListStops(t *testing.T, d blob.Driver) {
	for i := range 5 {
		put(t, d, fmt.Sprintf("segments/%d/a", i), nil)
		put(t, d, fmt.Sprintf("segments/%d/b/c", i), nil)
		put(t, d, fmt.Sprintf("z%d", i), nil)
	}
	for stop := 1; stop <= 15; stop++ {
		for what, listing := range map[string]iter.Seq2[blob.Info, error]{"list": d.List(context.Background(), ""), "names": d.Names(context.Background(), "")} {
			n := 0
			for _, err := range listing {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n == stop {
					break
				}
			}
			if n != stop {
				t.Fatalf("%s yielded %d blobs, want at least %d", what, n, stop)
			}
		}
	}
}

// testListDuringWrites: what was committed before is yielded by every list,
// whatever is committed and deleted beside it.
func testListDuringWrites(t *testing.T, d blob.Driver) {
	var keys []string
	for i := range 40 {
		key := fmt.Sprintf("segments/%d/kept-%d", i%4, i)
		keys = append(keys, key)
		put(t, d, key, []byte("kept"))
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				key := fmt.Sprintf("segments/%d/%d-%d", i%6, w, i)
				if err := tryPut(context.Background(), d, key, []byte("come and gone")); err != nil {
					t.Errorf("put %s: %v", key, err)
					return
				}
				if err := d.Delete(context.Background(), key); err != nil {
					t.Errorf("delete %s: %v", key, err)
					return
				}
			}
		})
	}
	for range 30 {
		all := list(t, d, "segments/")
		for _, key := range keys {
			if _, ok := all[key]; !ok {
				t.Errorf("%s is missing from a list", key)
			}
		}
	}
	close(stop)
	wg.Wait()
	wantKeys(t, d, "", keys...)
}

// testDeleteWhileListing: a sweeper deletes what it is shown.
func testDeleteWhileListing(t *testing.T, d blob.Driver) {
	for i := range 60 {
		put(t, d, fmt.Sprintf("segments/%d/%d", i%7, i), nil)
	}
	n := 0
	for info, err := range d.List(context.Background(), "segments/") {
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Delete(context.Background(), info.Key); err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 60 {
		t.Errorf("list yielded %d blobs, want 60", n)
	}
	wantKeys(t, d, "")
}
