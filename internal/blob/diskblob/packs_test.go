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

// TestPacksForgotten: more folders than stay open, or are remembered, are all found,
// and memory and open files stay within their bounds.
func TestPacksForgotten(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	const n = packsOpen + 20
	for i := range n {
		put(t, d, fmt.Sprintf("segments/%d/a", i), fmt.Sprint(i))
	}
	if d.packs.open != packsOpen {
		t.Errorf("%d packs are open, want %d", d.packs.open, packsOpen)
	}
	put(t, d, "segments/0/b", "more") // whose pack was closed
	for i := range n {
		key := fmt.Sprintf("segments/%d/a", i)
		if got := read(t, d, key); string(got) != fmt.Sprint(i) {
			t.Errorf("%s holds %q", key, got)
		}
	}
	if d.packs.records != n+1 {
		t.Errorf("%d blobs are remembered, want %d", d.packs.records, n+1)
	}
	d.packs.mu.Lock()
	d.packs.records += packRecords // of some that are in use
	d.packs.mu.Unlock()
	read(t, d, "segments/7/a")
	if len(d.packs.folders) != 0 || d.packs.open != 0 {
		t.Errorf("%d folders are remembered and %d packs open", len(d.packs.folders), d.packs.open)
	}
	if got := len(keys(t, d, "")); got != n+1 {
		t.Errorf("%d blobs are listed, want %d", got, n+1)
	}
	// A pack that was closed is not looked through again.
	wantMode(t, filepath.Dir(d.file("segments/0/a")), "_1.pack", sealedPerm)
}

func wantMode(t *testing.T, folder, name string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(filepath.Join(folder, name))
	if err != nil || info.Mode().Perm() != want {
		t.Errorf("%s: %v, %v, want %v", name, info, err, want)
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
	fan := "segments/" + fanOut("1") + "/"
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
		wantTree(t, root, "tmp/", "segments/", fan, fan+"1/", fan+"1/_1.pack")
	}
	if err := d.Delete(context.Background(), "segments/1/c"); err != nil {
		t.Fatal(err)
	}
	wantTree(t, root, "tmp/", "segments/", fan)
}

// TestPackOfNothing: what a crash left of a pack that never held anything goes when
// somebody looks, but not while it is only looked at.
func TestPackOfNothing(t *testing.T) {
	root := t.TempDir()
	fan := "segments/" + fanOut("1") + "/"
	for _, prefix := range []string{"", "segments/", "segments/1/"} {
		d := open(t, root, packing)
		folder := filepath.Join(root, fan, "1")
		if err := os.MkdirAll(folder, dirPerm); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "_1.pack"), make([]byte, 5000), filePerm); err != nil {
			t.Fatal(err)
		}
		ro := open(t, root, Options{ReadOnly: true})
		for range 2 {
			if got := keys(t, ro, prefix); len(got) != 0 {
				t.Errorf("listed are %v", got)
			}
			wantTree(t, root, "tmp/", "segments/", fan, fan+"1/", fan+"1/_1.pack")
		}
		if got := keys(t, d, prefix); len(got) != 0 {
			t.Errorf("listed are %v", got)
		}
		wantTree(t, root, "tmp/", "segments/", fan)
	}
}

// TestPackThatWasDamaged: what cannot be read is not there, and stays on disk all
// the same, in a pack that was whole and in one that was moved by hand.
func TestPackThatWasDamaged(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	for _, name := range []string{"a", "b"} {
		put(t, d, "segments/1/"+name, name)
	}
	put(t, d, "segments/2/a", "a")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	pack := filepath.Join(filepath.Dir(d.file("segments/1/a")), "_1.pack")
	b, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	b[9] ^= 1
	if err := os.WriteFile(pack, b, 0); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"3", "4"} { // of a folder that is, and of one that is unsealed
		folder := filepath.Dir(d.file("segments/" + id + "/a"))
		if err := os.MkdirAll(folder, dirPerm); err != nil {
			t.Fatal(err)
		}
		moved := filepath.Join(folder, "_1.pack")
		if err := os.Link(filepath.Join(filepath.Dir(d.file("segments/2/a")), "_1.pack"), moved); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(filepath.Dir(d.file("segments/4/a")), "_1.pack"), filePerm); err != nil {
		t.Fatal(err)
	}
	before := tree(t, root)
	for range 2 {
		d = open(t, root, packing)
		for range 2 {
			if got := keys(t, d, ""); len(got) != 1 || !got["segments/2/a"] {
				t.Errorf("listed are %v", got)
			}
		}
		wantAbsent(t, d, "segments/1/b")
		wantTree(t, root, before...)
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
	wantMode(t, filepath.Dir(d.file("segments/1/x")), "_1.pack", filePerm)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	wantMode(t, filepath.Dir(d.file("segments/1/x")), "_1.pack", sealedPerm)
}

// TestPackOfAnother: who opens a blob while it is deleted, and its pack with it, gets its
// bytes or none: never those of one that comes to a pack of the same name.
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
	if err := os.Remove(filepath.Join(filepath.Dir(d.file("segments/1/a")), "_1.pack")); err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(context.Background(), "segments/1/a"); err != nil {
		t.Error(err)
	}
	wantAbsent(t, d, "segments/1/a")
}
