package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// expecting is an engine whose children may wait.
func expecting(t *testing.T) (*Engine, *processing.Source) {
	t.Helper()
	source, err := processing.NewSource(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, func(c *Config) { c.Source = source })
	t.Cleanup(func() {
		if err := errors.Join(e.Close(), source.Close()); err != nil {
			t.Error(err)
		}
	})
	return e, source
}

// offered is inputOf from a source.
func offered(t *testing.T, source *processing.Source, data []byte) processing.Input {
	t.Helper()
	in := processing.Input{
		Media:    media.Media{ID: 1, Type: media.MP4, Category: media.TweetVideo},
		Original: bytes.NewReader(data), Size: int64(len(data)), Scratch: t.TempDir(),
	}
	url, withdraw, err := source.Offer(in.Original, in.Size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(withdraw)
	in.URL = url
	return in
}

// waits counts the children that wait.
func (y *early) waits() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return len(y.waiting)
}

// until polls for what happens soon.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not so: %s", what)
		}
	}
}

// A film that is copied gets its poster from a child that waited, which is used once,
// and comes out as it does from others. One that is dead is done without.
func TestExpect(t *testing.T) {
	for name, data := range map[string][]byte{"plain": plainFilm(t, "color=gray:"), "uneven": longFilm(t)} {
		t.Run(name, func(t *testing.T) { expect(t, data) })
	}
}

func expect(t *testing.T, data []byte) {
	t.Helper()
	_, want := mustProcess(t, media.MP4, data)
	e, source := expecting(t)

	e.Expect()
	until(t, "a child waits", func() bool { return e.early.waits() == 1 })
	e.Expect() // more often than is needed
	if n := e.early.waits(); n != 1 {
		t.Fatalf("%d children wait, want 1", n)
	}
	started := childPIDs(t)
	in := offered(t, source, data)
	in.Quick = true // nothing is to be encoded
	var m memory
	o, err := e.Process(t.Context(), in, &m)
	if err != nil || !o.More || o.Placeholder == "" {
		t.Fatalf("%v, %+v", err, o)
	}
	for name := range want.files {
		if !bytes.Equal(want.files[name], m.files[name]) {
			t.Errorf("%s is another one", name)
		}
	}
	if diff := cmp.Diff(want.names(), m.names()); diff != "" {
		t.Error(diff)
	}
	if n := e.early.waits(); n != 0 {
		t.Errorf("%d children were not used", n)
	}
	if left := childPIDs(t); len(left) != 0 {
		t.Errorf("children %v of %v are left", left, started)
	}

	// Killed before they are needed.
	e.Expect()
	until(t, "a child runs", func() bool { return len(childPIDs(t)) == 1 })
	for _, pid := range childPIDs(t) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil || !strings.Contains(string(status), "NoNewPrivs:\t1") {
			t.Errorf("outside the sandbox: %v\n%s", err, status)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	until(t, "nobody waits", func() bool { return e.early.waits() == 0 })
	in = offered(t, source, data)
	in.Quick = true
	m = memory{}
	if _, err := e.Process(t.Context(), in, &m); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.names(), m.names()); diff != "" {
		t.Error(diff)
	}
}

// What is not a film comes no further with children that wait than without.
func TestExpectHostile(t *testing.T) {
	e, source := expecting(t)
	for name, data := range map[string][]byte{"noise": bytes.Repeat([]byte("noise"), 1000), "nothing": nil} {
		e.Expect()
		var m memory
		_, err := e.Process(t.Context(), offered(t, source, data), &m)
		wantFailure(t, err, media.InvalidMedia, "")
		if len(m.order) != 0 {
			t.Errorf("%s: saved %v", name, m.order)
		}
	}
}

// A job whose context ends while its child gets ready leaves neither.
func TestExpectCancelled(t *testing.T) {
	e, source := expecting(t)
	e.Expect()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := e.Process(ctx, offered(t, source, []byte("no film")), &memory{})
	wantFault(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want canceled", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if left := childPIDs(t); len(left) != 0 {
		t.Errorf("children %v are left", left)
	}
}

// Close ends those that wait, and no more are started.
func TestExpectClose(t *testing.T) {
	e, _ := expecting(t)
	e.Expect()
	until(t, "a child runs", func() bool { return len(childPIDs(t)) == 1 })
	for range 2 {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		e.Expect()
	}
	if left := childPIDs(t); len(left) != 0 || e.early.waits() != 0 {
		t.Errorf("children %v are left", left)
	}
	none := newEngine(t)
	none.Expect()
	if none.early.waits() != 0 {
		t.Error("children wait for no source")
	}
}
