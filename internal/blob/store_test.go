package blob_test

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

var (
	ctx       = context.Background()
	errBroken = errors.New("broken")
)

func newStore() (*blob.Store, *blobtest.Memory) {
	m := blobtest.NewMemory(nil)
	return blob.New(m), m
}

func put(t testing.TB, s *blob.Store, key string, data []byte) media.Blob {
	t.Helper()
	b, err := s.Put(ctx, key, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func read(t testing.TB, s *blob.Store, m media.Manifest, off, n int64) []byte {
	t.Helper()
	r := s.Open(ctx, m, off, n)
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func crc(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

// pattern makes n bytes in which no two windows of 8 are alike.
func pattern(n int) []byte {
	data := make([]byte, n)
	x := uint32(2463534242)
	for i := range data {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		data[i] = byte(x >> 11)
	}
	return data
}

func wantKeys(t testing.TB, s *blob.Store, keys ...string) {
	t.Helper()
	got := []string{}
	for info, err := range s.List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, info.Key)
	}
	slices.Sort(got)
	if diff := cmp.Diff(append([]string{}, keys...), got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestPut(t *testing.T) {
	s, _ := newStore()
	for _, size := range []int{0, 1, 256<<10 - 1, 256 << 10, 256<<10 + 1, 1<<20 + 7} {
		data := pattern(size)
		for name, r := range map[string]io.Reader{
			"whole":    bytes.NewReader(data),
			"halves":   iotest.HalfReader(bytes.NewReader(data)),
			"data+eof": iotest.DataErrReader(bytes.NewReader(data)),
		} {
			b, err := s.Put(ctx, "segments/1/"+strings.ReplaceAll(name, "+", "-"), r)
			if err != nil {
				t.Fatal(err)
			}
			if b.Size != int64(size) || b.CRC != crc(data) {
				t.Errorf("%s of %d bytes: %+v, want CRC %08x", name, size, b, crc(data))
			}
			if got := read(t, s, media.Manifest{b}, 0, b.Size); !bytes.Equal(got, data) {
				t.Errorf("%s of %d bytes came back as %d others", name, size, len(got))
			}
		}
	}
	// The check value of CRC-32C, so that everyone agrees on the polynomial.
	if b := put(t, s, "check", []byte("123456789")); b.CRC != 0xe3069283 {
		t.Errorf("CRC-32C of 123456789 is %08x", b.CRC)
	}
}

// TestPutStopsWithItsReader: a body that was cut short is never stored, even
// where its error looks like an end.
func TestPutStopsWithItsReader(t *testing.T) {
	s, _ := newStore()
	for _, cause := range []error{errBroken, io.ErrUnexpectedEOF, media.Errorf(media.CodeTooLarge, "too large")} {
		for _, before := range []int{0, 5, 256 << 10, 300_000} {
			r := io.MultiReader(bytes.NewReader(pattern(before)), iotest.ErrReader(cause))
			b, err := s.Put(ctx, "segments/1/a", r)
			if !errors.Is(err, cause) || b != (media.Blob{}) {
				t.Errorf("%v after %d bytes: got %+v, %v", cause, before, b, err)
			}
			if err != nil && !strings.Contains(err.Error(), "put blob segments/1/a: ") {
				t.Errorf("the error does not say what was done to which key: %v", err)
			}
		}
	}
	if _, err := s.Put(ctx, "segments/1/a", idle{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that never yields: %v", err)
	}
	wantKeys(t, s)
}

// idle yields nothing and no error.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestPutFailsWithItsDriver(t *testing.T) {
	s, m := newStore()
	for _, f := range []blobtest.Faults{
		{Before: blobtest.FailAll(blobtest.OpCreate, errBroken)},
		{Before: blobtest.FailNth(blobtest.OpWrite, 1, errBroken)},
		{Before: blobtest.FailNth(blobtest.OpWrite, 3, errBroken)},
		{Before: blobtest.FailAll(blobtest.OpCommit, errBroken)},
	} {
		m.SetFaults(f)
		_, err := s.Put(ctx, "segments/1/a", bytes.NewReader(pattern(1<<20)))
		if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "segments/1/a") {
			t.Errorf("got %v", err)
		}
		wantKeys(t, s)
	}
	m.SetFaults(blobtest.Faults{Before: blobtest.FailAll(blobtest.OpWrite, blobtest.Full())})
	_, err := s.Put(ctx, "segments/1/a", bytes.NewReader(pattern(10)))
	if media.CodeOf(err) != media.CodeFull {
		t.Errorf("got %v, want CodeFull", err)
	}
}

func TestBadKeysNeverReachTheDriver(t *testing.T) {
	s, m := newStore()
	m.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error {
		t.Errorf("%s reached the driver for %q", c.Op, c.Key)
		return nil
	}})
	bad := media.Manifest{{Key: "../a", Size: 1}}
	_, putErr := s.Put(ctx, "../a", strings.NewReader("x"))
	_, statErr := s.Stat(ctx, "../a")
	_, copyErr := s.CopyTo(ctx, io.Discard, bad, 0, 1)
	_, readErr := s.Open(ctx, bad, 0, 1).Read(make([]byte, 1))
	at := s.ReaderAt(ctx, bad)
	defer at.Close()
	_, atErr := at.ReadAt(make([]byte, 1), 0)
	var listErr error
	for _, listErr = range s.List(ctx, "segments") {
	}
	for op, err := range map[string]error{
		"put": putErr, "stat": statErr, "copy": copyErr, "read": readErr, "read at": atErr, "list": listErr,
		"delete": s.Delete(ctx, "../a"),
		"verify": s.Verify(ctx, bad[0]),
	} {
		if err == nil {
			t.Errorf("%s takes a bad key", op)
		}
	}
}

func TestErrorsAreWrappedOnce(t *testing.T) {
	s, m := newStore()
	m.SetFaults(blobtest.Faults{Before: func(blobtest.Call) error { return errBroken }})
	_, create := s.Create(ctx, 0)
	_, stat := s.Stat(ctx, "a/b")
	var list error
	for _, list = range s.List(ctx, "a/") {
	}
	for want, err := range map[string]error{
		"create blob: broken":           create,
		"stat blob a/b: broken":         stat,
		"delete blob a/b: broken":       s.Delete(ctx, "a/b"),
		`list blobs under "a/": broken`: list,
		"blob store: broken":            s.Ready(ctx),
	} {
		if !errors.Is(err, errBroken) || err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
}

func TestStatAndDelete(t *testing.T) {
	s, _ := newStore()
	put(t, s, "segments/1/a", []byte("abc"))
	info, err := s.Stat(ctx, "segments/1/a")
	if err != nil || info.Key != "segments/1/a" || info.Size != 3 {
		t.Errorf("stat: %+v, %v", info, err)
	}
	for range 2 {
		if err := s.Delete(ctx, "segments/1/a"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Stat(ctx, "segments/1/a"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("stat of a deleted blob: %v", err)
		}
	}
	if err := errors.Join(s.Ready(ctx), s.Close()); err != nil {
		t.Error(err)
	}
}

func TestListBreaksOff(t *testing.T) {
	s, _ := newStore()
	for _, key := range []string{"a", "b", "c"} {
		put(t, s, key, nil)
	}
	n := 0
	for range s.List(ctx, "") {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d blobs before the break", n)
	}
}

// A store whose driver has no addresses for others says so.
func TestPresignWithout(t *testing.T) {
	s, _ := newStore()
	if u, err := s.Presign(ctx, "renditions/1/1/a", time.Minute, "video/mp4", ""); err == nil || u != "" {
		t.Errorf("%q, %v", u, err)
	}
}
