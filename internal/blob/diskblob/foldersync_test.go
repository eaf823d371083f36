package diskblob

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// TestFolderSyncsShare: who comes while a folder is synced waits for one more
// sync, together; other folders wait for nobody.
func TestFolderSyncsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun atomic.Int64
		f := newFolderSyncs(func(string) error {
			begun.Add(1)
			time.Sleep(time.Second) // of the bubble's clock
			return nil
		})
		for range 3 {
			start := time.Now()
			var wg sync.WaitGroup
			took := make([]time.Duration, 10)
			for i := range took {
				wg.Go(func() {
					time.Sleep(time.Duration(i) * time.Millisecond)
					if err := f.do("a"); err != nil {
						t.Error(err)
					}
					took[i] = time.Since(start)
				})
			}
			wg.Go(func() {
				if err := f.do("b"); err != nil || time.Since(start) != time.Second {
					t.Errorf("b: %v after %v", err, time.Since(start))
				}
			})
			wg.Wait()
			if took[0] != time.Second {
				t.Errorf("the first took %v", took[0])
			}
			for i, d := range took[1:] {
				if d != 2*time.Second {
					t.Errorf("number %d took %v", i+1, d)
				}
			}
		}
		if n := begun.Load(); n != 9 {
			t.Errorf("%d syncs", n)
		}
		if len(f.busy) != 0 {
			t.Errorf("%d folders are kept", len(f.busy))
		}
	})
}

// TestFolderSyncsCover: no call returns before a sync that began after it, and
// all who share one that fails are told.
func TestFolderSyncsCover(t *testing.T) {
	var renames, synced, fails atomic.Int64
	f := newFolderSyncs(func(string) error {
		seen := renames.Load()
		if seen%7 == 3 {
			return unix.EIO
		}
		for {
			old := synced.Load()
			if old >= seen || synced.CompareAndSwap(old, seen) {
				return nil
			}
		}
	})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 2000 {
				mine := renames.Add(1)
				err := f.do("a")
				if errors.Is(err, unix.EIO) {
					fails.Add(1)
				} else if err != nil || synced.Load() < mine {
					t.Errorf("rename %d: synced up to %d, %v", mine, synced.Load(), err)
					return
				}
			}
		})
	}
	wg.Wait()
	if fails.Load() == 0 {
		t.Error("none failed")
	}
}
