package diskblob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

// TestPackAfterPowerCut: of what was acknowledged all is there, and of a batch that
// was being written what came to the disk whole, up to the first that did not,
// whatever sectors of it did and wherever the file ends.
func TestPackAfterPowerCut(t *testing.T) {
	root := t.TempDir()
	rounds := 0
	rapid.Check(t, func(t *rapid.T) {
		rounds++
		// Each round has its own stretch; the blobs are of several media.
		prefix := func(i int) string { return fmt.Sprintf("segments/%d/", rounds<<stretchBits+i) }
		d, err := Open(root, packing)
		if err != nil {
			t.Fatal(err)
		}
		sizes := rapid.SliceOfN(rapid.IntRange(0, 3*recordAlign), 0, 4)
		want := map[string][]byte{}
		for i, size := range sizes.Draw(t, "acknowledged") {
			key := fmt.Sprint(prefix(i), "a")
			want[key] = bytes.Repeat([]byte{byte(i + 1)}, size)
			if err := d.packs.put(key, want[key]); err != nil {
				t.Fatal(err)
			}
		}
		s, _ := shared(prefix(0))
		f := d.packs.acquire(s)
		from, path, format := f.lanes[0].end, f.folder+"/"+packName(1), format{number: 1}
		if f.lanes[0].now != nil {
			path, format = f.lanes[0].now.path, f.lanes[0].now.format
		}
		d.packs.release(f)

		type on struct {
			record record
			data   []byte
		}
		var batch []byte
		var way []on
		for i, size := range sizes.Draw(t, "on their way") {
			data := bytes.Repeat([]byte{byte(0x80 + i)}, size)
			r := record{key: fmt.Sprint(prefix(i), "b"), at: from + int64(len(batch)), size: int64(size), crc: crc32.Checksum(data, castagnoli), settled: from}
			r.head = int64(format.head() + len(r.key))
			batch = append(format.append(batch, r), data...)
			batch = append(batch, make([]byte, r.next()-from-int64(len(batch)))...)
			way = append(way, on{r, data})
		}
		disk := bytes.Clone(batch)[:rapid.IntRange(0, len(batch)).Draw(t, "length")]
		for _, lost := range rapid.SliceOfN(rapid.IntRange(0, len(batch)/512), 0, 3).Draw(t, "lost sectors") {
			clear(disk[min(lost*512, len(disk)):min(lost*512+512, len(disk))])
		}
		for _, one := range way {
			begin, end := one.record.at-from, one.record.data()+one.record.size-from
			if end > int64(len(disk)) || !bytes.Equal(disk[begin:end], batch[begin:end]) {
				continue
			}
			want[one.record.key] = one.data
		}
		if err := os.MkdirAll(filepath.Dir(path), dirPerm); err != nil {
			t.Fatal(err)
		}
		pack, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, filePerm)
		if err == nil {
			_, err = pack.WriteAt(disk, from)
			err = errors.Join(err, pack.Close())
		}
		if err != nil {
			t.Fatal(err)
		}

		for range 2 { // what the next process writes doesn't change what it and others find
			d, err := Open(root, packing)
			if err != nil {
				t.Fatal(err)
			}
			wantAll(t, d, s, want)
			after := prefix(9) + fmt.Sprint("c", len(want))
			want[after] = []byte("afterwards")
			if err := d.packs.put(after, want[after]); err != nil {
				t.Fatal(err)
			}
		}
		// Nothing of what was torn is left in the way: the packs go with the blobs.
		if d, err = Open(root, packing); err != nil {
			t.Fatal(err)
		}
		for key := range want {
			if err := d.Delete(context.Background(), key); err != nil {
				t.Fatal(err)
			}
		}
		wantAll(t, d, s, nil)
		if left := packsIn(t, f.folder); len(left) > 0 {
			t.Fatalf("%v are left", left)
		}
	})
}

// wantAll checks what is on a shelf, all of it and by media.
func wantAll(t rapid.TB, d *Driver, s shelf, want map[string][]byte) {
	t.Helper()
	infos, err := d.packs.list(context.Background(), s, "", true)
	if err != nil || len(infos) != len(want) {
		t.Fatalf("listed are %d, %v, want %d", len(infos), err, len(want))
	}
	for key, data := range want {
		prefix, _ := splitKey(key)
		if !keys(t, d, prefix)[key] {
			t.Fatalf("%s is not listed", key)
		}
		if got := read(t, d, key); !bytes.Equal(got, data) {
			t.Fatalf("%s holds %d bytes, want %d", key, len(got), len(data))
		}
	}
}

// TestPackUnreadable: what the disk can't give back of one pack, or one that it can't sync,
// hides nothing else, and that only as long as it can't.
func TestPackUnreadable(t *testing.T) {
	t.Run("sector", func(t *testing.T) {
		root := t.TempDir()
		d := open(t, root, packing)
		for _, key := range goneKeys {
			put(t, d, key, string(content(key)))
		}
		path := inShared(t, d).lanes[0].now.path
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		out := trace(t, root, "cold packs", "-e", "trace=pread64", "-P", path, "-e", "inject=pread64:error=EIO:when=2")
		if want := "2: true, <nil>\n0: true, <nil>\n1: true, <nil>\n"; string(out.said) != want {
			t.Errorf("said %q", out.said)
		}
	})
	t.Run("pack", func(t *testing.T) {
		root := t.TempDir()
		numbers := bytes.NewReader([]byte{1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0})
		d := open(t, root, Options{Small: SmallMost, Random: numbers})
		var f *packFolder
		for i, key := range goneKeys {
			put(t, d, key, string(content(key)))
			if f = inShared(t, d); i == 1 {
				f.lanes[0].bytes = laneBytes // the next comes to another pack
			}
		}
		f.lanes[0].bytes = 0
		out := trace(t, root, "cold packs", "-e", "inject=fdatasync:error=EIO:when=1")
		if want := "2: true, <nil>\n0: true, <nil>\n1: true, <nil>\n"; string(out.said) != want {
			t.Errorf("said %q", out.said)
		}
	})
	t.Run("room ahead", func(t *testing.T) {
		root := t.TempDir()
		d := open(t, root, packing)
		for _, key := range goneKeys {
			put(t, d, key, string(content(key)))
		}
		out := trace(t, root, "cold packs", "-e", "trace=truncate", "-e", "inject=truncate:error=ENOSPC")
		if want := "2: true, <nil>\n0: true, <nil>\n1: true, <nil>\n"; string(out.said) != want {
			t.Errorf("said %q", out.said)
		}
	})
}

// TestPackMovedByHand: a pack that lies where its blobs' keys don't lead is left alone.
func TestPackMovedByHand(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	put(t, d, "segments/1/a", "a")
	path := inShared(t, d).lanes[0].now.path
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{d.shelfFolders(shelf{stretch: 1})[2], d.shelfFolders(shelf{stretch: 2})[2], d.shelfFolders(own("segments/3/a"))[2]} {
		if err := os.MkdirAll(folder, dirPerm); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(path, filepath.Join(folder, filepath.Base(path))); err != nil {
			t.Fatal(err)
		}
	}
	for _, perm := range []os.FileMode{sealedPerm, filePerm} {
		if err := os.Chmod(path, perm); err != nil {
			t.Fatal(err)
		}
		before := tree(t, root)
		for range 2 {
			d = open(t, root, packing)
			for range 2 {
				if got := keys(t, d, ""); len(got) != 1 || !got["segments/1/a"] {
					t.Errorf("listed are %v", got)
				}
			}
			wantTree(t, root, before...)
		}
	}
}
