package bus

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/media"
)

// makeStore leaves a store with jobs from…to waiting on the fast lane.
func makeStore(t *testing.T, dir string, from, to media.ID) {
	t.Helper()
	b := open(t, Config{Dir: dir})
	for id := from; id <= to; id++ {
		if err := b.Send(t.Context(), id, Fast); err != nil {
			t.Fatal(err)
		}
	}
	b.Close()
}

func TestStoreSetAside(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(t *testing.T, dir string){
		"a file where the folder should be": func(t *testing.T, dir string) {
			replaceByFile(t, dir)
		},
		"a file where the store should be": func(t *testing.T, dir string) {
			replaceByFile(t, filepath.Join(dir, "jetstream"))
		},
		"a file where the account should be": func(t *testing.T, dir string) {
			replaceByFile(t, filepath.Join(dir, "jetstream", "$G"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "bus")
			makeStore(t, dir, 1, 3)
			damage(t, dir)
			var log bytes.Buffer
			b := open(t, Config{Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err := b.Send(t.Context(), 9, Fast); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]Job{{9, Fast, 1}}, drain(t, b, Fast)); d != "" {
				t.Error(d)
			}
			b.Close()
			if _, err := os.Stat(dir + ".damaged-1"); err != nil {
				t.Errorf("the damaged store was not kept: %v", err)
			}
			if _, err := os.Stat(dir + ".opening"); !os.IsNotExist(err) {
				t.Errorf("the count of starts is still there: %v", err)
			}
			if !strings.Contains(log.String(), "level=ERROR msg=\"bus store could not be opened") {
				t.Errorf("nothing was said about it:\n%s", &log)
			}
		})
	}
}

func replaceByFile(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("not a folder"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestStoreDeaths: a store that took down the last starts is set aside unread,
// with a name of its own; one that took down fewer is opened.
func TestStoreDeaths(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "bus")
	makeStore(t, dir, 1, 3)
	if err := writeDeaths(dir, maxDeaths-1); err != nil {
		t.Fatal(err)
	}
	b := open(t, Config{Dir: dir})
	if n, err := b.Len(t.Context()); n != 3 || err != nil {
		t.Fatalf("Len = %d, %v; want the 3 jobs there were", n, err)
	}
	b.Close()
	if n := countDeaths(dir); n != 0 {
		t.Fatalf("a start that came through left %d deaths", n)
	}

	if err := os.Mkdir(dir+".damaged-1", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writeDeaths(dir, maxDeaths); err != nil {
		t.Fatal(err)
	}
	b = open(t, Config{Dir: dir})
	if n, err := b.Len(t.Context()); n != 0 || err != nil {
		t.Fatalf("Len = %d, %v; want an empty queue", n, err)
	}
	b.Close()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+".damaged-2", dir); err != nil {
		t.Fatal(err)
	}
	if got := drain(t, open(t, Config{Dir: dir}), Fast); len(got) != 3 {
		t.Errorf("of the store that was set aside %d jobs are left, want 3", len(got))
	}
}

// TestStoreNotToBlame: where an empty store cannot be opened either, and where
// the folder holds what is not the bus's, everything stays in its place.
func TestStoreNotToBlame(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "bus")
	makeStore(t, dir, 1, 3)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if b, err := Open(ended, Config{Dir: dir}); err == nil {
		b.Close()
		t.Error("Open with an ended context came through")
	}
	if n := countDeaths(dir); n != 0 {
		t.Errorf("that counts as %d deaths", n)
	}
	cfg, err := Config{Dir: dir}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Replicas = 5 // no server that stands alone opens that
	for range maxDeaths + 1 {
		if l, err := openStore(t.Context(), cfg); err == nil {
			l.close()
			t.Fatal("five replicas on one server")
		}
	}
	if found, err := filepath.Glob(dir + ".*"); len(found) != 0 || err != nil {
		t.Errorf("left beside the store: %q, %v", found, err)
	}
	b := open(t, Config{Dir: dir})
	if n, err := b.Len(t.Context()); n != 3 || err != nil {
		t.Errorf("Len = %d, %v; want 3", n, err)
	}
	b.Close()

	if err := os.WriteFile(filepath.Join(dir, "photos.tar"), []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	replaceByFile(t, filepath.Join(dir, "jetstream"))
	if b, err := Open(t.Context(), Config{Dir: dir}); err == nil {
		b.Close()
		t.Error("a folder with something else in it was taken")
	}
	if data, err := os.ReadFile(filepath.Join(dir, "photos.tar")); string(data) != "precious" || err != nil {
		t.Errorf("photos.tar: %q, %v", data, err)
	}
}

// TestStoreDamage breaks files of the store in many ways. The bus always opens
// and works; of the old jobs as many are left as could be read, each once.
func TestStoreDamage(t *testing.T) {
	t.Parallel()
	whole := filepath.Join(t.TempDir(), "bus")
	makeStore(t, whole, 1, 20)
	var files []string
	if err := filepath.WalkDir(whole, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			rel, _ := filepath.Rel(whole, p)
			files = append(files, rel)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		tmp, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		dir := filepath.Join(tmp, "bus")
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 3).Draw(rt, "damages") {
			breakFile(rt, filepath.Join(dir, rapid.SampledFrom(files).Draw(rt, "file")))
		}
		b, err := Open(context.Background(), Config{Dir: dir})
		if err != nil {
			rt.Fatalf("Open: %v", err)
		}
		defer b.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
		defer cancel()
		if err := b.Ready(ctx); err != nil {
			rt.Fatalf("Ready: %v", err)
		}
		if err := b.Send(ctx, 1000, Fast); err != nil {
			rt.Fatalf("Send: %v", err)
		}
		got := map[media.ID]int{}
		work, stop := context.WithCancel(ctx)
		defer stop()
		if err := b.Work(work, Fast, 1, func(_ context.Context, j Job) error {
			if got[j.ID]++; j.ID == 1000 { // the last to come
				stop()
			}
			return nil
		}); err != nil {
			rt.Fatalf("Work: %v", err)
		}
		for id, n := range got {
			if n != 1 || (id > 20 && id != 1000) {
				rt.Errorf("job %s was delivered %d times", id, n)
			}
		}
		if got[1000] != 1 {
			rt.Error("the new job was not delivered")
		}
	})
}

func breakFile(rt *rapid.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		return // broken already
	}
	switch rapid.SampledFrom([]string{"flip", "cut", "grow", "remove", "folder", "noise"}).Draw(rt, "damage") {
	case "flip":
		for range rapid.IntRange(1, 8).Draw(rt, "flips") {
			if len(data) > 0 {
				data[rapid.IntRange(0, len(data)-1).Draw(rt, "at")] ^= rapid.ByteRange(1, 255).Draw(rt, "by")
			}
		}
		err = os.WriteFile(path, data, 0o600)
	case "cut":
		err = os.WriteFile(path, data[:rapid.IntRange(0, len(data)).Draw(rt, "to")], 0o600)
	case "grow":
		more := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(rt, "more")
		err = os.WriteFile(path, append(data, more...), 0o600)
	case "remove":
		err = os.Remove(path)
	case "folder":
		if err = os.Remove(path); err == nil {
			err = os.Mkdir(path, 0o700)
		}
	case "noise":
		err = os.WriteFile(path, rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(rt, "noise"), 0o600)
	}
	if err != nil {
		rt.Fatal(err)
	}
}
