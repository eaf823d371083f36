package diskblob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// onDisk is how many bytes of disk a file takes, and how long it says it is.
func onDisk(t *testing.T, path string) (taken, size int64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Blocks * 512, info.Size()
}

// TestReserveTakesLittle: whatever is announced, and whatever comes of it, in
// whatever pieces, the bytes are right and no more of the disk is taken than
// twice of what has come.
func TestReserveTakesLittle(t *testing.T) {
	const mega = 1 << 20
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		hint, size int64
		piece      int
	}{
		{0, 3 * mega, 256 << 10},
		{4*mega + 342, 4 * mega, 256 << 10},
		{4 * mega, 4*mega + 5, 1000},
		{64 * mega, 100, 100},
		{64 * mega, 200 << 10, 64 << 10},
		{64 * mega, 2*mega + 77, 256<<10 + 1},
		{1, 2 * mega, 512 << 10},
	} {
		root := t.TempDir()
		d := open(t, root, Options{})
		u, err := d.Create(context.Background(), c.hint, 0)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]byte, c.size)
		for i := range want {
			want[i] = byte(r.Uint32())
		}
		for came := int64(0); came < c.size; {
			piece := want[came:min(c.size, came+int64(c.piece))]
			if _, err := u.Write(piece); err != nil {
				t.Fatal(err)
			}
			came += int64(len(piece))
			if taken, size := onDisk(t, filepath.Join(root, "tmp", "1")); size != came || taken > max(2*came, mega)+64<<10 {
				t.Fatalf("%+v: after %d bytes the file has %d and takes %d", c, came, size, taken)
			}
		}
		if err := u.Commit(context.Background(), "a"); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(root, "a"))
		if err != nil || sha256.Sum256(got) != sha256.Sum256(want) {
			t.Errorf("%+v: %d other bytes, %v", c, len(got), err)
		}
		if taken, _ := onDisk(t, filepath.Join(root, "a")); taken > c.size+64<<10 {
			t.Errorf("%+v: in the end it takes %d", c, taken)
		}
	}
}

// TestPackReserves: a pack has a place on disk ahead of what comes, but little; it is given
// back when the pack is closed, when it is cut off, and by the next process where a crash
// left it. No byte is another for it.
func TestPackReserves(t *testing.T) {
	const each, n = 200 << 10, 12
	fill := func(t *testing.T) (root string, d *Driver, l *lane) {
		t.Helper()
		root = t.TempDir()
		d = open(t, root, packing)
		for i := range n {
			put(t, d, fmt.Sprint("segments/1/", i), strings.Repeat(string(rune('a'+i)), each))
			l = &inShared(t, d).lanes[0]
			taken, size := onDisk(t, l.now.path)
			if most := size + 2*packAhead; taken > most || size < packAhead-each && taken > size+64<<10 {
				t.Errorf("a pack of %d bytes takes %d", size, taken)
			}
		}
		if taken, size := onDisk(t, l.now.path); taken < size+64<<10 {
			t.Fatalf("nothing is ahead of %d bytes: %d", size, taken)
		}
		return root, d, l
	}
	check := func(t *testing.T, d *Driver, path string) {
		t.Helper()
		if got := keys(t, d, "segments/1/"); len(got) != n {
			t.Errorf("listed are %v", got)
		}
		for i := range n {
			if got := read(t, d, fmt.Sprint("segments/1/", i)); string(got) != strings.Repeat(string(rune('a'+i)), each) {
				t.Errorf("%d holds %d other bytes", i, len(got))
			}
		}
		if taken, size := onDisk(t, path); taken > size+64<<10 {
			t.Errorf("in the end %d bytes take %d", size, taken)
		}
	}
	t.Run("closed", func(t *testing.T) {
		root, d, l := fill(t)
		path := l.now.path
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		wantMode(t, path, sealedPerm)
		check(t, open(t, root, packing), path)
	})
	t.Run("left by a crash", func(t *testing.T) {
		root, _, l := fill(t)
		path := l.now.path
		check(t, open(t, root, packing), path)
		wantMode(t, path, sealedPerm)
	})
	t.Run("cut off", func(t *testing.T) {
		root, d, l := fill(t)
		path := l.now.path
		fd, err := unix.Open("/dev/full", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		before := l.fd
		l.fd = fd
		if err := d.packs.put("segments/1/lost", []byte("lost")); err == nil {
			t.Fatal("it is stored")
		}
		unix.Close(before)
		check(t, open(t, root, packing), path)
	})
}

// TestReserveFails: without such calls it goes on, on a full disk it says so,
// and nothing is left.
func TestReserveFails(t *testing.T) {
	for _, c := range []struct{ inject, says string }{
		{"fallocate:error=EOPNOTSUPP", "code= err=<nil>"},
		{"fallocate:error=EINTR:when=1", "code= err=<nil>"},
		{"fallocate:error=ENOSPC", "code=full"},
		{"fallocate:error=EDQUOT:when=2", "code=full"},
		{"ftruncate:error=EIO", "code=internal err=truncate"},
	} {
		t.Run(c.inject, func(t *testing.T) {
			root := t.TempDir()
			out := trace(t, root, "announced", "-e", "inject="+c.inject)
			if !bytes.HasPrefix(out.said, []byte(c.says)) {
				t.Errorf("said %q, want %q", out.said, c.says)
			}
			if strings.Contains(c.says, "nil") {
				wantTree(t, root, "a", "tmp/")
			} else {
				wantTree(t, root, "tmp/")
			}
		})
	}
}
