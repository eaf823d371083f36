package diskblob

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestKilled kills a writing process at many instants. Every blob that it
// acknowledged is there, none that it deleted is, every blob that is there is whole, and
// the next Open removes the rest.
func TestKilled(t *testing.T) {
	t.Run("files", func(t *testing.T) { killed(t, "endless") })
	t.Run("packs", func(t *testing.T) { killed(t, "endless packs") })
}

func killed(t *testing.T, part string) {
	t.Helper()
	root := t.TempDir()
	acked := map[string]bool{}
	deleted := map[string]int{} // 1: it was about to
	const kills = 8
	garbage := 0
	for round := range kills {
		// Every round begins with an empty store, but for what a kill left.
		d := open(t, root, Options{})
		for key := range acked {
			if err := d.Delete(context.Background(), key); err != nil {
				t.Fatal(err)
			}
			delete(acked, key)
		}
		clear(deleted)
		if left := packsIn(t, root+"/_packs/*/*"); len(left) > 0 {
			t.Errorf("%v are left, of which all was deleted", left)
		}
		for _, said := range killAfter(t, root, part, 1+2*round) {
			if key, gone := strings.CutPrefix(said, "-"); gone {
				deleted[key]++
				delete(acked, key)
			} else {
				acked[said] = true
			}
		}

		left, err := os.ReadDir(filepath.Join(root, tmpName))
		if err != nil {
			t.Fatal(err)
		}
		garbage += len(left)
		if len(left) > 1 {
			t.Errorf("%d files are left of one upload", len(left))
		}
		d = open(t, root, Options{})
		if left, err = os.ReadDir(filepath.Join(root, tmpName)); err != nil || len(left) > 0 {
			t.Errorf("Open left %d files in tmp, %v", len(left), err)
		}
		checkKilled(t, d, acked)
		for key, said := range deleted {
			if said == 2 && acked[key] {
				t.Errorf("%s was deleted and is there", key)
			}
		}
	}
	t.Logf("%d of %d kills left a file behind", garbage, kills)
}

func checkKilled(t *testing.T, d *Driver, acked map[string]bool) {
	t.Helper()
	listed := map[string]bool{}
	for info, err := range d.List(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		listed[info.Key] = true
		r, err := d.Open(context.Background(), info.Key, 0, info.Size)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(io.LimitReader(r, info.Size))
		r.Close()
		if err != nil || !bytes.Equal(data, content(info.Key)) {
			t.Errorf("%s holds %d bytes that are not what was put, %v", info.Key, len(data), err)
		}
	}
	for key := range acked {
		if !listed[key] {
			t.Errorf("%s was acknowledged and is gone", key)
		}
	}
	for key := range listed {
		acked[key] = true // stored and not yet acknowledged: to be deleted as well
	}
}

// killAfter runs childEndless, kills it when it has acknowledged n blobs, and
// gives all that it acknowledged.
func killAfter(t *testing.T, root, part string, n int) []string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = childEnviron(part, root)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		keys = append(keys, lines.Text())
		if len(keys) == n {
			if err := cmd.Process.Kill(); err != nil { // SIGKILL
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(keys) < n {
		t.Fatalf("the child ended with %v after %d blobs, want it killed after %d", err, len(keys), n)
	}
	return keys
}

// TestKilledWhileWriting: the process dies inside an upload, for certain.
func TestKilledWhileWriting(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, Options{})
	put(t, d, "segments/1/a", "kept")
	before := tree(t, root)
	// Killed by itself before its fdatasync returns.
	out := trace(t, root, "one", "-e", "inject=fdatasync:signal=KILL")
	if bytes.Contains(out.said, []byte("code=")) {
		t.Fatalf("the child lived: %s", out.said)
	}
	left, err := os.ReadFile(filepath.Join(root, tmpName, "1"))
	if err != nil || string(left) != "data" {
		t.Errorf("in tmp is %q, %v, want the bytes that were written", left, err)
	}
	// Not visible in the crashed store, and gone for good in the next.
	ro := open(t, root, Options{ReadOnly: true})
	for info, err := range ro.List(context.Background(), "") {
		if err != nil || info.Key != "segments/1/a" || info.Size != 4 {
			t.Errorf("list yields %+v, %v", info, err)
		}
	}
	open(t, root, Options{})
	wantTree(t, root, before...)
}
