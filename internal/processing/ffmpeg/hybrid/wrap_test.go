package hybrid

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// encode makes the same film twice: in fragments, and as a plain MP4.
func encode(t testing.TB, source ...string) (fragmented, plain string) {
	t.Helper()
	dir := t.TempDir()
	fragmented, plain = filepath.Join(dir, "fragmented.mp4"), filepath.Join(dir, "plain.mp4")
	codec := []string{
		"-fps_mode", "passthrough", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-threads", "1", "-pix_fmt", "yuv420p",
		"-force_key_frames", "expr:gte(t,n_forced*2)", "-sc_threshold", "0", "-g", "600", "-flags:v", "+cgop+bitexact",
		"-c:a", "aac", "-flags:a", "+bitexact", "-fflags", "+bitexact", "-map_metadata", "-1",
	}
	args := append([]string{"-v", "error", "-y"}, source...)
	args = append(append(args, codec...), "-movflags", "+frag_keyframe+delay_moov+default_base_moof+negative_cts_offsets+skip_trailer", fragmented)
	args = append(append(args, codec...), "-movflags", "+faststart", plain)
	tool(t, "ffmpeg", args...)
	return fragmented, plain
}

func tool(t testing.TB, name string, args ...string) string {
	t.Helper()
	var out, words bytes.Buffer
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = &out, &words
	if err := c.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, words.String())
	}
	if words.Len() > 0 {
		t.Errorf("%s complains: %s", name, words.String())
	}
	return out.String()
}

// wrapped writes the hybrid of a fragmented file and gives its path.
func wrapped(t testing.TB, fragmented string) (string, File) {
	t.Helper()
	data, err := os.ReadFile(fragmented)
	if err != nil {
		t.Fatal(err)
	}
	file, err := Wrap(bytes.NewReader(data), int64(len(data)), 0)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "hybrid.mp4")
	if err := os.WriteFile(path, append(file.Header, data...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, file
}

// What a player decodes of the hybrid, times and pictures and sound, is what it
// decodes of a plain MP4 of the same encode; and each fragment plays behind the
// initialization section alone.
func TestWrapPlaysLikeAPlainFile(t *testing.T) {
	for name, source := range map[string][]string{
		"pictures and sound":     {"-f", "lavfi", "-i", "testsrc2=s=128x72:r=30:d=5.3", "-f", "lavfi", "-i", "sine=440:d=5.3"},
		"pictures alone":         {"-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=4.04"},
		"one picture":            {"-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=0.04"},
		"of uneven length":       {"-f", "lavfi", "-i", "testsrc2=s=64x64:r=30:d=7,select='not(mod(n,7))+not(mod(n,5))'"},
		"sound that goes on":     {"-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=2", "-f", "lavfi", "-i", "sine=440:d=3"},
		"a broadcast frame rate": {"-f", "lavfi", "-i", "testsrc2=s=64x64:r=30000/1001:d=6", "-f", "lavfi", "-i", "sine=300:d=6:r=48000"},
	} {
		t.Run(name, func(t *testing.T) {
			fragmented, plain := encode(t, source...)
			hybrid, file := wrapped(t, fragmented)
			streams := func(path string) string {
				list := tool(t, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name,start_time,duration,nb_frames:format=start_time,duration", path)
				return regexp.MustCompile(`(\.\d\d)\d+`).ReplaceAllString(list, "$1") // nobody is told how long the last picture stays
			}
			if diff := cmp.Diff(streams(plain), streams(hybrid)); diff != "" {
				t.Errorf("streams (-plain +hybrid):\n%s", diff)
			}
			for stream := range strings.Count(streams(plain), "[STREAM]") {
				decoded := func(path string) string {
					return tool(t, "ffmpeg", "-v", "error", "-i", path, "-map", fmt.Sprintf("0:%d", stream), "-fps_mode", "passthrough", "-f", "framemd5", "-")
				}
				if diff := cmp.Diff(decoded(plain), decoded(hybrid)); diff != "" {
					t.Errorf("stream %d (-plain +hybrid):\n%s", stream, diff)
				}
			}
			checkFragments(t, hybrid, file)
		})
	}
}

func checkFragments(t *testing.T, hybrid string, file File) {
	t.Helper()
	data, err := os.ReadFile(hybrid)
	if err != nil {
		t.Fatal(err)
	}
	at, total := file.Init.Offset+file.Init.Length, 0.0
	start := data[file.Init.Offset:at]
	for i, f := range file.Fragments {
		if f.Offset != at || f.Length <= 0 {
			t.Fatalf("fragment %d is %d bytes at %d; the last one ended at %d", i, f.Length, f.Offset, at)
		}
		at += f.Length
		total += f.Seconds
		piece := filepath.Join(t.TempDir(), "piece.mp4")
		if err := os.WriteFile(piece, append(append([]byte{}, start...), data[f.Offset:at]...), 0o600); err != nil {
			t.Fatal(err)
		}
		first := tool(t, "ffprobe", "-v", "error", "-select_streams", "v:0", "-read_intervals", "%+#1", "-show_entries", "packet=flags", "-of", "csv=p=0", piece)
		if !strings.HasPrefix(first, "K") {
			t.Errorf("fragment %d begins with a packet %q", i, first)
		}
		// What players that only want its first picture fetch is enough for that.
		if f.Key <= 0 || f.Key > f.Length {
			t.Fatalf("fragment %d ends its first picture after %d of %d bytes", i, f.Key, f.Length)
		}
		cut := filepath.Join(t.TempDir(), "cut.mp4")
		if err := os.WriteFile(cut, append(append([]byte{}, start...), data[f.Offset:f.Offset+f.Key]...), 0o600); err != nil {
			t.Fatal(err)
		}
		picture := func(path string) string {
			out, err := exec.Command("ffmpeg", "-v", "quiet", "-skip_frame", "nokey", "-i", path, "-map", "0:v", "-frames:v", "1", "-fps_mode", "passthrough", "-f", "md5", "-").Output()
			if err != nil {
				t.Errorf("fragment %d: %v", i, err)
			}
			return string(out)
		}
		if whole, short := picture(piece), picture(cut); whole != short || whole == "" {
			t.Errorf("fragment %d: %s from all of it, %s from its first %d bytes", i, whole, short, f.Key)
		}
	}
	if at != int64(len(data)) {
		t.Errorf("fragments end at %d of %d", at, len(data))
	}
	if length := tool(t, "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=duration", "-of", "csv=p=0", hybrid); length != "" {
		var seconds float64
		if _, err := fmt.Sscan(length, &seconds); err != nil || math.Abs(seconds-total) > 0.1 {
			t.Errorf("fragments last %.3f s of %s", total, length)
		}
	}
}

// The whole file is one index and one mdat, so that nobody trips over the
// fragments; and the fragmented file is in it unchanged.
func TestWrapHidesTheFragments(t *testing.T) {
	fragmented, _ := encode(t, "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=4")
	path, file := wrapped(t, fragmented)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for at := int64(0); at < int64(len(whole)); {
		b, err := nextBox(bytes.NewReader(whole), at, int64(len(whole)))
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, b.kind)
		at = b.end()
	}
	if diff := cmp.Diff([]string{"ftyp", "moov", "mdat"}, kinds); diff != "" {
		t.Errorf("boxes (-want +got):\n%s", diff)
	}
	inside, err := os.ReadFile(fragmented)
	if err != nil {
		t.Fatal(err)
	}
	if sha256.Sum256(whole[len(file.Header):]) != sha256.Sum256(inside) {
		t.Error("what follows the header is not the fragmented file")
	}
}

// Beyond 4 GiB offsets have 64 bits.
func TestWrapOfALargeFile(t *testing.T) {
	fragmented, _ := encode(t, "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=4")
	data, err := os.ReadFile(fragmented)
	if err != nil {
		t.Fatal(err)
	}
	// A box of 5 GiB of nothing at the end.
	size := int64(len(data)) + 5<<30
	tail := []byte{0, 0, 0, 1, 'f', 'r', 'e', 'e', 0, 0, 0, 1, 0x40, 0, 0, 0}
	file, err := Wrap(sparse{append(data, tail...), size}, size, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(file.Header, []byte("co64")) || bytes.Contains(file.Header, []byte("stco")) {
		t.Error("offsets are not 64-bit ones")
	}
	small, err := Wrap(bytes.NewReader(data), int64(len(data)), 0)
	if err != nil || !bytes.Contains(small.Header, []byte("stco")) {
		t.Errorf("a small file has 64-bit offsets, or %v", err)
	}
}

// sparse is data with zeros behind it.
type sparse struct {
	data []byte
	size int64
}

func (s sparse) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if at < int64(len(s.data)) {
		copy(p, s.data[at:])
	}
	if at+int64(len(p)) > s.size {
		return 0, io.EOF
	}
	return len(p), nil
}

// Every file that is cut, and every one with a byte changed, gives an error or
// a file; none makes it fall.
func TestWrapOfDamage(t *testing.T) {
	fragmented, plain := encode(t, "-f", "lavfi", "-i", "testsrc2=s=32x32:r=10:d=2.5", "-f", "lavfi", "-i", "sine=440:d=2.5")
	data, err := os.ReadFile(fragmented)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(data) {
		_, _ = Wrap(bytes.NewReader(data[:n]), int64(n), 0)
	}
	for i := range min(len(data), 6000) {
		for _, bits := range []byte{0x01, 0x80, 0xff} {
			other := append([]byte{}, data...)
			other[i] ^= bits
			_, _ = Wrap(bytes.NewReader(other), int64(len(other)), 0)
		}
	}
	whole, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Wrap(bytes.NewReader(whole), int64(len(whole)), 0); err == nil {
		t.Error("a file without fragments was taken")
	}
	for _, n := range []int{0, int(binary.BigEndian.Uint32(whole))} { // nothing, and nothing but the type
		if _, err := Wrap(bytes.NewReader(whole[:n]), int64(n), 0); !errors.Is(err, ErrEmpty) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
	cut := data[:len(data)-100]
	if _, err := Wrap(bytes.NewReader(cut), int64(len(cut)), 0); err == nil {
		t.Error("a file whose last fragment is cut was taken")
	}
}

func FuzzWrap(f *testing.F) {
	fragmented, _ := encode(f, "-f", "lavfi", "-i", "testsrc2=s=32x32:r=5:d=1")
	data, err := os.ReadFile(fragmented)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = Wrap(bytes.NewReader(data), int64(len(data)), 0)
	})
}
