package diskblob

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

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

// inShared gives what is known of the packs that the media of small numbers share.
func inShared(t rapid.TB, d *Driver) *packFolder {
	t.Helper()
	f := d.packs.acquire(shelf{})
	d.packs.release(f)
	return f
}

// packsIn gives the packs of a folder.
func packsIn(t rapid.TB, folder string) []string {
	t.Helper()
	all, err := filepath.Glob(folder + "/_*.pack")
	if err != nil {
		t.Fatal(err)
	}
	return all
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

// oldPack writes a pack of the old kind, as versions before did: of one media, in its own
// folder, counted.
func oldPack(t testing.TB, d *Driver, key string, number int, perm os.FileMode, blobs map[string]string) string {
	t.Helper()
	var b []byte
	for name, data := range blobs {
		prefix, _ := splitKey(key)
		b = append(b, make([]byte, -len(b)&(recordAlign-1))...)
		r := record{key: prefix + name, at: int64(len(b)), size: int64(len(data)), crc: crc32.Checksum([]byte(data), castagnoli)}
		b = append(format{old: true}.append(b, r), data...)
	}
	folder := filepath.Dir(d.file(key))
	path := filepath.Join(folder, "_"+string(rune('0'+number))+".pack")
	err := os.MkdirAll(folder, dirPerm)
	if err == nil {
		err = os.WriteFile(path, b, perm)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPackNames(t *testing.T) {
	for name, want := range map[string]format{
		"_0123456789abcdef.pack": {number: 0x0123456789abcdef},
		"_0000000000000000.pack": {},
		"_1000000000000000.pack": {number: 1 << 60},
		"_1.pack":                {old: true},
		"_123.pack":              {old: true},
	} {
		if got, ok := readPackName(name); !ok || got != want {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
		if !want.old && packName(want.number) != name {
			t.Errorf("%s is named %s", name, packName(want.number))
		}
	}
	for _, name := range []string{"_.pack", "_0.pack", "_-1.pack", "_01.pack", "1.pack", "_1", "_a.pack", "_0123456789ABCDEF.pack", "_00123456789abcdef.pack", "_+123456789abcde.pack"} {
		if got, ok := readPackName(name); ok {
			t.Errorf("%s is taken for %+v", name, got)
		}
	}
}
