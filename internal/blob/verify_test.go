package blob_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/blob/diskblob"
	"magpie/internal/media"
)

func TestVerify(t *testing.T) {
	s, m := newStore()
	data := pattern(600_000)
	b := put(t, s, "segments/1/a", data)
	empty := put(t, s, "segments/1/empty", nil)

	wrong := func(change func(*media.Blob)) media.Blob {
		c := b
		change(&c)
		return c
	}
	for name, c := range map[string]struct {
		blob   media.Blob
		faults blobtest.Faults
		want   *blob.DamagedError
	}{
		"whole":        {blob: b},
		"in pieces":    {blob: b, faults: blobtest.Faults{Read: blobtest.Pieces(1001)}},
		"empty":        {blob: empty},
		"longer":       {blob: wrong(func(b *media.Blob) { b.Size-- }), want: &blob.DamagedError{WantSize: 599_999, GotSize: 600_000, WantCRC: b.CRC, GotCRC: b.CRC}},
		"shorter":      {blob: wrong(func(b *media.Blob) { b.Size++ }), want: &blob.DamagedError{WantSize: 600_001, GotSize: 600_000, WantCRC: b.CRC, GotCRC: b.CRC}},
		"other":        {blob: wrong(func(b *media.Blob) { b.CRC++ }), want: &blob.DamagedError{WantSize: 600_000, GotSize: 600_000, WantCRC: b.CRC + 1, GotCRC: b.CRC}},
		"cut on disk":  {blob: b, faults: blobtest.Faults{Read: blobtest.EndAt(b.Key, 100)}, want: &blob.DamagedError{WantSize: 600_000, GotSize: 100, WantCRC: b.CRC, GotCRC: crc(data[:100])}},
		"gone on disk": {blob: b, faults: blobtest.Faults{Read: blobtest.EndAt(b.Key, 0)}, want: &blob.DamagedError{WantSize: 600_000, WantCRC: b.CRC}},
	} {
		m.SetFaults(c.faults)
		err := s.Verify(ctx, c.blob)
		if c.want == nil {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		c.want.Key = b.Key
		var got *blob.DamagedError
		if !errors.As(err, &got) {
			t.Errorf("%s: got %v, want a DamagedError", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestVerifyFindsAnyBit(t *testing.T) {
	s, m := newStore()
	b := put(t, s, "segments/1/a", pattern(2000))
	rapid.Check(t, func(t *rapid.T) {
		m.SetFaults(blobtest.Faults{Read: blobtest.FlipBit(b.Key, rapid.Int64Range(0, 8*2000-1).Draw(t, "bit"))})
		var damaged *blob.DamagedError
		if err := s.Verify(ctx, b); !errors.As(err, &damaged) || damaged.GotSize != 2000 {
			t.Fatalf("got %v", err)
		}
	})
}

// TestVerifyTellsApart: missing, unreadable and interrupted are not damaged.
func TestVerifyTellsApart(t *testing.T) {
	s, m := newStore()
	b := put(t, s, "segments/1/a", pattern(2000))
	over, cancel := context.WithCancel(ctx)
	cancel()
	missing := s.Verify(ctx, media.Blob{Key: "segments/1/b"})
	interrupted := s.Verify(over, b)
	m.SetFaults(blobtest.Faults{Before: blobtest.FailAll(blobtest.OpRead, errBroken)})
	unreadable := s.Verify(ctx, b)
	for _, c := range []struct{ err, is error }{
		{missing, fs.ErrNotExist}, {interrupted, context.Canceled}, {unreadable, errBroken},
	} {
		var damaged *blob.DamagedError
		if !errors.Is(c.err, c.is) || errors.As(c.err, &damaged) {
			t.Errorf("got %v, want %v", c.err, c.is)
		}
	}
}

func TestVerifyOnDisk(t *testing.T) {
	root := t.TempDir()
	d, err := diskblob.Open(root, diskblob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := blob.New(d)
	b := put(t, s, "only", []byte("0123456789"))
	if err := s.Verify(ctx, b); err != nil {
		t.Fatal(err)
	}
	for _, spoiled := range []string{"0123456788", "012345678", "01234567890", ""} {
		if err := os.WriteFile(filepath.Join(root, "only"), []byte(spoiled), 0o600); err != nil {
			t.Fatal(err)
		}
		var damaged *blob.DamagedError
		if err := s.Verify(ctx, b); !errors.As(err, &damaged) || damaged.GotSize != int64(len(spoiled)) || damaged.GotCRC != crc([]byte(spoiled)) {
			t.Errorf("%q instead: %v", spoiled, err)
		}
	}
}

func TestDamagedErrorSaysWhat(t *testing.T) {
	for want, e := range map[string]*blob.DamagedError{
		"blob a is damaged: it has 3 bytes instead of 5":                 {Key: "a", WantSize: 5, GotSize: 3},
		"blob a is damaged: its CRC-32C is 0000000b instead of 0000000a": {Key: "a", WantCRC: 0xa, GotCRC: 0xb},
	} {
		if e.Error() != want {
			t.Errorf("got %q, want %q", e.Error(), want)
		}
	}
}
