package diskblob

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPackGroup: those who come while a batch is written are the next one.
func TestPackGroup(t *testing.T) {
	d := open(t, t.TempDir(), packing)
	f := d.packs.acquire(shelf{})
	defer d.packs.release(f)
	f.lanes = f.lanes[:1]
	f.lanes[0].leading = true // somebody else
	var all sync.WaitGroup
	const n = batchMost + 3
	for i := range n {
		all.Go(func() {
			if err := d.packs.put(fmt.Sprintf("segments/%d/a", i), []byte{byte(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	for waiting := 0; waiting < n; {
		f.mu.Lock()
		waiting = len(f.lanes[0].queue)
		f.mu.Unlock()
	}
	f.lanes[0].queue[0].turn <- true
	all.Wait()
	pack, err := os.Open(f.lanes[0].now.path)
	if err != nil {
		t.Fatal(err)
	}
	defer pack.Close()
	got, err := hop(pack, 0, f.lanes[0].settled, f.lanes[0].now.format, shelf{})
	if err != nil || len(got.records) != n {
		t.Fatalf("%d records, %v", len(got.records), err)
	}
	for i, r := range got.records {
		if want := int64(i/batchMost) * batchMost * recordAlign; r.settled != want {
			t.Errorf("record %d: %d bytes were settled, want %d", i, r.settled, want)
		}
	}
	for i := range n {
		if got := read(t, d, fmt.Sprintf("segments/%d/a", i)); !bytes.Equal(got, []byte{byte(i)}) {
			t.Errorf("%d holds %v", i, got)
		}
	}
}

// TestPackLanes: a second pack is written to once there is enough for a batch waiting for the
// first, in bytes or in blobs, and those that wait are counted until they are written.
func TestPackLanes(t *testing.T) {
	d := open(t, t.TempDir(), packing)
	f := d.packs.acquire(shelf{})
	defer d.packs.release(f)
	first, second := &f.lanes[0], &f.lanes[1]
	first.leading = true // somebody else
	want := func(l *lane) {
		t.Helper()
		if got := f.choose(); got != l {
			t.Errorf("chosen is %+v, want %+v", got, l)
		}
	}
	want(first)
	first.bytes = laneBytes - 1
	want(first)
	first.bytes++
	want(second)
	second.bytes = laneBytes + 1
	want(first)
	first.bytes += 2
	want(second)
	first.bytes, second.bytes = 0, 0
	first.queue = make([]*pending, batchMost)
	want(second)
	first.queue, first.leading = nil, false

	var all sync.WaitGroup
	const n, size = 40, 100 << 10
	for i := range n {
		all.Go(func() {
			if err := d.packs.put(fmt.Sprintf("segments/%d/a", i), bytes.Repeat([]byte{byte(i)}, size)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if first.bytes != 0 || second.bytes != 0 {
		t.Errorf("%d and %d bytes wait when nobody does", first.bytes, second.bytes)
	}
	for i := range n {
		if got := read(t, d, fmt.Sprintf("segments/%d/a", i)); !bytes.Equal(got, bytes.Repeat([]byte{byte(i)}, size)) {
			t.Errorf("%d holds %d other bytes", i, len(got))
		}
	}
}

// TestPackGoesOnAfterAFault: a batch that fails is cut off, and neither what was
// there before nor what comes after suffers.
func TestPackGoesOnAfterAFault(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	put(t, d, "segments/1/a", "before")
	f := inShared(t, d)
	// The same file, but open for reading only.
	fd, err := unix.Open(f.lanes[0].now.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(f.lanes[0].fd)
	f.lanes[0].fd = fd
	if err := d.packs.put("segments/2/b", []byte("lost")); !errors.Is(err, unix.EBADF) {
		t.Fatalf("a pack that takes no writes gives %v", err)
	}
	wantAbsent(t, d, "segments/2/b")
	put(t, d, "segments/1/c", "after")
	for _, d := range []*Driver{d, open(t, root, Options{ReadOnly: true}), open(t, root, packing)} {
		if got := keys(t, d, "segments/1/"); len(got) != 2 {
			t.Errorf("listed are %v", got)
		}
		if a, c := read(t, d, "segments/1/a"), read(t, d, "segments/1/c"); string(a) != "before" || string(c) != "after" {
			t.Errorf("read %q and %q", a, c)
		}
		wantAbsent(t, d, "segments/2/b")
	}
}

// TestPackEnds: a full pack is followed by another.
func TestPackEnds(t *testing.T) {
	d := open(t, t.TempDir(), packing)
	put(t, d, "segments/1/a", "a")
	f := inShared(t, d)
	full := f.lanes[0].now.path
	f.lanes[0].end = packMost
	put(t, d, "segments/2/b", "b")
	if a, b := read(t, d, "segments/1/a"), read(t, d, "segments/2/b"); string(a) != "a" || string(b) != "b" {
		t.Errorf("read %q and %q", a, b)
	}
	wantMode(t, full, sealedPerm)
	wantMode(t, f.lanes[0].now.path, filePerm)
	if n := len(packsIn(t, f.folder)); n != 2 {
		t.Errorf("%d packs, want 2", n)
	}
}

// TestPackSharedByFew: beyond so many blobs of all media, one goes to its media's own
// pack, and all are found, listed and deleted wherever they are.
func TestPackSharedByFew(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	put(t, d, "segments/1/a", "a")
	f := d.packs.acquire(shelf{})
	defer d.packs.release(f)
	for i := range sharedMost - 1 { // as if they were there
		f.tie(&inPack{key: fmt.Sprint("x/1/", i), pack: f.lanes[0].now})
	}
	put(t, d, "segments/1/b", "b")
	folder := filepath.Dir(d.file("segments/1/b"))
	if own, all := packsIn(t, folder), packsIn(t, f.folder); len(own) != 1 || len(all) != 1 {
		t.Fatalf("packs are %v and %v", own, all)
	}
	for _, d := range []*Driver{d, open(t, root, Options{ReadOnly: true}), open(t, root, packing)} {
		for _, prefix := range []string{"segments/", "segments/1/"} {
			if got := keys(t, d, prefix); len(got) != 2 {
				t.Errorf("listed are %v", got)
			}
		}
		if a, b := read(t, d, "segments/1/a"), read(t, d, "segments/1/b"); string(a) != "a" || string(b) != "b" {
			t.Errorf("read %q and %q", a, b)
		}
	}
	d = open(t, root, packing)
	for _, name := range []string{"b", "a"} {
		if err := d.Delete(t.Context(), "segments/1/"+name); err != nil {
			t.Fatal(err)
		}
	}
	fan := fanOut("0") + "/"
	wantTree(t, root, "tmp/", "segments/", "segments/"+fanOut("1")+"/", packsName+"/", packsName+"/"+fan)
}

// TestPackAllFailTogether: where a batch of several media can't be written or synced, or
// its name can't, each of them learns of it, nothing of it is there, and who comes after
// them goes on.
func TestPackAllFailTogether(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	put(t, d, "segments/1/a", "before")
	f := d.packs.acquire(shelf{})
	defer d.packs.release(f)
	unix.Close(f.lanes[0].fd)
	full, err := unix.Open("/dev/full", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.lanes = f.lanes[:1]
	f.lanes[0].fd, f.lanes[0].leading = full, true // somebody else
	const n = 10
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- d.packs.put(fmt.Sprintf("segments/%d/b", i), []byte("lost")) }()
	}
	for waiting := 0; waiting < n; {
		f.mu.Lock()
		waiting = len(f.lanes[0].queue)
		f.mu.Unlock()
	}
	f.lanes[0].queue[0].turn <- true
	for range n {
		if err := <-errs; !errors.Is(err, unix.ENOSPC) && !errors.Is(err, unix.ESPIPE) {
			t.Errorf("one of the batch says %v", err)
		}
	}
	put(t, d, "segments/3/c", "after")
	for _, d := range []*Driver{d, open(t, root, packing)} {
		if got := keys(t, d, ""); len(got) != 2 || !got["segments/1/a"] || !got["segments/3/c"] {
			t.Errorf("listed are %v", got)
		}
		if got := read(t, d, "segments/1/a"); string(got) != "before" {
			t.Errorf("read %q", got)
		}
	}
}

// TestPackSpentByAFault: a pack of which all was deleted while a batch was on its way, and
// failed, is gone, and its room with it.
func TestPackSpentByAFault(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{Small: SmallMost, KeepOpen: 3})
	put(t, d, "segments/1/a", "before")
	read(t, d, "segments/1/a")
	f := d.packs.acquire(shelf{})
	f.lanes[0].leading = true
	if err := d.Delete(t.Context(), "segments/1/a"); err != nil {
		t.Fatal(err)
	}
	if n := len(packsIn(t, f.folder)); n != 1 {
		t.Fatalf("%d packs while one is written to", n)
	}
	unix.Close(f.lanes[0].fd)
	f.lanes[0].fd = -1
	f.lanes[0].queue = append(f.lanes[0].queue, &pending{record: record{key: "segments/2/a"}, turn: make(chan bool, 1)})
	f.lanes[0].lead()
	d.packs.release(f)
	if n := len(d.files.byKey); n != 0 {
		t.Errorf("%d files stay open", n)
	}
	wantTree(t, root, "tmp/", packsName+"/", packsName+"/"+fanOut("0")+"/")
	put(t, d, "segments/2/a", "after")
	if got := read(t, d, "segments/2/a"); string(got) != "after" {
		t.Errorf("read %q", got)
	}
}
