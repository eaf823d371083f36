package hybrid

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// told is a film in fragments with words beside its pictures, small and large.
func told(t testing.TB, source ...string) []byte {
	t.Helper()
	fragmented, _ := encode(t, source...)
	path := filepath.Join(t.TempDir(), "told.mp4")
	tool(t, "ffmpeg", "-v", "error", "-i", fragmented, "-c", "copy", "-bsf:v", "h264_metadata=sei_user_data=0123456789abcdef0123456789abcdef+51.5007N:aud=insert",
		"-movflags", "+frag_keyframe+delay_moov+default_base_moof+negative_cts_offsets+skip_trailer", path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// inPlace is what Wrap and Quiet make of a file.
func inPlace(t testing.TB, data []byte, room int64) (File, []byte, error) {
	t.Helper()
	file := scratchFile(t, data)
	defer os.Remove(file.Name())
	defer file.Close()
	out, err := Wrap(file, int64(len(data)), room)
	if err == nil {
		err = out.Quiet(file)
	}
	body, readErr := os.ReadFile(file.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	return out, body, err
}

// streamed is what Stream makes of it with a window of some size.
func streamed(r io.Reader, room int64, size int) (File, []byte, error) {
	var body bytes.Buffer
	out, err := follow(&window{r: r, w: &body, buf: make([]byte, size)}, room)
	return out, body.Bytes(), err
}

// wantSame checks that both ways lead to the same file.
func wantSame(t interface {
	Helper()
	Fatalf(string, ...any)
}, data []byte, got, want File, body, wantBody []byte,
) {
	t.Helper()
	if !bytes.Equal(got.Header, want.Header) || !bytes.Equal(body, wantBody) {
		t.Fatalf("of %d bytes: the headers are equal: %t, the bodies: %t", len(data), bytes.Equal(got.Header, want.Header), bytes.Equal(body, wantBody))
	}
	got.Header, got.tracks, want.Header, want.tracks = nil, nil, nil, nil
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(File{})); diff != "" {
		t.Fatalf("of %d bytes (-in place +streamed):\n%s", len(data), diff)
	}
}

// TestStream: whatever pieces a file comes in, and wherever the window ends,
// what comes of it is what Wrap and Quiet make of it byte for byte.
func TestStream(t *testing.T) {
	samples := [][]byte{
		told(t, "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=4.3", "-f", "lavfi", "-i", "sine=440:d=5"),
		told(t, "-f", "lavfi", "-i", "testsrc2=s=64x64:r=30:d=5,select='not(mod(n,7))+not(mod(n,5))'"),
	}
	for i, data := range samples {
		if !bytes.Contains(data, []byte("51.5007N")) {
			t.Fatal("the sample says nothing")
		}
		want, wantBody, err := inPlace(t, data, 40_000)
		if err != nil {
			t.Fatal(err)
		}
		if len(want.Header) != 40_000 || bytes.Contains(wantBody, []byte("51.5007N")) {
			t.Fatalf("a header of %d bytes", len(want.Header))
		}
		got, body, err := streamed(bytes.NewReader(data), 40_000, windowSize)
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, data, got, want, body, wantBody)

		// A window that is small ends at each place of the file in one of these.
		for size := 1; size < 70; size += 3 {
			got, body, err := streamed(bytes.NewReader(data), 40_000, size)
			if err != nil {
				t.Fatalf("sample %d, a window of %d: %v", i, size, err)
			}
			wantSame(t, data, got, want, body, wantBody)
		}
		rapid.Check(t, func(t *rapid.T) {
			at := rapid.IntRange(0, len(data)).Draw(t, "split")
			size := rapid.IntRange(1, 5000).Draw(t, "window")
			r := io.MultiReader(bytes.NewReader(data[:at]), iotest.HalfReader(bytes.NewReader(data[at:])))
			got, body, err := streamed(iotest.DataErrReader(r), 40_000, size)
			if err != nil {
				t.Fatalf("%v", err)
			}
			wantSame(t, data, got, want, body, wantBody)
		})
	}
}

// TestStreamPlays: a player takes no notice of what is left of the index's room.
func TestStreamPlays(t *testing.T) {
	data := told(t, "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=4", "-f", "lavfi", "-i", "sine=440:d=4")
	plain, plainBody, err := inPlace(t, data, 0)
	if err != nil {
		t.Fatal(err)
	}
	before, after := filepath.Join(t.TempDir(), "before.mp4"), filepath.Join(t.TempDir(), "after.mp4")
	file, body, err := streamed(bytes.NewReader(data), 20_000, windowSize)
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{before: append(plain.Header, plainBody...), after: append(file.Header, body...)} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hashes := func(path string) string {
		return tool(t, "ffmpeg", "-v", "error", "-xerror", "-i", path, "-map", "0", "-f", "framehash", "-")
	}
	if diff := cmp.Diff(hashes(before), hashes(after)); diff != "" {
		t.Error(diff)
	}
	checkFragments(t, after, file)
	var kinds []string
	whole, err := os.ReadFile(after)
	if err != nil {
		t.Fatal(err)
	}
	for at := int64(0); at < int64(len(whole)); {
		b, err := nextBox(bytes.NewReader(whole), at, int64(len(whole)))
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, b.kind)
		at = b.end()
	}
	if diff := cmp.Diff([]string{"ftyp", "moov", "free", "mdat"}, kinds); diff != "" {
		t.Errorf("boxes (-want +got):\n%s", diff)
	}
}

// TestRoomOfAnyLength: the header is as long as it is asked to be, or there is
// an error; what it says of the samples' places is right all the same.
func TestRoomOfAnyLength(t *testing.T) {
	data := told(t, "-f", "lavfi", "-i", "testsrc2=s=32x32:r=10:d=2")
	least, _, err := streamed(bytes.NewReader(data), 1<<14, windowSize)
	if err != nil {
		t.Fatal(err)
	}
	exact := int64(bytes.Index(least.Header, []byte("free"))) - 4 + mdatHead
	for room := exact - 10; room < exact+30; room++ {
		got, _, err := streamed(bytes.NewReader(data), room, windowSize)
		if fits := room == exact || room >= exact+8; !fits {
			if !errors.Is(err, ErrRoom) {
				t.Errorf("%d bytes for %d: %v", room, exact, err)
			}
			continue
		}
		if err != nil || int64(len(got.Header)) != room || got.Init.Offset != room {
			t.Errorf("%d bytes for %d: %d, %v", room, exact, len(got.Header), err)
		}
	}
}

// TestStreamCutShort: what breaks off is an error, at whatever byte, unless it
// ends between two fragments.
func TestStreamCutShort(t *testing.T) {
	data := told(t, "-f", "lavfi", "-i", "testsrc2=s=32x32:r=10:d=2.5", "-f", "lavfi", "-i", "sine=440:d=2.5")
	whole, err := Wrap(bytes.NewReader(data), int64(len(data)), 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends []int64
	for _, f := range whole.Fragments {
		ends = append(ends, f.Offset-int64(len(whole.Header))+f.Length)
	}
	for n := 0; n < len(data); n += 1 + n/1500 {
		_, _, err := streamed(bytes.NewReader(data[:n]), 40_000, 4096)
		if (err == nil) != slices.Contains(ends, int64(n)) {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
	}
	for _, n := range ends[:len(ends)-1] {
		if _, _, err := streamed(bytes.NewReader(data[:n]), 40_000, 4096); err != nil {
			t.Errorf("up to the end of a fragment, %d bytes: %v", n, err)
		}
	}
	for _, n := range []int{0, int(binary.BigEndian.Uint32(data))} { // nothing, and nothing but the type
		if _, _, err := streamed(bytes.NewReader(data[:n]), 40_000, 4096); !errors.Is(err, ErrEmpty) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
	broken := errors.New("broken")
	if _, err := Stream(io.MultiReader(bytes.NewReader(data[:len(data)/2]), iotest.ErrReader(broken)), io.Discard, 40_000); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
	if _, err := Stream(bytes.NewReader(data), failing{broken}, 40_000); !errors.Is(err, broken) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// agree checks that both ways take the same files, and make the same of them,
// but for those of which the pictures are not where they can be read as they
// come.
func agree(t testing.TB, data []byte) {
	t.Helper()
	want, wantBody, wantErr := inPlace(t, data, 1<<14)
	got, body, err := streamed(bytes.NewReader(data), 1<<14, 100)
	switch {
	case errors.Is(err, ErrOrder):
	case (err == nil) != (wantErr == nil):
		t.Fatalf("in place: %v; streamed: %v", wantErr, err)
	case err == nil:
		wantSame(t, data, got, want, body, wantBody)
	}
}

// TestStreamOfDamage: with a byte changed, both ways still agree.
func TestStreamOfDamage(t *testing.T) {
	data := told(t, "-f", "lavfi", "-i", "testsrc2=s=32x32:r=5:d=2.4", "-f", "lavfi", "-i", "sine=440:d=1")
	for i := 0; i < len(data); i += 1 + i/60 { // its first boxes byte by byte
		other := slices.Clone(data)
		other[i] ^= []byte{0x01, 0x80, 0xff}[i%3]
		agree(t, other)
	}
}

func FuzzStream(f *testing.F) {
	f.Add(told(f, "-f", "lavfi", "-i", "testsrc2=s=32x32:r=5:d=1"))
	f.Fuzz(func(t *testing.T, data []byte) { agree(t, data) })
}
