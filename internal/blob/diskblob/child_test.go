package diskblob

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// childEnv makes the test binary play one of the parts below, in a process that
// other tests trace or kill. Its value is the part, with " packs" behind it where
// small blobs go to packs; rootEnv is the root.
const (
	childEnv = "DISKBLOB_TEST_CHILD"
	rootEnv  = "DISKBLOB_TEST_ROOT"
)

func TestMain(m *testing.M) {
	part, root := os.Getenv(childEnv), os.Getenv(rootEnv)
	part, packs := strings.CutSuffix(part, " packs")
	var opts Options
	if packs {
		opts.Small = SmallMost
	}
	if part != "" && part != "churn" {
		runtime.LockOSThread() // strace counts the calls of each thread by itself
	}
	switch part {
	case "":
		os.Exit(m.Run())
	case "two":
		childTwo(root, opts)
	case "one":
		childOne(root, opts)
	case "headed":
		childHeaded(root)
	case "flushed":
		childFlushed(root)
	case "announced":
		childAnnounced(root)
	case "endless":
		childEndless(root, opts)
	case "gone":
		childGone(root, opts)
	case "cold":
		childCold(root, opts)
	case "churn":
		childChurn(root, opts)
	default:
		panic("no such part: " + part)
	}
}

// childEnviron is the environment of a part. A binary built with -race would
// otherwise rest for a second before it exits.
func childEnviron(part, root string) []string {
	return append(os.Environ(), childEnv+"="+part, rootEnv+"="+root, "GORACE=atexit_sleep_ms=0")
}

// say writes one line with one system call.
func say(format string, args ...any) {
	_, _ = os.Stdout.WriteString(fmt.Sprintf(format, args...) + "\n")
}

// childTwo commits two blobs into one new folder and says so after each: in packs these
// are of two media.
func childTwo(root string, opts Options) {
	d, err := Open(root, opts)
	if err != nil {
		panic(err)
	}
	second := "segments/1/b"
	if opts.Small > 0 {
		second = "renditions/2/1/b"
	}
	for _, key := range []string{"segments/1/a", second} {
		if err := store(d, key, []byte(key)); err != nil {
			panic(err)
		}
		say("ACK %s", key)
	}
}

// childOne commits one blob and says how that ended.
func childOne(root string, opts Options) {
	d, err := Open(root, opts)
	if err != nil {
		panic(err)
	}
	err = store(d, "segments/1/a", []byte("data"))
	say("code=%s err=%v", media.CodeOf(err), err)
}

// childHeaded commits a blob whose beginning it writes last.
func childHeaded(root string) {
	d, err := Open(root, Options{})
	if err != nil {
		panic(err)
	}
	u, err := d.Create(context.Background(), 8, 4)
	if err != nil {
		panic(err)
	}
	if _, err := u.Write([]byte("body")); err != nil {
		panic(err)
	}
	if err := u.WriteHead([]byte("head")); err != nil {
		panic(err)
	}
	err = u.Commit(context.Background(), "a")
	say("code=%s err=%v", media.CodeOf(err), err)
}

// childFlushed has bytes synced before it commits them.
func childFlushed(root string) {
	d, err := Open(root, Options{})
	if err != nil {
		panic(err)
	}
	w, err := blob.New(d).Create(context.Background(), 0)
	if err != nil {
		panic(err)
	}
	for _, piece := range []string{"some", "more"} {
		_, _ = w.Write([]byte(piece)) // what fails is told by Commit
		_ = w.Flush()
		_ = w.Flush()
	}
	_, err = w.Commit(context.Background(), "a")
	say("code=%s err=%v", media.CodeOf(err), err)
}

// childAnnounced commits a blob that is shorter than was announced.
func childAnnounced(root string) {
	d, err := Open(root, Options{})
	if err != nil {
		panic(err)
	}
	u, err := d.Create(context.Background(), 8<<20, 0)
	if err != nil {
		panic(err)
	}
	for range 6 {
		if _, err = u.Write(make([]byte, 256<<10)); err != nil {
			break
		}
	}
	if err == nil {
		err = u.Commit(context.Background(), "a")
	} else {
		u.Abort()
	}
	say("code=%s err=%v", media.CodeOf(err), err)
}

// childGone commits three blobs of three media and deletes the second.
func childGone(root string, opts Options) {
	d, err := Open(root, opts)
	if err != nil {
		panic(err)
	}
	for _, key := range goneKeys {
		if err := store(d, key, content(key)); err != nil {
			panic(err)
		}
	}
	say("err=%v", d.Delete(context.Background(), goneKeys[1]))
}

// childCold reads the last of these blobs first, and says what it got of each.
func childCold(root string, opts Options) {
	d, err := Open(root, opts)
	if err != nil {
		panic(err)
	}
	for _, i := range []int{2, 0, 1} {
		var got []byte
		r, err := d.Open(context.Background(), goneKeys[i], 0, 1)
		if err == nil {
			got, err = io.ReadAll(r)
			r.Close()
		}
		say("%d: %t, %v", i, bytes.Equal(got, content(goneKeys[i])), err)
	}
}

var goneKeys = []string{"segments/1/a", "segments/2/a", "renditions/1/1/a"}

// childEndless commits one blob after the other, each of several writes, and
// says which are acknowledged, until it is killed. It deletes every third again, with
// others after it.
func childEndless(root string, opts Options) {
	d, err := Open(root, opts)
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		key := endlessKey(i)
		if err := store(d, key, content(key)); err != nil {
			panic(err)
		}
		say("%s", key)
		if i%3 == 2 {
			key := endlessKey(i - 1)
			say("-%s", key)
			if err := d.Delete(context.Background(), key); err != nil {
				panic(err)
			}
			say("-%s", key)
		}
	}
}

func endlessKey(i int) string { return fmt.Sprintf("segments/%d/%d", i%5, i) }

// childChurn commits and deletes at once in one folder, which so comes and goes.
func childChurn(root string, opts Options) {
	d, err := Open(root, opts)
	if err != nil {
		panic(err)
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 30 {
				key := fmt.Sprintf("renditions/1/1/%d-%d", w, i)
				if err := store(d, key, []byte(key)); err != nil {
					panic(err)
				}
				if err := d.Delete(context.Background(), key); err != nil {
					panic(err)
				}
			}
		})
	}
	wg.Wait()
	say("done")
}

// content is what childEndless stores under a key: up to 255 kB, so that a kill
// finds it anywhere.
func content(key string) []byte {
	size := 1000 * int(crc32.Checksum([]byte(key), castagnoli)&0xff)
	data := make([]byte, 0, size+len(key))
	for len(data) < size {
		data = append(data, key...)
	}
	return data
}

func store(d *Driver, key string, data []byte) error {
	u, err := d.Create(context.Background(), int64(len(data)), 0)
	if err != nil {
		return err
	}
	defer u.Abort()
	for len(data) > 0 {
		n := min(len(data), 10_000)
		if _, err := u.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return u.Commit(context.Background(), key)
}
