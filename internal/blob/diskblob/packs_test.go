package diskblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"magpie/internal/blob"
)

func wantMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != want {
		t.Errorf("%s: %v, %v, want %v", path, info, err, want)
	}
}

// TestPackDeletes: one of several is gone for other processes too, and with the last
// goes the pack and its folder.
func TestPackDeletes(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	for _, name := range []string{"a", "b", "c"} {
		put(t, d, "segments/1/"+name, name)
	}
	fan := packsName + "/" + fanOut("0") + "/"
	pack := fan + "0/" + filepath.Base(packsIn(t, root+"/"+fan+"0")[0])
	for _, name := range []string{"b", "a"} {
		if err := d.Delete(context.Background(), "segments/1/"+name); err != nil {
			t.Fatal(err)
		}
		d = open(t, root, packing)
		wantAbsent(t, d, "segments/1/"+name)
	}
	if got := keys(t, d, ""); len(got) != 1 || !got["segments/1/c"] {
		t.Errorf("listed are %v", got)
	}
	put(t, d, "segments/1/d", "d")
	for range 2 {
		if err := d.Delete(context.Background(), "segments/1/d"); err != nil {
			t.Fatal(err)
		}
		wantTree(t, root, "tmp/", packsName+"/", fan, fan+"0/", pack)
	}
	if err := d.Delete(context.Background(), "segments/1/c"); err != nil {
		t.Fatal(err)
	}
	wantTree(t, root, "tmp/", packsName+"/", fan)
}

// TestPackOfNothing: what a crash left of a pack that never held anything goes when
// somebody looks, but not while it is only looked at.
func TestPackOfNothing(t *testing.T) {
	root := t.TempDir()
	for _, c := range []struct{ fan, folder, name string }{
		{"segments/" + fanOut("1") + "/", "1/", "_1.pack"},
		{"segments/" + fanOut("1") + "/", "1/", packName(5)},
		{packsName + "/" + fanOut("0") + "/", "0/", packName(5)},
	} {
		for _, prefix := range []string{"", "segments/", "segments/1/"} {
			d := open(t, root, packing)
			folder := filepath.Join(root, c.fan, c.folder)
			if err := os.MkdirAll(folder, dirPerm); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, c.name), make([]byte, 5000), filePerm); err != nil {
				t.Fatal(err)
			}
			ro := open(t, root, Options{ReadOnly: true})
			for range 2 {
				if got := keys(t, ro, prefix); len(got) != 0 {
					t.Errorf("listed are %v", got)
				}
				if _, err := os.Stat(filepath.Join(folder, c.name)); err != nil {
					t.Error(err)
				}
			}
			if got := keys(t, d, prefix); len(got) != 0 {
				t.Errorf("listed are %v", got)
			}
			if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is left after list %q: %v", folder, prefix, err)
			}
		}
	}
}

// TestPacksReadWhileWritten: a process that only reads sees what comes.
func TestPacksReadWhileWritten(t *testing.T) {
	root := t.TempDir()
	d, ro := open(t, root, packing), open(t, root, Options{ReadOnly: true})
	for i := range 5 {
		key := fmt.Sprint("segments/1/", i)
		put(t, d, key, key)
		if got := keys(t, ro, "segments/1/"); len(got) != i+1 {
			t.Errorf("listed are %v", got)
		}
		if got := read(t, ro, key); string(got) != key {
			t.Errorf("%s holds %q", key, got)
		}
	}
	path := inShared(t, d).lanes[0].now.path
	wantMode(t, path, filePerm)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	wantMode(t, path, sealedPerm)
}

// TestPackClosedWhileWritten: a pack that somebody still writes to when all are closed does
// not seem to be whole, and they end what they do.
func TestPackClosedWhileWritten(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	put(t, d, "segments/1/a", "before")
	f := d.packs.acquire(shelf{})
	l := &f.lanes[0]
	path, late := l.now.path, &pending{record: record{key: "segments/2/a"}, turn: make(chan bool, 1)}
	l.leading, l.queue = true, append(l.queue, late)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	wantMode(t, path, filePerm)
	l.lead()
	d.packs.release(f)
	if late.err != nil {
		t.Error(late.err)
	}
	if got := keys(t, open(t, root, packing), ""); len(got) != 2 || len(packsIn(t, f.folder)) != 1 {
		t.Errorf("listed are %v", got)
	}
	wantMode(t, path, sealedPerm)
}

// TestPacksListedByMedia: of packs that media share, each one's blobs are listed together.
func TestPacksListedByMedia(t *testing.T) {
	d := open(t, t.TempDir(), packing)
	const media, each = 7, 5
	for i := range media * each {
		put(t, d, fmt.Sprintf("segments/%d/%d", i%media, i), "")
	}
	last, changes, n := "", 0, 0
	for info, err := range d.List(t.Context(), "segments/") {
		if err != nil {
			t.Fatal(err)
		}
		prefix, _ := splitKey(info.Key)
		if n++; prefix != last {
			changes++
		}
		last = prefix
	}
	if n != media*each || changes != media {
		t.Errorf("%d blobs of %d media are listed, changing between these %d times", n, media, changes)
	}
}

// TestPackOfAnother: who opens a blob while it is deleted, and its pack with it, gets its
// bytes or none: never those of one that comes after it, and no zeros.
func TestPackOfAnother(t *testing.T) {
	d := open(t, t.TempDir(), packing)
	const rounds = 100
	var now atomic.Int64
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			got := make([]byte, 1)
			for i := now.Load(); i < rounds; i = now.Load() {
				r, err := d.Open(context.Background(), fmt.Sprint("segments/1/", i), 0, 1)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err == nil {
					_, err = io.ReadFull(r, got)
					r.Close()
				}
				if err != nil || got[0] != byte(i) {
					t.Errorf("%d holds %v, %v", i, got, err)
					return
				}
			}
		})
	}
	for i := range rounds {
		now.Store(int64(i))
		key := fmt.Sprint("segments/1/", i)
		put(t, d, key, string([]byte{byte(i)}))
		read(t, d, key)
		if err := d.Delete(context.Background(), key); err != nil {
			t.Fatal(err)
		}
	}
	now.Store(rounds)
	all.Wait()
}

// TestPackedBlobEnds: a reader of a blob in a pack ends where the blob does, whatever
// it was asked for, and where others follow.
func TestPackedBlobEnds(t *testing.T) {
	d := open(t, t.TempDir(), packing)
	put(t, d, "segments/1/a", "first")
	put(t, d, "segments/1/b", "second")
	server, client := connected(t)
	raw, err := server.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for off, want := range map[int64]string{0: "first", 3: "st", 5: "", 4096: ""} {
		r, err := d.Open(t.Context(), "segments/1/a", off, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != want {
			t.Errorf("from %d on are %d bytes, %v, want %q", off, len(got), err, want)
		}
		r.Close()
	}
	r, err := d.Open(t.Context(), "segments/1/a", 1, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := r.(blob.Sender).SendTo(raw, 1<<20); n != 4 || err != nil {
		t.Errorf("sent %d bytes, %v, want 4", n, err)
	}
	_ = server.Close()
	if got, err := io.ReadAll(client); err != nil || string(got) != "irst" {
		t.Errorf("%d bytes came, %v", len(got), err)
	}
}

// TestPackRemovedByHand: deleting a blob of which the pack went in another way is no
// error.
func TestPackRemovedByHand(t *testing.T) {
	d := open(t, t.TempDir(), packing)
	put(t, d, "segments/1/a", "a")
	read(t, d, "segments/1/a")
	put(t, d, "segments/1/b", "b")
	if err := os.Remove(inShared(t, d).lanes[0].now.path); err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(context.Background(), "segments/1/a"); err != nil {
		t.Error(err)
	}
	wantAbsent(t, d, "segments/1/a")
}
