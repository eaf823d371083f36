package blobtest

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magpie/internal/blob"
)

func TestMemory(t *testing.T) {
	Run(t, func(*testing.T) blob.Driver { return NewMemory(nil) })
}

func TestMemoryInPieces(t *testing.T) {
	Run(t, func(*testing.T) blob.Driver {
		m := NewMemory(nil)
		m.SetFaults(Faults{Read: Pieces(7919)})
		return m
	})
}

func TestCrashDropsUploads(t *testing.T) {
	m := NewMemory(nil)
	put(t, m, "segments/1/a", []byte("kept"))
	u := create(t, m, []byte("lost"))
	r, err := m.Open(context.Background(), "segments/1/a", 0, 4)
	if err != nil {
		t.Fatal(err)
	}
	m.Crash()
	if _, err := u.Write([]byte("more")); !errors.Is(err, ErrCrashed) {
		t.Errorf("write after a crash: %v", err)
	}
	if err := u.Commit(context.Background(), "segments/1/b"); !errors.Is(err, ErrCrashed) {
		t.Errorf("commit after a crash: %v", err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, ErrCrashed) {
		t.Errorf("read after a crash: %v", err)
	}
	wantKeys(t, m, "", "segments/1/a")
	wantBytes(t, m, "segments/1/a", []byte("kept"))
}

func TestCrashUndoesDeletes(t *testing.T) {
	m := NewMemory(nil)
	put(t, m, "a", []byte("a"))
	put(t, m, "b", []byte("b"))
	for _, step := range []struct {
		delete string
		sync   bool
		after  []string
	}{
		{"a", false, []string{"a", "b"}},
		{"a", true, []string{"b"}},
		{"b", false, []string{"b"}},
	} {
		if err := m.Delete(context.Background(), step.delete); err != nil {
			t.Fatal(err)
		}
		wantMissing(t, m, step.delete)
		if step.sync {
			m.Sync()
		}
		m.Crash()
		wantKeys(t, m, "", step.after...)
	}
}

func TestModifiedIsTheClocks(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	m := NewMemory(func() time.Time { return now })
	u := create(t, m, []byte("x"))
	now = now.Add(time.Hour)
	if err := u.Commit(context.Background(), "a"); err != nil {
		t.Fatal(err)
	}
	info, err := m.Stat(context.Background(), "a")
	if err != nil || !info.Modified.Equal(now) {
		t.Errorf("modified %v, %v, want the time of the commit %v", info.Modified, err, now)
	}
}

// TestCrashKeepsCommits: through random commits, deletes, syncs and crashes
// everything acknowledged and not deleted is there, and what is deleted may come
// back only whole.
func TestCrashKeepsCommits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := NewMemory(nil)
		m.SetFaults(Faults{After: func(c Call) error {
			if c.Op == OpCommit && rapid.Bool().Draw(t, "lose the answer") {
				return errors.New("lost")
			}
			return nil
		}})
		acked, ever := map[string][]byte{}, map[string][]byte{}
		for i := range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"put", "put", "delete", "sync", "crash"}).Draw(t, "step") {
			case "put":
				key, data := "a/"+string(rune('a'+i)), noise(uint64(i), i)
				ever[key] = data
				if tryPut(context.Background(), m, key, data) == nil {
					acked[key] = data
				}
			case "delete":
				if keys := slices.Sorted(maps.Keys(ever)); len(keys) > 0 {
					key := rapid.SampledFrom(keys).Draw(t, "key")
					if err := m.Delete(context.Background(), key); err != nil {
						t.Fatalf("delete: %v", err)
					}
					delete(acked, key)
				}
			case "sync":
				m.Sync()
			case "crash":
				m.Crash()
			}
			for key, data := range acked {
				wantBytes(t, m, key, data)
			}
			for key := range list(t, m, "") {
				wantBytes(t, m, key, ever[key])
			}
		}
	})
}
