package diskblob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// room is how many bytes a file takes up on disk.
func room(t *testing.T, path string) int64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st.Blocks * 512
}

// bytesOf is what tests store of a media: no page of it is like another's.
func bytesOf(media, n int) string {
	return string(bytes.Repeat([]byte{byte(media + 1), 1, byte(n)}, n)[:n])
}

// TestEraseGivesRoomBack: a blob that is deleted takes up nothing any more, and the
// others in its pack keep all of theirs, whatever their lengths.
func TestEraseGivesRoomBack(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	sizes := []int{64 << 10, 1, recordAlign - recordHead - len("segments/0/a"), recordAlign, SmallMost, 100_000, 0, 5000}
	for i, n := range sizes {
		put(t, d, fmt.Sprintf("segments/%d/a", i), bytesOf(i, n))
	}
	path := inShared(t, d).lanes[0].now.path
	for i, n := range sizes[:len(sizes)-1] {
		before := room(t, path)
		if err := d.Delete(t.Context(), fmt.Sprintf("segments/%d/a", i)); err != nil {
			t.Fatal(err)
		}
		if got := before - room(t, path); got < int64(n) {
			t.Errorf("%d bytes came free of %d", got, n)
		}
		for _, d := range []*Driver{d, open(t, root, Options{ReadOnly: true})} {
			wantAbsent(t, d, fmt.Sprintf("segments/%d/a", i))
			for j := i + 1; j < len(sizes); j++ {
				if got := read(t, d, fmt.Sprintf("segments/%d/a", j)); string(got) != bytesOf(j, sizes[j]) {
					t.Errorf("%d of %d bytes are not what was stored", j, len(got))
				}
			}
			if got := len(keys(t, d, "")); got != len(sizes)-i-1 {
				t.Errorf("%d are listed", got)
			}
		}
	}
	if got := room(t, path); got > 2*recordAlign {
		t.Errorf("%d bytes are taken up by the last", got)
	}
}

// TestEraseWaitsForReaders: whoever opened a blob before it was deleted reads its bytes to
// the end; then its room is given back.
func TestEraseWaitsForReaders(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{Small: SmallMost, KeepOpen: 3})
	want := bytesOf(1, 100_000)
	put(t, d, "segments/1/a", want)
	put(t, d, "segments/2/a", "other")
	path := inShared(t, d).lanes[0].now.path
	before := room(t, path)
	var readers []io.ReadCloser
	for range 2 {
		r, err := d.Open(t.Context(), "segments/1/a", 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		readers = append(readers, r)
	}
	for range 2 {
		if err := d.Delete(t.Context(), "segments/1/a"); err != nil {
			t.Fatal(err)
		}
		for _, d := range []*Driver{d, open(t, root, Options{ReadOnly: true})} {
			wantAbsent(t, d, "segments/1/a")
			if got := keys(t, d, ""); len(got) != 1 {
				t.Errorf("listed are %v", got)
			}
		}
	}
	for _, r := range readers {
		if got := room(t, path); got != before {
			t.Errorf("%d of %d bytes are taken up while somebody reads", got, before)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != want {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		for range 2 {
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := room(t, path); got > before-int64(len(want)) {
		t.Errorf("%d of %d bytes are taken up", got, before)
	}
	if n := len(d.packs.readings.all); n != 0 {
		t.Errorf("%d are being read", n)
	}
	if got := read(t, d, "segments/2/a"); string(got) != "other" {
		t.Errorf("read %q", got)
	}
	wantAbsent(t, open(t, root, packing), "segments/1/a")
}

// TestErasedByAnother: who reads while another process deletes gets a blob's bytes, or is
// told that it is gone: never zeros.
func TestErasedByAnother(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	want := bytesOf(1, 100_000)
	put(t, d, "segments/1/a", want)
	put(t, d, "segments/2/a", "other")
	ro := open(t, root, Options{ReadOnly: true})
	r, err := ro.Open(t.Context(), "segments/1/a", 0, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := make([]byte, 10)
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want[:10] {
		t.Errorf("read %q, %v", got, err)
	}
	if err := d.Delete(t.Context(), "segments/1/a"); err != nil {
		t.Fatal(err)
	}
	if n, err := r.Read(got); n != 0 || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("read %d more, %v", n, err)
	}
	wantAbsent(t, ro, "segments/1/a")
	if got := read(t, ro, "segments/2/a"); string(got) != "other" {
		t.Errorf("read %q", got)
	}
}

// TestHalfErased: a crash between the two steps of a deletion leaves bytes that are nobody's
// and hide nothing; the pack goes with the others in it.
func TestHalfErased(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	for i := range 3 {
		put(t, d, fmt.Sprintf("segments/%d/a", i), bytesOf(i, 20_000))
	}
	f := inShared(t, d)
	at, _ := f.where("segments/1/a", false)
	file, err := os.OpenFile(at.pack.path, os.O_WRONLY, 0)
	if err == nil {
		err = errors.Join(punch(file, at.at, recordAlign), file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // left by a crash, and then closed
		d = open(t, root, packing)
		wantAbsent(t, d, "segments/1/a")
		if got := keys(t, d, ""); len(got) != 2 {
			t.Errorf("listed are %v", got)
		}
	}
	for _, i := range []int{0, 2} {
		if got := read(t, d, fmt.Sprintf("segments/%d/a", i)); string(got) != bytesOf(i, 20_000) {
			t.Errorf("%d holds %d bytes", i, len(got))
		}
		if err := d.Delete(t.Context(), fmt.Sprintf("segments/%d/a", i)); err != nil {
			t.Fatal(err)
		}
	}
	wantTree(t, root, "tmp/", packsName+"/", packsName+"/"+fanOut("0")+"/")
}

// TestEraseFails: whichever step of a deletion the filesystem refuses, the blob is gone
// and the others are whole.
func TestEraseFails(t *testing.T) {
	for _, inject := range []string{
		"fallocate:error=EOPNOTSUPP", "fallocate:error=EIO:when=1", "fallocate:error=EIO:when=2", "fallocate:error=EINTR:when=1",
	} {
		t.Run(inject, func(t *testing.T) {
			root := t.TempDir()
			if out := trace(t, root, "gone packs", "-e", "inject="+inject); string(out.said) != "err=<nil>\n" {
				t.Errorf("said %q", out.said)
			}
			for range 2 {
				d := open(t, root, packing)
				wantAbsent(t, d, goneKeys[1])
				if got := keys(t, d, ""); len(got) != 2 {
					t.Errorf("listed are %v", got)
				}
				for _, i := range []int{0, 2} {
					if got := read(t, d, goneKeys[i]); !bytes.Equal(got, content(goneKeys[i])) {
						t.Errorf("%s holds %d bytes", goneKeys[i], len(got))
					}
				}
			}
		})
	}
}

// TestPacksModel holds packs of several media against a map, through commits, deletions,
// readers that stay, processes that come after another, closed or killed, and memory that
// runs short.
func TestPacksModel(t *testing.T) {
	root := t.TempDir()
	rounds := 0
	rapid.Check(t, func(t *rapid.T) {
		rounds++
		s := shelf{stretch: uint64(rounds)}
		d, err := Open(root, packing)
		if err != nil {
			t.Fatal(err)
		}
		model := map[string][]byte{}
		type reader struct {
			io.ReadCloser
			want []byte
		}
		var readers []reader
		closeAll := func() {
			for _, r := range readers {
				if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, r.want) {
					t.Fatalf("a reader that stayed got %d bytes, %v", len(got), err)
				}
				r.Close()
			}
			readers = nil
		}
		var made []string
		for i := range rapid.IntRange(1, 15).Draw(t, "steps") {
			some := func() string { return rapid.SampledFrom(made).Draw(t, "key") }
			switch step := rapid.SampledFrom([]string{"put", "put", "put", "delete", "delete", "read", "kill", "close", "forget"}).Draw(t, "step"); {
			case step == "put" || len(made) == 0:
				key := fmt.Sprintf("segments/%d/%d", rounds<<stretchBits+rapid.IntRange(0, 2).Draw(t, "media"), i)
				made = append(made, key)
				model[key] = []byte(bytesOf(i, rapid.IntRange(0, 3*recordAlign).Draw(t, "size")))
				if err := d.packs.put(key, model[key]); err != nil {
					t.Fatal(err)
				}
			case step == "delete":
				key := some()
				if err := d.Delete(context.Background(), key); err != nil {
					t.Fatal(err)
				}
				delete(model, key)
			case step == "read":
				key := some()
				r, err := d.Open(context.Background(), key, 0, 1)
				if err == nil {
					readers = append(readers, reader{r, model[key]})
				}
				if _, there := model[key]; there != (err == nil) {
					t.Fatalf("%s: %v", key, err)
				}
			case step == "kill", step == "close":
				closeAll()
				if step == "close" {
					d.Close()
				}
				if d, err = Open(root, packing); err != nil {
					t.Fatal(err)
				}
			case step == "forget":
				d.packs.mu.Lock()
				d.packs.records, d.packs.stay = d.packs.records+packRecords, 0
				d.packs.mu.Unlock()
				d.packs.release(d.packs.acquire(shelf{stretch: 1<<31 - 1}))
				d.packs.mu.Lock()
				d.packs.stay = packsStay
				if d.packs.records -= packRecords; d.packs.records != 0 || len(d.packs.folders) != 0 {
					t.Fatalf("%d blobs of %d shelves are remembered", d.packs.records, len(d.packs.folders))
				}
				d.packs.mu.Unlock()
			}
			for _, d := range []*Driver{d, readOnly(t, root)} {
				wantAll(t, d, s, model)
			}
		}
		closeAll()
		for key := range model {
			if err := d.Delete(context.Background(), key); err != nil {
				t.Fatal(err)
			}
		}
		wantAll(t, d, s, nil)
		if left := packsIn(t, d.shelfFolders(s)[2]); len(left) > 0 {
			t.Fatalf("%v are left", left)
		}
	})
}

func readOnly(t rapid.TB, root string) *Driver {
	d, err := Open(root, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	return d
}
