package diskblob

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magpie/internal/media"
)

func wantFull(t *testing.T, err error) {
	t.Helper()
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeFull {
		t.Fatalf("got %v, want a media.Error of CodeFull", err)
	}
	if e.Detail != "The server has no room for this upload now; try again later." {
		t.Errorf("the client reads %q", e.Detail)
	}
}

func TestReserve(t *testing.T) {
	ctx := context.Background()
	root := t.TempDir()
	d := open(t, root, Options{Reserve: math.MaxInt64})
	_, err := d.Create(ctx, 0, 0)
	wantFull(t, err)
	wantFull(t, d.Ready(ctx))

	d = open(t, root, Options{})
	_, err = d.Create(ctx, math.MaxInt64, 0)
	wantFull(t, err)
	wantTree(t, root, "tmp/")
}

// TestAmpleRoom: where there is ample room, small blobs begin without a look at it, but only
// so many and so soon; what is larger or unknown looks, and so does who finds none.
func TestAmpleRoom(t *testing.T) {
	d := open(t, t.TempDir(), packing)
	begin := func(hint int64) error {
		u, err := d.Create(t.Context(), hint, 0)
		if err == nil {
			u.Abort()
		}
		return err
	}
	hour := int64(time.Hour)
	d.ample.bytes.Store(ampleBytes)
	d.ample.until.Store(hour)
	d.reserve = math.MaxInt64 // as if somebody had filled the disk since
	for range ampleBytes / SmallMost {
		if err := begin(SmallMost); err != nil {
			t.Fatal(err)
		}
	}
	wantFull(t, begin(SmallMost))
	for _, hint := range []int64{0, SmallMost + 1} {
		d.ample.bytes.Store(ampleBytes)
		d.ample.until.Store(hour)
		wantFull(t, begin(hint))
		wantFull(t, begin(1)) // which that was found for
	}
	d.ample.bytes.Store(ampleBytes)
	d.ample.until.Store(int64(time.Since(d.ample.since)))
	wantFull(t, begin(1))

	d.ample.found()
	if d.ample.bytes.Load() != ampleBytes || d.ample.until.Load() > int64(time.Since(d.ample.since)+ampleFor) {
		t.Errorf("%d bytes until %d", d.ample.bytes.Load(), d.ample.until.Load())
	}
}

// TestReserveWhileWriting: the room that was there at Create is used up by
// somebody else.
func TestReserveWhileWriting(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{})
	u, err := d.Create(context.Background(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Abort()
	d.reserve = math.MaxInt64
	piece := make([]byte, 1<<20)
	for range checkEvery / len(piece) {
		if _, err := u.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	_, err = u.Write(piece)
	wantFull(t, err)
	wantFull(t, u.Commit(context.Background(), "segments/1/a"))
	wantTree(t, root, "tmp/")
}

func TestDiskFull(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	u := &upload{driver: d, path: d.root + "/tmp/0", file: f}
	defer u.Abort()
	_, err = u.Write([]byte("x"))
	wantFull(t, err)
	if !errors.Is(err, unix.ENOSPC) {
		t.Errorf("the cause is not in the chain: %v", err)
	}
	_, err = u.Write([]byte("x"))
	wantFull(t, err)
}

func TestOrFull(t *testing.T) {
	wantFull(t, orFull(fmt.Errorf("write: %w", unix.EDQUOT)))
	for _, err := range []error{nil, unix.EIO} {
		if got := orFull(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}
