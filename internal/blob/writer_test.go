package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

func TestWriterCounts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, _ := newStore()
		w, err := s.Create(ctx, -5)
		if err != nil {
			rt.Fatal(err)
		}
		defer w.Abort()
		var all []byte
		for _, piece := range rapid.SliceOf(rapid.SliceOf(rapid.Byte())).Draw(rt, "pieces") {
			n, err := w.Write(piece)
			if err != nil || n != len(piece) {
				rt.Fatalf("write: %d, %v", n, err)
			}
			all = append(all, piece...)
			if w.Size() != int64(len(all)) || w.CRC() != crc(all) {
				rt.Fatalf("after %d bytes: size %d, CRC %08x", len(all), w.Size(), w.CRC())
			}
		}
		b, err := w.Commit(ctx, "a")
		if err != nil {
			rt.Fatal(err)
		}
		if want := (media.Blob{Key: "a", Size: int64(len(all)), CRC: crc(all)}); b != want {
			rt.Fatalf("got %+v, want %+v", b, want)
		}
		if got := read(t, s, media.Manifest{b}, 0, b.Size); !bytes.Equal(got, all) {
			rt.Fatalf("%d bytes came back different", len(got))
		}
	})
}

func TestWriterReadFrom(t *testing.T) {
	s, _ := newStore()
	w, err := s.Create(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	data := pattern(700_000)
	if _, err := w.Write(data[:10]); err != nil {
		t.Fatal(err)
	}
	// A LimitReader, as most callers have one, and no WriterTo.
	n, err := io.Copy(w, io.LimitReader(bytes.NewReader(data[10:]), 600_000))
	if err != nil || n != 600_000 || w.Size() != 600_010 || w.CRC() != crc(data[:600_010]) {
		t.Errorf("copied %d, %v; size %d, CRC %08x", n, err, w.Size(), w.CRC())
	}
}

func TestWriterEnds(t *testing.T) {
	s, _ := newStore()
	for name, end := range map[string]func() error{
		"abort": func() error {
			w, err := s.Create(ctx, 0)
			if err != nil {
				return err
			}
			w.Abort()
			w.Abort()
			_, err = w.Commit(ctx, "a")
			return err
		},
		"a bad key": func() error {
			w, err := s.Create(ctx, 0)
			if err != nil {
				return err
			}
			if _, err := w.Commit(ctx, "A"); err == nil {
				return errors.New("a bad key is taken") // and so the test below fails
			}
			_, err = w.Commit(ctx, "a")
			return err
		},
		"a context's end": func() error {
			w, err := s.Create(ctx, 0)
			if err != nil {
				return err
			}
			over, cancel := context.WithCancel(ctx)
			cancel()
			if _, err := w.Commit(over, "a"); !errors.Is(err, context.Canceled) {
				t.Errorf("commit with a cancelled context: %v", err)
			}
			_, err = w.Commit(ctx, "a")
			return err
		},
	} {
		if err := end(); err == nil {
			t.Errorf("a commit after %s succeeds", name)
		}
	}
	wantKeys(t, s)

	w, err := s.Create(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if _, err := w.Write([]byte("more")); err == nil {
		t.Error("a write after the commit succeeds")
	}
	if _, err := w.Commit(ctx, "b"); err == nil {
		t.Error("a second commit succeeds")
	}
	wantKeys(t, s, "a")
}

// TestFailedWriteIsRemembered: a caller that overlooks it stores nothing.
func TestFailedWriteIsRemembered(t *testing.T) {
	s, m := newStore()
	m.SetFaults(blobtest.Faults{Before: blobtest.FailNth(blobtest.OpWrite, 2, errBroken)})
	w, err := s.Create(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		n, err := w.Write([]byte("abc"))
		if i == 0 && (n != 3 || err != nil) || i > 0 && (n != 0 || !errors.Is(err, errBroken)) {
			t.Errorf("write %d: %d, %v", i, n, err)
		}
	}
	if w.Size() != 3 || w.CRC() != crc([]byte("abc")) {
		t.Errorf("size %d, CRC %08x of what was written", w.Size(), w.CRC())
	}
	if _, err := w.Commit(ctx, "a"); !errors.Is(err, errBroken) {
		t.Errorf("commit: %v", err)
	}
	wantKeys(t, s)
}

// TestWriterHead: size and checksum are the whole blob's, in whatever order it
// was written.
func TestWriterHead(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, _ := newStore()
		bytesOf := rapid.SliceOfN(rapid.Byte(), 0, 300)
		head := rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(rt, "head")
		before, after := bytesOf.Draw(rt, "before"), bytesOf.Draw(rt, "after")
		w, err := s.CreateHeaded(ctx, 0, int64(len(head)))
		if err != nil {
			rt.Fatal(err)
		}
		defer w.Abort()
		if _, err := w.Write(before); err != nil {
			rt.Fatal(err)
		}
		if w.Size() != int64(len(head)+len(before)) || w.CRC() != crc(before) {
			rt.Fatalf("with an open head: size %d, CRC %08x", w.Size(), w.CRC())
		}
		if err := w.WriteHead(head); err != nil {
			rt.Fatal(err)
		}
		if _, err := w.Write(after); err != nil {
			rt.Fatal(err)
		}
		all := slices.Concat(head, before, after)
		b, err := w.Commit(ctx, "a")
		if err != nil {
			rt.Fatal(err)
		}
		if want := (media.Blob{Key: "a", Size: int64(len(all)), CRC: crc(all)}); b != want || w.Size() != want.Size || w.CRC() != want.CRC {
			rt.Fatalf("got %+v, size %d and CRC %08x, want %+v", b, w.Size(), w.CRC(), want)
		}
		if got := read(t, s, media.Manifest{b}, 0, b.Size); !bytes.Equal(got, all) {
			rt.Fatalf("%d bytes came back different", len(got))
		}
	})
}

// TestHeadsThatAreNotWhole: nothing is stored whose beginning is not what was
// announced.
func TestHeadsThatAreNotWhole(t *testing.T) {
	s, m := newStore()
	for name, c := range map[string]struct {
		open  int64
		heads [][]byte
		fault error
	}{
		"never written":      {open: 3},
		"too short":          {open: 3, heads: [][]byte{[]byte("ab")}},
		"too long":           {open: 3, heads: [][]byte{[]byte("abcd")}},
		"written twice":      {open: 3, heads: [][]byte{[]byte("abc"), []byte("abc")}},
		"where none is open": {open: 0, heads: [][]byte{nil}},
		"on a broken store":  {open: 3, heads: [][]byte{[]byte("abc")}, fault: errBroken},
	} {
		if c.fault != nil {
			m.SetFaults(blobtest.Faults{Before: blobtest.FailNth(blobtest.OpWrite, 2, c.fault)})
		}
		w, err := s.CreateHeaded(ctx, 0, c.open)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("body")); err != nil {
			t.Fatal(err)
		}
		for i, head := range c.heads {
			if err := w.WriteHead(head); (err == nil) != (name == "written twice" && i == 0) || c.fault != nil && !errors.Is(err, c.fault) {
				t.Errorf("%s: write head: %v", name, err)
			}
		}
		if _, err := w.Commit(ctx, "a"); err == nil || c.fault != nil && !errors.Is(err, c.fault) {
			t.Errorf("%s: commit: %v", name, err)
		}
		m.SetFaults(blobtest.Faults{})
		wantKeys(t, s)
	}
	for _, head := range []int64{-1, blob.MaxHead + 1} {
		if _, err := s.CreateHeaded(ctx, 0, head); err == nil {
			t.Errorf("a head of %d bytes is left open", head)
		}
	}
}

// What was written can be read until it is committed, and not after it.
func TestWriterReadAt(t *testing.T) {
	s, m := newStore()
	w, err := s.Create(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	data := pattern(1000)
	if _, err := w.Write(data); err != nil || !w.Readable() {
		t.Fatalf("readable: %t, %v", w.Readable(), err)
	}
	got := make([]byte, 100)
	if n, err := w.ReadAt(got, 300); n != 100 || err != nil || !bytes.Equal(got, data[300:400]) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if n, err := w.ReadAt(got, 950); n != 50 || err != io.EOF {
		t.Errorf("at the end: %d bytes, %v", n, err)
	}
	if _, err := w.ReadAt(got, -1); err == nil {
		t.Error("a range before the beginning is read")
	}
	m.SetFaults(blobtest.Faults{Before: blobtest.FailAll(blobtest.OpRead, errBroken)})
	if _, err := w.ReadAt(got, 0); !errors.Is(err, errBroken) {
		t.Errorf("a fault is %v", err)
	}
	if _, err := w.Commit(ctx, "a"); err != nil || w.Readable() {
		t.Errorf("committed: %v; readable: %t", err, w.Readable())
	}
	headed, err := s.CreateHeaded(ctx, 10, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer headed.Abort()
	if headed.Readable() {
		t.Error("what has no beginning yet is readable")
	}
}
