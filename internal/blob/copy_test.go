package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"testing"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

// What is copied is read back, what is there whole stays, and what is there
// damaged is replaced.
func TestCopyFrom(t *testing.T) {
	from, _ := newStore()
	to, there := newStore()
	data := bytes.Repeat([]byte("magpie"), 100_000)
	for _, b := range []media.Blob{put(t, from, "segments/7/a", data), put(t, from, "segments/7/empty", nil)} {
		for _, want := range []bool{true, false} {
			copied, err := to.CopyFrom(ctx, from, b)
			if err != nil || copied != want {
				t.Fatalf("%s: copied %t, %v; want %t", b.Key, copied, err, want)
			}
		}
		if err := to.Verify(ctx, b); err != nil {
			t.Error(err)
		}
	}
	other := put(t, from, "segments/7/b", []byte("what it should be"))
	put(t, to, "segments/7/b", []byte("what it is instead"))
	if copied, err := to.CopyFrom(ctx, from, other); err != nil || !copied {
		t.Errorf("a damaged one was replaced: %t, %v", copied, err)
	}
	if got := read(t, to, media.Manifest{other}, 0, other.Size); string(got) != "what it should be" {
		t.Errorf("it is %q", got)
	}
	there.SetFaults(blobtest.Faults{Before: blobtest.FailNth(blobtest.OpCommit, 1, errBroken)})
	last := put(t, from, "segments/7/c", data)
	if copied, err := to.CopyFrom(ctx, from, last); !errors.Is(err, errBroken) || copied {
		t.Errorf("in a store that fails: %t, %v", copied, err)
	}
	if _, err := to.Stat(ctx, "segments/7/c"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there all the same: %v", err)
	}
}

// Of what is missing or damaged where it comes from nothing is kept.
func TestCopyFromDamaged(t *testing.T) {
	from, _ := newStore()
	to, _ := newStore()
	b := put(t, from, "segments/7/a", []byte("as it is"))
	shorter, longer, another := b, b, b
	shorter.Size--
	longer.Size++
	another.CRC++
	for name, b := range map[string]media.Blob{"shorter": shorter, "longer": longer, "another": another} {
		_, err := to.CopyFrom(ctx, from, b)
		var damaged *blob.DamagedError
		if !errors.As(err, &damaged) || !damaged.From {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := to.CopyFrom(ctx, from, media.Blob{Key: "segments/7/none", Size: 3}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	ended, end := context.WithCancel(ctx)
	end()
	if _, err := to.CopyFrom(ended, from, b); !errors.Is(err, context.Canceled) {
		t.Errorf("in a context that has ended: %v", err)
	}
	for info, err := range to.List(ctx, "") {
		t.Errorf("%v was kept, %v", info, err)
	}
}
