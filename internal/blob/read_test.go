package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/blob/diskblob"
	"magpie/internal/media"
)

// file puts data as blobs of the given sizes, which may be 0, and gives its
// manifest.
func file(t testing.TB, s *blob.Store, prefix string, data []byte, sizes ...int) media.Manifest {
	t.Helper()
	var m media.Manifest
	for i, size := range sizes {
		m = append(m, put(t, s, fmt.Sprintf("%s/%d", prefix, i), data[:size]))
		data = data[size:]
	}
	return m
}

func onDisk(t testing.TB) *blob.Store {
	t.Helper()
	d, err := diskblob.Open(t.TempDir(), diskblob.Options{KeepOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	return blob.New(d)
}

// TestEveryWayOfReading: CopyTo, Open and ReaderAt give the same bytes of any
// range of any manifest, over both drivers.
func TestEveryWayOfReading(t *testing.T) {
	memory, m := newStore()
	m.SetFaults(blobtest.Faults{Read: blobtest.Pieces(13)})
	data := pattern(400)
	run := 0
	for name, s := range map[string]*blob.Store{"memory": memory, "disk": onDisk(t)} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				run++
				sizes := rapid.SliceOfN(rapid.IntRange(0, 60), 0, 6).Draw(rt, "sizes")
				man := file(t, s, fmt.Sprintf("run/%d", run), data, sizes...)
				whole := data[:man.Size()]
				at := s.ReaderAt(ctx, man)
				defer at.Close()
				for range 5 {
					off := rapid.IntRange(0, 400).Draw(rt, "off")
					n := rapid.IntRange(0, 400).Draw(rt, "n")
					want := whole[min(off, len(whole)):min(off+n, len(whole))]
					check(rt, s, man, at, int64(off), int64(n), want)
				}
			})
		})
	}
}

func check(t *rapid.T, s *blob.Store, man media.Manifest, at *blob.ReaderAt, off, n int64, want []byte) {
	var copied bytes.Buffer
	if written, err := s.CopyTo(ctx, &copied, man, off, n); err != nil || written != int64(len(want)) || !bytes.Equal(copied.Bytes(), want) {
		t.Fatalf("CopyTo wrote %d bytes, %v, want %d", written, err, len(want))
	}
	r := s.Open(ctx, man, off, n)
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("Open gave %d bytes, %v, want %d", len(got), err, len(want))
	}
	p := make([]byte, n)
	got, err := at.ReadAt(p, off)
	if !bytes.Equal(p[:got], want) || (err == nil) != (int64(got) == n) || err != nil && err != io.EOF {
		t.Fatalf("ReadAt gave %d of %d bytes, %v, want %d", got, n, err, len(want))
	}
}

// sink keeps what CopyTo hands over, as a connection does that sends files.
type sink struct {
	bytes.Buffer
	readers []io.Reader
}

func (s *sink) ReadFrom(r io.Reader) (int64, error) {
	s.readers = append(s.readers, r)
	return s.Buffer.ReadFrom(r)
}

// TestCopyToHandsOverTheFile: what a connection gets is one LimitedReader around
// the blob.Sender. With anything between, the kernel is not asked to send.
func TestCopyToHandsOverTheFile(t *testing.T) {
	s := onDisk(t)
	data := pattern(100_000)
	m := file(t, s, "segments/1", data, 40_000, 60_000)
	var w sink
	n, err := s.CopyTo(ctx, &w, m, 30_000, 20_000)
	if err != nil || n != 20_000 || !bytes.Equal(w.Bytes(), data[30_000:50_000]) {
		t.Fatalf("copied %d bytes, %v", n, err)
	}
	if len(w.readers) != 2 {
		t.Fatalf("%d readers were handed over, want one for each blob", len(w.readers))
	}
	for _, r := range w.readers {
		limited, ok := r.(*io.LimitedReader)
		if !ok {
			t.Fatalf("the writer gets a %T", r)
		}
		if _, ok := limited.R.(blob.Sender); !ok {
			t.Errorf("the writer gets a LimitedReader of a %T", limited.R)
		}
	}
}

// TestReadingNamesTheBlob: each way of reading says which blob is missing or too
// short, and gives what comes before it.
func TestReadingNamesTheBlob(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(s *blob.Store, m media.Manifest)
		is    error
		good  int64
	}{
		"missing": {func(s *blob.Store, m media.Manifest) {
			if err := s.Delete(ctx, m[1].Key); err != nil {
				t.Fatal(err)
			}
		}, fs.ErrNotExist, 10},
		"short": {func(_ *blob.Store, m media.Manifest) { m[1].Size += 5 }, io.ErrUnexpectedEOF, 30},
		"empty": {func(s *blob.Store, m media.Manifest) {
			m[1] = put(t, s, "other/1", nil)
			m[1].Size = 20
		}, io.ErrUnexpectedEOF, 10},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range []*blob.Store{blob.New(blobtest.NewMemory(nil)), onDisk(t)} {
				data := pattern(60)
				m := file(t, s, "segments/1", data, 10, 20, 30)
				c.spoil(s, m)

				var copied bytes.Buffer
				n, copyErr := s.CopyTo(ctx, &copied, m, 0, 100)
				r := s.Open(ctx, m, 0, 100)
				got, readErr := io.ReadAll(r)
				_, again := r.Read(make([]byte, 1))
				r.Close()
				at := s.ReaderAt(ctx, m)
				p := make([]byte, 60)
				k, atErr := at.ReadAt(p, 0)
				at.Close()
				for op, err := range map[string]error{"CopyTo": copyErr, "Open": readErr, "Open again": again, "ReadAt": atErr} {
					if !errors.Is(err, c.is) || errors.Is(err, io.EOF) || !strings.Contains(err.Error(), m[1].Key) {
						t.Errorf("%s: %v, want %v with the key %s", op, err, c.is, m[1].Key)
					}
				}
				want := data[:c.good]
				if n != c.good || !bytes.Equal(copied.Bytes(), want) || !bytes.Equal(got, want) || !bytes.Equal(p[:k], want) {
					t.Errorf("%d, %d and %d bytes came before the error, want %d", n, len(got), k, c.good)
				}
			}
		})
	}
}

func TestOpenIsLazy(t *testing.T) {
	s, m := newStore()
	data := pattern(30)
	man := file(t, s, "segments/1", data, 10, 10, 10)
	var opened []string
	m.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error {
		if c.Op == blobtest.OpOpen {
			opened = append(opened, c.Key)
		}
		return nil
	}})
	r := s.Open(ctx, man, 5, 20)
	if len(opened) != 0 {
		t.Errorf("opened before the first Read: %v", opened)
	}
	if _, err := io.ReadFull(r, make([]byte, 4)); err != nil || len(opened) != 1 {
		t.Errorf("after 4 bytes %v are open, %v", opened, err)
	}
	if n, err := r.Read(nil); n != 0 || err != nil {
		t.Errorf("an empty read: %d, %v", n, err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data[9:25]) || len(opened) != 3 {
		t.Errorf("the rest: %d bytes, %v, opened %v", len(got), err, opened)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
}

func TestReadingStops(t *testing.T) {
	s, m := newStore()
	man := file(t, s, "segments/1", pattern(30), 10, 20)
	if _, err := s.CopyTo(ctx, brokenWriter{}, man, 0, 30); !errors.Is(err, errBroken) {
		t.Errorf("copy to a broken writer: %v", err)
	}
	for _, c := range [][2]int64{{-1, 5}, {5, -1}} {
		if _, err := s.CopyTo(ctx, io.Discard, man, c[0], c[1]); err == nil {
			t.Errorf("CopyTo takes %v for a range", c)
		}
		if _, err := s.Open(ctx, man, c[0], c[1]).Read(make([]byte, 1)); err == nil {
			t.Errorf("Open takes %v for a range", c)
		}
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.CopyTo(over, io.Discard, man, 0, 30); !errors.Is(err, context.Canceled) {
		t.Errorf("copy with a cancelled context: %v", err)
	}
	if _, err := s.Open(over, man, 0, 30).Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("read with a cancelled context: %v", err)
	}
	m.SetFaults(blobtest.Faults{Before: blobtest.FailAll(blobtest.OpRead, errBroken)})
	if _, err := s.CopyTo(ctx, io.Discard, man, 0, 30); !errors.Is(err, errBroken) {
		t.Errorf("copy from a broken disk: %v", err)
	}
	if _, err := io.ReadAll(s.Open(ctx, man, 0, 30)); !errors.Is(err, errBroken) {
		t.Errorf("read from a broken disk: %v", err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }
