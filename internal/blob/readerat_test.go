package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/blob/diskblob"
)

// watched counts the readers that a driver has given and not got back.
type watched struct {
	blob.Driver
	opened, closed atomic.Int64
}

func (w *watched) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	r, err := w.Driver.Open(ctx, key, off, n)
	if err != nil {
		return nil, err
	}
	w.opened.Add(1)
	return &watchedReader{r, w}, nil
}

type watchedReader struct {
	io.ReadCloser
	by *watched
}

func (r *watchedReader) Close() error {
	r.by.closed.Add(1)
	return r.ReadCloser.Close()
}

func TestReadAtKeepsReaders(t *testing.T) {
	disk, err := diskblob.Open(t.TempDir(), diskblob.Options{KeepOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	// The one yields exactly what it was opened for, the other more.
	for name, d := range map[string]blob.Driver{"memory": blobtest.NewMemory(nil), "disk": disk} {
		t.Run(name, func(t *testing.T) { testKeepsReaders(t, &watched{Driver: d}) })
	}
}

func testKeepsReaders(t *testing.T, w *watched) {
	s := blob.New(w)
	data := pattern(3 << 20)
	man := file(t, s, "segments/1", data, 1<<20, 2<<20)
	at := s.ReaderAt(ctx, man)
	if at.Size() != 3<<20 {
		t.Errorf("size %d", at.Size())
	}

	// Many small steps forward, as over the boxes of a file.
	p := make([]byte, 16)
	for off := int64(0); off < at.Size(); off += 5000 {
		if _, err := at.ReadAt(p, off); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		if n := min(16, at.Size()-off); !bytes.Equal(p[:n], data[off:off+n]) {
			t.Fatalf("other bytes at %d", off)
		}
	}
	if n := w.opened.Load(); n > 6 {
		t.Errorf("%d openings for steps through 3 MiB", n)
	}

	// A few places in turn, far from each other.
	before := w.opened.Load()
	for i := range int64(50) {
		for place := range int64(4) {
			off := place*700_000 + i*100
			if _, err := at.ReadAt(p, off); err != nil || !bytes.Equal(p, data[off:off+16]) {
				t.Fatalf("at %d: %v", off, err)
			}
		}
	}
	if n := w.opened.Load() - before; n > 8 {
		t.Errorf("%d openings for steps at 4 places", n)
	}

	// Everywhere: never more than a few stay open.
	for range 200 {
		off := rand.Int64N(at.Size() - 16)
		if _, err := at.ReadAt(p, off); err != nil || !bytes.Equal(p, data[off:off+16]) {
			t.Fatalf("at %d: %v", off, err)
		}
		if n := w.opened.Load() - w.closed.Load(); n > 4 {
			t.Fatalf("%d readers are open", n)
		}
	}
	for range 2 {
		if err := at.Close(); err != nil {
			t.Error(err)
		}
	}
	if w.opened.Load() != w.closed.Load() {
		t.Errorf("%d readers were opened and %d closed", w.opened.Load(), w.closed.Load())
	}
	if _, err := at.ReadAt(p, 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
}

func TestReadAtFromMany(t *testing.T) {
	w := &watched{Driver: blobtest.NewMemory(nil)}
	s := blob.New(w)
	data := pattern(500_000)
	at := s.ReaderAt(ctx, file(t, s, "segments/1", data, 1, 99_999, 400_000))
	var wg sync.WaitGroup
	for g := range uint64(8) {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(g, 1))
			p := make([]byte, 3000)
			for range 100 {
				off := random.Int64N(500_000)
				n, err := at.ReadAt(p, off)
				if err != nil && err != io.EOF || !bytes.Equal(p[:n], data[off:off+int64(n)]) {
					t.Errorf("at %d: %d bytes, %v", off, n, err)
					return
				}
			}
		})
	}
	wg.Wait()
	at.Close()
	if w.opened.Load() != w.closed.Load() {
		t.Errorf("%d readers were opened and %d closed", w.opened.Load(), w.closed.Load())
	}
}

// TestCloseDuringReadAt: the reader that is in use is not pulled away, and is
// closed afterwards.
func TestCloseDuringReadAt(t *testing.T) {
	m := blobtest.NewMemory(nil)
	w := &watched{Driver: m}
	s := blob.New(w)
	data := pattern(100)
	at := s.ReaderAt(ctx, file(t, s, "segments/1", data, 100))
	reading, closed := make(chan struct{}), make(chan struct{})
	m.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error {
		if c.Op == blobtest.OpRead && c.N == 1 {
			close(reading)
			<-closed
		}
		return nil
	}})
	p := make([]byte, 50)
	done := make(chan error)
	go func() {
		_, err := at.ReadAt(p, 10)
		done <- err
	}()
	<-reading
	at.Close()
	close(closed)
	if err := <-done; err != nil || !bytes.Equal(p, data[10:60]) {
		t.Errorf("the read under way: %v", err)
	}
	if w.opened.Load() != 1 || w.closed.Load() != 1 {
		t.Errorf("%d readers were opened and %d closed", w.opened.Load(), w.closed.Load())
	}
}

// TestReadAtForgivesAnOldReader: a connection that was idle for too long is
// opened anew; one that fails at once is an error.
func TestReadAtForgivesAnOldReader(t *testing.T) {
	s, m := newStore()
	data := pattern(1000)
	at := s.ReaderAt(ctx, file(t, s, "segments/1", data, 1000))
	defer at.Close()
	p := make([]byte, 100)
	if _, err := at.ReadAt(p, 0); err != nil {
		t.Fatal(err)
	}
	m.SetFaults(blobtest.Faults{Before: blobtest.FailNth(blobtest.OpRead, 1, errBroken)})
	for _, off := range []int64{100, 200} { // read on; then, after the skip failed, too
		if n, err := at.ReadAt(p, off); n != 100 || err != nil || !bytes.Equal(p, data[off:off+100]) {
			t.Errorf("at %d after an idle reader broke: %d, %v", off, n, err)
		}
		m.SetFaults(blobtest.Faults{Before: blobtest.FailNth(blobtest.OpRead, 1, errBroken)})
	}
	m.SetFaults(blobtest.Faults{Before: blobtest.FailAll(blobtest.OpRead, errBroken)})
	if _, err := at.ReadAt(p, 300); !errors.Is(err, errBroken) {
		t.Errorf("from a broken disk: %v", err)
	}
}

func TestReadAtEdges(t *testing.T) {
	s, _ := newStore()
	data := pattern(10)
	over, cancel := context.WithCancel(ctx)
	at := s.ReaderAt(over, file(t, s, "segments/1", data, 4, 6))
	defer at.Close()
	p := make([]byte, 10)
	for _, c := range []struct {
		off  int64
		n    int
		want int
		err  error
	}{
		{0, 10, 10, nil},
		{0, 0, 0, nil},
		{3, 2, 2, nil},
		{9, 1, 1, nil},
		{9, 2, 1, io.EOF},
		{10, 1, 0, io.EOF},
		{1 << 40, 1, 0, io.EOF},
	} {
		n, err := at.ReadAt(p[:c.n], c.off)
		if n != c.want || err != c.err || n > 0 && !bytes.Equal(p[:n], data[c.off:c.off+int64(n)]) {
			t.Errorf("%d bytes at %d: %d, %v, want %d, %v", c.n, c.off, n, err, c.want, c.err)
		}
	}
	if _, err := at.ReadAt(p, -1); err == nil || err == io.EOF {
		t.Errorf("at -1: %v", err)
	}
	got, err := io.ReadAll(io.NewSectionReader(at, 2, 6))
	if err != nil || !bytes.Equal(got, data[2:8]) {
		t.Errorf("a section: %v, %v", got, err)
	}
	cancel()
	if _, err := at.ReadAt(p[:1], 0); !errors.Is(err, context.Canceled) {
		t.Errorf("after its context ended: %v", err)
	}
}

// TestReadAheadGrows: a file that is read in order, in small pieces, costs few
// openings.
func TestReadAheadGrows(t *testing.T) {
	const size, piece = 40 << 20, 32 << 10
	s, m := newStore()
	data := make([]byte, size)
	man := file(t, s, "segments/1", data, 24<<20, 16<<20)
	n := 0
	m.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error {
		if c.Op == blobtest.OpOpen {
			n++
		}
		return nil
	}})
	a := s.ReaderAt(ctx, man)
	defer a.Close()
	p := make([]byte, piece)
	for off := int64(0); off < size; off += piece {
		if _, err := a.ReadAt(p, off); err != nil {
			t.Fatal(err)
		}
	}
	if n != 5 { // 1, 4, 16 and 3 MiB of the first, all of the second
		t.Errorf("%d openings to read the file in order, want 5", n)
	}
}
