package image

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magpie/internal/media"
)

// counted is an original that counts what is asked of it, and fails from a
// position on if told so.
type counted struct {
	data  []byte
	reads int
	bytes int64
	bad   int64
	err   error
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	c.reads++
	c.bytes += int64(len(p))
	if c.err != nil && off+int64(len(p)) > c.bad {
		return 0, c.err
	}
	return bytes.NewReader(c.data).ReadAt(p, off)
}

func TestSourceReadsWhatIsThere(t *testing.T) {
	data := make([]byte, 3*windowSize+77)
	for i := range data {
		data[i] = byte(i * 7 >> 3)
	}
	rapid.Check(t, func(t *rapid.T) {
		src := newSource(context.Background(), bytes.NewReader(data), int64(len(data)))
		for range rapid.IntRange(1, 20).Draw(t, "reads") {
			off := rapid.IntRange(0, len(data)+10).Draw(t, "off")
			p := make([]byte, rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(0, 2*windowSize)).Draw(t, "n"))
			n, err := src.ReadAt(p, int64(off))
			want := min(len(p), max(0, len(data)-off))
			if n != want || (err == io.EOF) != (n < len(p)) {
				t.Fatalf("read %d, %v of %d at %d", n, err, len(p), off)
			}
			if n > 0 && !bytes.Equal(p[:n], data[off:off+n]) {
				t.Fatalf("other bytes at %d", off)
			}
		}
	})
}

func TestSourceFetchesInWindows(t *testing.T) {
	data := make([]byte, 5<<20)
	c := &counted{data: data}
	src := newSource(context.Background(), c, int64(len(data)))
	var b [8]byte
	for off := int64(0); off < int64(len(data)); off += 8 {
		if _, err := src.ReadAt(b[:], off); err != nil {
			t.Fatal(err)
		}
	}
	if c.reads > 16 || c.bytes != int64(len(data)) {
		t.Errorf("%d reads of %d bytes in all", c.reads, c.bytes)
	}
	c.bytes = 0
	for i := range 100 {
		if _, err := src.ReadAt(b[:], int64(i%2)*(4<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if c.bytes > 101*firstFetch {
		t.Errorf("jumping about fetched %d bytes", c.bytes)
	}
}

func TestSourceFaultsAreNotTheFiles(t *testing.T) {
	file := jpegOf(t, photo(900, 700))
	down := errors.New("the store is down")
	for name, c := range map[string]*counted{
		"from the start": {data: file, err: down},
		"in the middle":  {data: file, err: down, bad: firstFetch + 100},
	} {
		in := input(media.JPEG, file)
		in.Original = c
		_, err := New(Config{}).Process(context.Background(), in, newShelf())
		var f *media.Failure
		if !errors.Is(err, down) || errors.As(err, &f) {
			t.Errorf("%s: %v", name, err)
		}
	}

	in := input(media.JPEG, file)
	in.Size += 1 << 20 // the store holds less than the manifest says
	in.Original = bytes.NewReader(file[:40000])
	_, err := New(Config{}).Process(context.Background(), in, newShelf())
	var f *media.Failure
	if !errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &f) || !strings.Contains(err.Error(), "read original at") {
		t.Errorf("a store that is short: %v", err)
	}
}

// A window that another source was done with shows nothing of its file, whichever
// of the two is longer.
func TestSourceReusesWindows(t *testing.T) {
	var w pools
	for _, size := range []int{10, 100_000, 5, windowSize + 9, 100, 0, 2 * windowSize} {
		data := bytes.Repeat([]byte{byte(size)}, size)
		src := w.open(t.Context(), bytes.NewReader(data), int64(size))
		got, err := io.ReadAll(src.all())
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("of %d bytes %d came, or others, %v", size, len(got), err)
		}
		w.close(src)
		if n, err := src.ReadAt(make([]byte, 1), 0); n != 0 || err == nil {
			t.Errorf("after its end it gives %d bytes", n)
		}
	}
}

func newSource(ctx context.Context, r io.ReaderAt, size int64) *source {
	return new(pools).open(ctx, r, size)
}
