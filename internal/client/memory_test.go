package client

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func remember(t *testing.T, now time.Time) *Memory {
	t.Helper()
	m, err := NewMemory(filepath.Join(t.TempDir(), "a", "b"), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func open(t *testing.T, m *Memory, server, path string) *entry {
	t.Helper()
	e, err := m.entry(server, path)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func files(t *testing.T, m *Memory) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(m.folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestMemory(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	m := remember(t, now)
	r := record{Server: "http://a", Path: "clip.mp4", File: identity{5, 6, "7"}, ID: "12", Step: 100, ExpiresAt: now.Add(time.Hour)}

	e := open(t, m, "http://a", "clip.mp4")
	if e.known != nil {
		t.Fatalf("at first something is known: %+v", e.known)
	}
	if _, err := m.entry("http://a", "./clip.mp4"); !errors.Is(err, errBusy) {
		t.Errorf("the same file at once: %v", err)
	}
	if err := e.keep(r); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{4, 0, 17} {
		if err := e.ack(i); err != nil {
			t.Fatal(err)
		}
	}
	e.close()
	other := open(t, m, "http://b", "clip.mp4")
	if other.known != nil {
		t.Error("another server knows it")
	}
	other.close()

	e = open(t, m, "http://a", "clip.mp4")
	if diff := cmp.Diff(&r, e.known); diff != "" || !cmp.Equal(e.acked, map[int]bool{0: true, 4: true, 17: true}) {
		t.Errorf("known: %s, %v", diff, e.acked)
	}
	r.Key = "7_12"
	if err := e.keep(r); err != nil {
		t.Fatal(err)
	}
	if err := e.ack(18); err != nil {
		t.Fatal(err)
	}
	e.close()
	e = open(t, m, "http://a", "clip.mp4")
	if e.known == nil || e.known.Key != "7_12" || len(e.acked) != 4 {
		t.Errorf("kept again: %+v, %v", e.known, e.acked)
	}
	if got := files(t, m); len(got) != 1 {
		t.Errorf("there are %v", got)
	}
	e.forget()
	e.close()
	if got := files(t, m); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

// TestMemoryOfExpired: what has expired is removed by whoever comes next, unless
// somebody is about it.
func TestMemoryOfExpired(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	m := remember(t, now)
	for path, until := range map[string]time.Duration{"old": -time.Second, "new": time.Second, "busy": -time.Hour} {
		e := open(t, m, "s", path)
		if err := e.keep(record{ID: "1", Step: 1, ExpiresAt: now.Add(until)}); err != nil {
			t.Fatal(err)
		}
		if path == "busy" {
			defer e.close()
		} else {
			e.close()
		}
	}
	if _, err := NewMemory(m.folder, m.now); err != nil {
		t.Fatal(err)
	}
	if got := files(t, m); len(got) != 2 {
		t.Errorf("left: %v, want two", got)
	}
	e := open(t, m, "s", "new")
	defer e.close()
	if e.known == nil {
		t.Error("what has not expired is gone")
	}
}

// TestMemoryCutOff: whatever a crash leaves of a file, nothing is known that was
// not written.
func TestMemoryCutOff(t *testing.T) {
	m := remember(t, time.Now())
	want := record{ID: "12", Step: 7, File: identity{1, 2, "3"}}
	rapid.Check(t, func(t *rapid.T) {
		e, err := m.entry("s", "f")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { e.close() }()
		e.forget() // the case before this one
		if err := e.keep(want); err != nil {
			t.Fatal(err)
		}
		acked := rapid.SliceOfNDistinct(rapid.IntRange(0, 999), 0, 8, rapid.ID).Draw(t, "acked")
		for _, i := range acked {
			if err := e.ack(i); err != nil {
				t.Fatal(err)
			}
		}
		name := e.f.Name()
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(name, rapid.Int64Range(0, int64(len(b))).Draw(t, "left")); err != nil {
			t.Fatal(err)
		}
		e.close()
		if e, err = m.entry("s", "f"); err != nil {
			t.Fatal(err)
		}
		if e.known != nil && *e.known != want {
			t.Fatalf("known: %+v", e.known)
		}
		if e.known == nil {
			return
		}
		more := rapid.IntRange(0, 999).Draw(t, "more")
		if err := e.ack(more); err != nil {
			t.Fatal(err)
		}
		e.close()
		if e, err = m.entry("s", "f"); err != nil {
			t.Fatal(err)
		}
		if !e.acked[more] {
			t.Fatalf("%d is not acknowledged, which was after the crash", more)
		}
		for i := range e.acked {
			if i != more && !slices.Contains(acked, i) {
				t.Fatalf("acknowledged: %d, of %v and %d", i, acked, more)
			}
		}
	})
}

// TestMemoryOfGarbage: files that are no records are as good as none.
func TestMemoryOfGarbage(t *testing.T) {
	m := remember(t, time.Now())
	for _, text := range []string{"", "\n", "{}\n", "null\n", "[1]\n", `{"media_id":"1"}` + "\n", "\x00\xff\n1\n"} {
		e := open(t, m, "s", "f")
		name := e.f.Name()
		e.close()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		e = open(t, m, "s", "f")
		if e.known != nil || len(e.acked) > 0 {
			t.Errorf("%q: %+v", text, e.known)
		}
		e.close()
	}
}
