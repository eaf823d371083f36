package diskblob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// TestPackDamaged: whatever bytes of a pack were changed, closed or left by a crash, each
// blob of which none was is listed and read whole, also by others later, and none is listed
// that never was. What can't be read of a pack that was whole stays on disk.
func TestPackDamaged(t *testing.T) {
	root := t.TempDir()
	rounds := 0
	rapid.Check(t, func(t *rapid.T) {
		rounds++
		d, err := Open(root, packing)
		if err != nil {
			t.Fatal(err)
		}
		s := shelf{stretch: uint64(rounds)}
		all := map[string][]byte{}
		sizes := rapid.SliceOfN(rapid.IntRange(0, 3*recordAlign), 1, 8).Draw(t, "sizes")
		for i, size := range sizes {
			key := fmt.Sprintf("segments/%d/a", rounds<<stretchBits+i%5)
			if i >= 5 {
				key = fmt.Sprintf("renditions/%d/1/%d", rounds<<stretchBits+i%3, i)
			}
			all[key] = bytes.Repeat([]byte{byte(i + 1)}, size)
			if err := d.packs.put(key, all[key]); err != nil {
				t.Fatal(err)
			}
		}
		f := d.packs.acquire(s)
		path, end := f.lanes[0].now.path, int(f.lanes[0].end)
		spans := map[string]packed{}
		for key := range all {
			spans[key], _ = f.where(key, false)
		}
		for key := range all {
			if len(all) > 1 && rapid.IntRange(0, 3).Draw(t, "deleted") == 0 {
				if err := d.Delete(context.Background(), key); err != nil {
					t.Fatal(err)
				}
				delete(all, key)
				delete(spans, key)
			}
		}
		d.packs.release(f)
		if rapid.Bool().Draw(t, "closed") {
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		places := rapid.OneOf(rapid.IntRange(0, end-1), // anywhere, and in headers
			rapid.Map(rapid.IntRange(0, end-1), func(i int) int { return i&^(recordAlign-1) + i%recordHead }))
		for _, i := range rapid.SliceOfN(places, 1, 4).Draw(t, "flipped") {
			if i < len(b) {
				b[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			}
		}
		pack, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(path)
		if err == nil {
			_, err = pack.WriteAt(b, 0)
			err = errors.Join(err, pack.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		untouched := map[string][]byte{}
		for key, at := range spans {
			if bytes.Equal(b[at.at:at.data+at.size], before[at.at:at.data+at.size]) {
				untouched[key] = all[key]
			}
		}
		for _, opts := range []Options{{ReadOnly: true}, packing, packing, {ReadOnly: true}} {
			d, err := Open(root, opts)
			if err != nil {
				t.Fatal(err)
			}
			infos, err := d.packs.list(context.Background(), s, "", true)
			if err != nil {
				t.Fatal(err)
			}
			listed := map[string]bool{}
			for _, info := range infos {
				if listed[info.Key] = true; all[info.Key] == nil {
					t.Fatalf("%s is listed", info.Key)
				}
			}
			for key, data := range untouched {
				if !listed[key] {
					t.Fatalf("%s is not listed", key)
				}
				if got := read(t, d, key); !bytes.Equal(got, data) {
					t.Fatalf("%s holds %d bytes", key, len(got))
				}
			}
		}
	})
}

// TestPackThatWasDamaged: what can't be read is not there, and stays on disk all the
// same, also when the last of the others is deleted.
func TestPackThatWasDamaged(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	for _, id := range []string{"1", "2", "3"} {
		put(t, d, "segments/"+id+"/a", id)
	}
	path := inShared(t, d).lanes[0].now.path
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	flip(t, path, recordAlign+9)
	before := tree(t, root)
	for range 2 {
		d = open(t, root, packing)
		for range 2 {
			if got := keys(t, d, ""); len(got) != 2 || got["segments/2/a"] {
				t.Errorf("listed are %v", got)
			}
		}
		wantAbsent(t, d, "segments/2/a")
		wantTree(t, root, before...)
	}
	for _, id := range []string{"1", "2", "3"} {
		if err := d.Delete(t.Context(), "segments/"+id+"/a"); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []*Driver{d, open(t, root, packing)} {
		if got := keys(t, d, ""); len(got) != 0 {
			t.Errorf("listed are %v", got)
		}
		wantTree(t, root, before...)
	}
	flip(t, path, recordAlign+9) // somebody mended it
	if got := read(t, open(t, root, packing), "segments/2/a"); string(got) != "2" {
		t.Errorf("read %q", got)
	}
}

func flip(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	b[0] ^= 1
	if err == nil {
		_, err = f.WriteAt(b[:], at)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// badPages can't be read where a page is said to be bad.
type badPages struct {
	io.ReaderAt
	bad   func(page int64) error
	reads int
}

func (b *badPages) ReadAt(p []byte, off int64) (int, error) {
	b.reads++
	if err := b.bad(off / recordAlign); err != nil {
		return 0, err
	}
	return b.ReaderAt.ReadAt(p, off)
}

// TestHopOverBadSectors: what lies around a header that the disk can't give back is found,
// with the error. A disk that gives nothing back is not asked for all.
func TestHopOverBadSectors(t *testing.T) {
	const n = 3 * failuresMost
	for _, format := range formats {
		var b []byte
		for i := range n {
			r := record{key: fmt.Sprint("segments/1/", i), at: int64(len(b))}
			b = append(format.append(b, r), make([]byte, recordAlign-format.head()-len(r.key))...)
		}
		one := func(page int64) error {
			if page == 2 {
				return unix.EIO
			}
			return nil
		}
		for _, c := range []struct {
			bad         func(int64) error
			found, read int
		}{
			{one, n - 1, n},
			{func(int64) error { return unix.EIO }, 0, failuresMost},
			{func(int64) error { return unix.ENOMEM }, 0, 1},
		} {
			if format.old {
				c.found, c.read = min(c.found, 2), min(c.read, 3)
				if c.found == 0 {
					c.read = 1
				}
			}
			file := &badPages{ReaderAt: bytes.NewReader(b), bad: c.bad}
			got, err := hop(file, 0, int64(len(b)), format, shelf{})
			if err == nil || len(got.records) != c.found || file.reads != c.read {
				t.Errorf("old: %t: %d records after %d reads, %v, want %d after %d", format.old, len(got.records), file.reads, err, c.found, c.read)
			}
		}
	}
}

// TestPackForged: bytes that look like a record are none, whether of the old kind or of
// another pack, even where the header before them is damaged. Whoever knew the pack's
// number could forge one.
func TestPackForged(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{Small: SmallMost, Random: bytes.NewReader([]byte{5, 0, 0, 0, 0, 0, 0, 0})})
	const key = "segments/1/a"
	data := make([]byte, 5*recordAlign-recordHead-len(key))
	for i, f := range []format{{old: true}, {number: 0}, {number: 1}, {number: 5}} {
		at := int64((i + 1) * recordAlign)
		forged := f.append(nil, record{key: fmt.Sprintf("segments/2/%d", i), at: at, size: 3})
		copy(data[int(at)-recordHead-len(key):], forged)
	}
	put(t, d, key, string(data))
	put(t, d, "segments/3/a", "after")
	path := inShared(t, d).lanes[0].now.path
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, open(t, root, packing), ""); len(got) != 2 {
		t.Errorf("listed are %v", got)
	}
	flip(t, path, 4)
	d = open(t, root, packing)
	if got := keys(t, d, ""); len(got) != 2 || !got["segments/3/a"] || !got["segments/2/3"] {
		t.Errorf("listed are %v", got)
	}
	if got := read(t, d, "segments/3/a"); string(got) != "after" {
		t.Errorf("read %q", got)
	}
}
