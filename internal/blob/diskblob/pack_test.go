package diskblob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

var packing = Options{Small: SmallMost}

// read gives a blob's bytes.
func read(t rapid.TB, d *Driver, key string) []byte {
	t.Helper()
	info, err := d.Stat(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	r, err := d.Open(context.Background(), key, 0, info.Size)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, info.Size))
	if err != nil || int64(len(data)) != info.Size {
		t.Fatalf("%s: %d of %d bytes, %v", key, len(data), info.Size, err)
	}
	return data
}

func keys(t rapid.TB, d *Driver, prefix string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for info, err := range d.List(context.Background(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		all[info.Key] = true
	}
	return all
}

// TestPackGroup: those who come while a batch is written are the next one.
func TestPackGroup(t *testing.T) {
	d := open(t, t.TempDir(), packing)
	f := d.packs.acquire("segments/1/x")
	defer d.packs.release(f)
	f.leading = true // somebody else
	var all sync.WaitGroup
	const n = batchMost + 3
	for i := range n {
		all.Go(func() {
			if err := d.packs.put(fmt.Sprint("segments/1/", i), []byte{byte(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	for waiting := 0; waiting < n; {
		f.mu.Lock()
		waiting = len(f.queue)
		f.mu.Unlock()
	}
	f.queue[0].turn <- true
	all.Wait()
	pack, err := os.Open(f.path(1))
	if err != nil {
		t.Fatal(err)
	}
	defer pack.Close()
	records, _, err := hop(pack, 0, f.settled, "segments/1/")
	if err != nil || len(records) != n {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for i, r := range records {
		if want := int64(i/batchMost) * batchMost * recordAlign; r.settled != want {
			t.Errorf("record %d: %d bytes were settled, want %d", i, r.settled, want)
		}
	}
	for i := range n {
		if got := read(t, d, fmt.Sprint("segments/1/", i)); !bytes.Equal(got, []byte{byte(i)}) {
			t.Errorf("%d holds %v", i, got)
		}
	}
}

// TestPackAfterPowerCut: of what was acknowledged all is there, and of a batch that
// was being written what came to the disk whole, up to the first that did not,
// whatever sectors of it did and wherever the file ends.
func TestPackAfterPowerCut(t *testing.T) {
	root := t.TempDir()
	rounds := 0
	rapid.Check(t, func(t *rapid.T) {
		rounds++
		prefix := fmt.Sprintf("segments/%d/", rounds)
		d, err := Open(root, packing)
		if err != nil {
			t.Fatal(err)
		}
		sizes := rapid.SliceOfN(rapid.IntRange(0, 3*recordAlign), 0, 4)
		want := map[string][]byte{}
		for i, size := range sizes.Draw(t, "acknowledged") {
			key := fmt.Sprint(prefix, "a", i)
			want[key] = bytes.Repeat([]byte{byte(i + 1)}, size)
			if err := d.packs.put(key, want[key]); err != nil {
				t.Fatal(err)
			}
		}
		f := d.packs.acquire(prefix + "x")
		from, path := f.end, f.path(1)
		d.packs.release(f)

		type on struct {
			record record
			data   []byte
		}
		var batch []byte
		var way []on
		for i, size := range sizes.Draw(t, "on their way") {
			data := bytes.Repeat([]byte{byte(0x80 + i)}, size)
			r := record{key: fmt.Sprint(prefix, "b", i), at: from + int64(len(batch)), size: int64(size), crc: crc32.Checksum(data, castagnoli), settled: from}
			batch = append(r.appendTo(batch), data...)
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
				break
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
			if got := keys(t, d, prefix); len(got) != len(want) {
				t.Fatalf("listed are %v, want %d", got, len(want))
			}
			for key, data := range want {
				if got := read(t, d, key); !bytes.Equal(got, data) {
					t.Fatalf("%s holds %d bytes, want %d", key, len(got), len(data))
				}
			}
			if _, torn := want[prefix+"c"]; torn {
				continue
			}
			want[prefix+"c"] = []byte("afterwards")
			if err := d.packs.put(prefix+"c", want[prefix+"c"]); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestPackGoesOnAfterAFault: a batch that fails is cut off, and neither what was
// there before nor what comes after suffers.
func TestPackGoesOnAfterAFault(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	put(t, d, "segments/1/a", "before")
	f := d.packs.acquire("segments/1/x")
	// The same file, but open for reading only.
	fd, err := unix.Open(f.path(1), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(f.fd)
	f.fd = fd
	d.packs.release(f)
	if err := d.packs.put("segments/1/b", []byte("lost")); !errors.Is(err, unix.EBADF) {
		t.Fatalf("a pack that takes no writes gives %v", err)
	}
	wantAbsent(t, d, "segments/1/b")
	put(t, d, "segments/1/c", "after")
	for _, d := range []*Driver{d, open(t, root, Options{ReadOnly: true}), open(t, root, packing)} {
		if got := keys(t, d, "segments/1/"); len(got) != 2 {
			t.Errorf("listed are %v", got)
		}
		if a, c := read(t, d, "segments/1/a"), read(t, d, "segments/1/c"); string(a) != "before" || string(c) != "after" {
			t.Errorf("read %q and %q", a, c)
		}
		wantAbsent(t, d, "segments/1/b")
	}
}

func wantAbsent(t *testing.T, d *Driver, key string) {
	t.Helper()
	if _, err := d.Stat(context.Background(), key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("stat %s: %v", key, err)
	}
	if _, err := d.Open(context.Background(), key, 0, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open %s: %v", key, err)
	}
}

// TestPackEnds: a full pack is followed by another.
func TestPackEnds(t *testing.T) {
	d := open(t, t.TempDir(), packing)
	put(t, d, "segments/1/a", "a")
	f := d.packs.acquire("segments/1/x")
	f.end = packMost
	d.packs.release(f)
	put(t, d, "segments/1/b", "b")
	if a, b := read(t, d, "segments/1/a"), read(t, d, "segments/1/b"); string(a) != "a" || string(b) != "b" {
		t.Errorf("read %q and %q", a, b)
	}
	folder := filepath.Dir(d.file("segments/1/a"))
	for name, want := range map[string]os.FileMode{"_1.pack": sealedPerm, "_2.pack": filePerm} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", name, info, err, want)
		}
	}
}
