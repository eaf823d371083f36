package blobtest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"magpie/internal/blob"
)

func testDeleteTwice(t *testing.T, d blob.Driver) {
	put(t, d, "segments/1/a", []byte("a"))
	put(t, d, "segments/1/b", []byte("b"))
	for range 2 {
		if err := d.Delete(context.Background(), "segments/1/a"); err != nil {
			t.Fatal(err)
		}
		wantMissing(t, d, "segments/1/a")
	}
	for _, key := range []string{"segments/2/a", "never/was/there", "a", "segments/1/b/c"} {
		if err := d.Delete(context.Background(), key); err != nil {
			t.Errorf("delete of %s, which never was: %v", key, err)
		}
	}
	wantBytes(t, d, "segments/1/b", []byte("b"))
}

func testDeleteLastThenCommit(t *testing.T, d blob.Driver) {
	for i := range 5 {
		key := fmt.Sprintf("renditions/1/1/%d", i)
		data := noise(uint64(i), 500)
		put(t, d, key, data)
		wantBytes(t, d, key, data)
		if err := d.Delete(context.Background(), key); err != nil {
			t.Fatal(err)
		}
		wantKeys(t, d, "")
	}
}

// testDeleteLastWhileCommitting: a folder that empties while blobs are on their
// way into it takes none of them along.
func testDeleteLastWhileCommitting(t *testing.T, d blob.Driver) {
	for round := range 60 {
		folder := fmt.Sprintf("renditions/%d/1/", round%2)
		last := folder + fmt.Sprintf("last-%d", round)
		put(t, d, last, nil)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := d.Delete(context.Background(), last); err != nil {
				t.Errorf("delete: %v", err)
			}
		})
		var keys []string
		for i := range 3 {
			key := folder + fmt.Sprintf("new-%d-%d", round, i)
			keys = append(keys, key)
			wg.Go(func() {
				if err := tryPut(context.Background(), d, key, []byte(key)); err != nil {
					t.Errorf("put %s: %v", key, err)
				}
			})
		}
		wg.Wait()
		wantKeys(t, d, folder, keys...)
		for _, key := range keys {
			wantBytes(t, d, key, []byte(key))
			wg.Go(func() {
				if err := d.Delete(context.Background(), key); err != nil {
					t.Errorf("delete: %v", err)
				}
			})
		}
		wg.Wait()
		wantKeys(t, d, "")
	}
}
