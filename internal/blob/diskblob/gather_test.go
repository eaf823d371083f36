package diskblob

import (
	"bytes"
	"context"
	"slices"
	"testing"
)

// TestGatherSizes: a buffer is as long as what comes, and not much longer; those that
// nobody knew the length of grow, and keep what is in them.
func TestGatherSizes(t *testing.T) {
	for _, c := range []struct{ hint, size, want int }{
		{1, 1, 16 << 10},
		{16 << 10, 16 << 10, 16 << 10},
		{64<<10 + 500, 64 << 10, 72 << 10}, // a form
		{0, 64 << 10, 72 << 10},
		{SmallMost, SmallMost, SmallMost},
		{SmallMost + 300, 128 << 10, SmallMost},
		{10, SmallMost, SmallMost},
	} {
		d := open(t, t.TempDir(), packing)
		made, err := d.Create(context.Background(), int64(c.hint), 0)
		if err != nil {
			t.Fatal(err)
		}
		u := made.(*small)
		data := make([]byte, c.size)
		for i := range data {
			data[i] = byte(i >> 8 * i)
		}
		for part := range slices.Chunk(data, 5000) {
			if _, err := u.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		if u.file != nil || len(u.buf.bytes) != c.want {
			t.Errorf("%+v: gathered in %d bytes", c, len(u.buf.bytes))
		}
		if !bytes.Equal(u.bytes(), data) {
			t.Errorf("%+v: other bytes were gathered", c)
		}
		if d.gathers.left.Load() != smallAtOnce-1 {
			t.Errorf("%+v: counted as %d", c, smallAtOnce-d.gathers.left.Load())
		}
		u.Abort()
		if d.gathers.left.Load() != smallAtOnce {
			t.Errorf("%+v: memory is not given back", c)
		}
	}
}
