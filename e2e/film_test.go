package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// films are the files that film made, by their ffmpeg arguments: each is made
// once for all tests, beside the binary.
var films sync.Map

// film gives the bytes of a file that ffmpeg makes of args. The extension
// picks the container.
func film(t *testing.T, extension string, args ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filmFile(t, extension, args...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// filmFile is film for those who want the path.
func filmFile(t *testing.T, extension string, args ...string) string {
	t.Helper()
	make, _ := films.LoadOrStore(extension+"\x00"+strings.Join(args, "\x00"), sync.OnceValues(func() (string, error) {
		f, err := os.CreateTemp(filepath.Dir(binary), "film-*."+extension)
		if err != nil {
			return "", err
		}
		if err := f.Close(); err != nil {
			return "", err
		}
		args := append([]string{"-nostdin", "-hide_banner", "-loglevel", "error", "-y"}, args...)
		if out, err := exec.Command("ffmpeg", append(args, f.Name())...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("ffmpeg %q: %w\n%s", args, err, out)
		}
		return f.Name(), nil
	}))
	path, err := make.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// picture is ffmpeg's test picture as an input: so large, so many seconds.
func picture(size string, seconds int) []string {
	return []string{"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=%s:rate=25:duration=%d", size, seconds)}
}

// sound is a tone as an input.
func sound(seconds int) []string {
	return []string{"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=440:sample_rate=48000:duration=%d", seconds)}
}

// h264 are quick encoder options.
func h264() []string {
	return []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}
}

// seen is what ffprobe says of a file.
type seen struct {
	Format struct {
		Name     string `json:"format_name"`
		Duration string
		Tags     map[string]string
	}
	Streams []struct {
		Type        string `json:"codec_type"`
		Codec       string `json:"codec_name"`
		Width       int
		Height      int
		PixelFormat string `json:"pix_fmt"`
		Duration    string
		Frames      string `json:"nb_read_frames"`
		Tags        map[string]string
		SideData    []map[string]any `json:"side_data_list"`
	}
	Chapters []any
}

// ffprobe looks at a path or URL. It decodes nothing, but counts what it reads.
func ffprobe(t *testing.T, path string) seen {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffprobe", "-loglevel", "error", "-of", "json", "-show_format", "-show_streams", "-show_chapters", path)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffprobe %s: %v", path, err)
	}
	var s seen
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatalf("ffprobe %s: %v", path, err)
	}
	return s
}

// ffprobeBytes is ffprobe for a file in memory.
func ffprobeBytes(t *testing.T, name string, b []byte) seen {
	t.Helper()
	return ffprobe(t, written(t, name, b))
}

// written puts bytes into a file of this test's own.
func written(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// seconds reads ffprobe's decimal seconds.
func seconds(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Errorf("not a number of seconds: %q", s)
	}
	return f
}

// glimpse is the picture at an instant, upright as players show it, shrunk to
// 16×16 pixels of three bytes.
func glimpse(t *testing.T, path string, at string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-loglevel", "error", "-i", path, "-ss", at,
		"-frames:v", "1", "-vf", "format=gbrp,scale=16:16:flags=area,format=rgb24", "-f", "rawvideo", "-").Output()
	if err != nil || len(out) != 16*16*3 {
		t.Fatalf("glimpse of %s: %d bytes, %v", path, len(out), err)
	}
	return out
}

// difference is how far two pictures are apart: the mean over all bytes.
func difference(a, b []byte) float64 {
	sum := 0
	for i := range a {
		sum += max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return float64(sum) / float64(len(a))
}

// boxes lists the kinds of an MP4's outermost boxes.
func boxes(t *testing.T, b []byte) []string {
	t.Helper()
	var kinds []string
	for len(b) >= 8 {
		n := uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
		kinds = append(kinds, string(b[4:8]))
		if n == 1 && len(b) >= 16 {
			n = 0
			for _, c := range b[8:16] {
				n = n<<8 | uint64(c)
			}
		}
		if n < 8 || n > uint64(len(b)) {
			t.Fatalf("box %q says %d of %d bytes", b[4:8], n, len(b))
		}
		b = b[n:]
	}
	return kinds
}
