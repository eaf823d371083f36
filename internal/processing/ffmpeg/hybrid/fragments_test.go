package hybrid

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// movie makes a film that a camera or an editor may have written.
func movie(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	tool(t, "ffmpeg", append(append([]string{"-v", "error", "-y"}, args...), path)...)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// exported is how an editor encodes.
var exported = []string{
	"-fps_mode", "passthrough", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-threads", "1", "-pix_fmt", "yuv420p",
	"-g", "50", "-flags:v", "+cgop", "-c:a", "aac", "-metadata", "title=secret", "-metadata:s:v", "handler_name=secret",
}

func lavfi(source string) []string { return []string{"-f", "lavfi", "-i", source} }

// remade is what Stream makes of Fragments: the whole file.
func remade(movie []byte, tracks ...int) ([]byte, File, error) {
	r, err := Fragments(bytes.NewReader(movie), int64(len(movie)), tracks...)
	if err != nil {
		return nil, File{}, err
	}
	room, err := Room(bytes.NewReader(movie), int64(len(movie)), 0, tracks...)
	if err != nil {
		return nil, File{}, err
	}
	var body bytes.Buffer
	file, err := Stream(r, &body, room)
	return append(file.Header, body.Bytes()...), file, err
}

// What a player shows of the fragments is what it shows of the movie, picture for
// picture and at the same times, and each fragment plays by itself.
func TestFragmentsPlayLikeTheMovie(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source []string
		more   []string
		tracks []int
	}{
		"pictures and sound": {slices.Concat(lavfi("testsrc2=s=64x64:r=30:d=4.3"), lavfi("sine=440:d=4.3")), nil, []int{0, 1}},
		"one picture":        {lavfi("testsrc2=s=64x64:r=25:d=0.04"), nil, []int{0}},
		"uneven":             {lavfi("testsrc2=s=64x64:r=30:d=7,select='not(mod(n,7))+not(mod(n,5))'"), nil, []int{0}},
		"sound goes on":      {slices.Concat(lavfi("testsrc2=s=64x64:r=10:d=2"), lavfi("sine=440:d=3")), nil, []int{0, 1}},
		"pictures go on":     {slices.Concat(lavfi("testsrc2=s=64x64:r=10:d=12"), lavfi("sine=440:d=3")), nil, []int{0, 1}},
		"broadcast":          {slices.Concat(lavfi("testsrc2=s=64x64:r=30000/1001:d=6"), lavfi("sine=300:d=6")), nil, []int{0, 1}},
		"sound comes first":  {slices.Concat(lavfi("testsrc2=s=64x64:r=30:d=3"), lavfi("sine=300:d=3")), []string{"-map", "1:a", "-map", "0:v"}, []int{1, 0}},
		"written last":       {slices.Concat(lavfi("testsrc2=s=64x64:r=30:d=3"), lavfi("sine=300:d=3")), []string{"-movflags", "+negative_cts_offsets"}, []int{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := movie(t, "in.mp4", slices.Concat(c.source, exported, c.more)...)
			out, file, err := remade(data, c.tracks...)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(out, []byte("secret")) || bytes.Contains(out, []byte("x264 - core")) {
				t.Error("what is said beside the film is still there")
			}
			dir := t.TempDir()
			before, after := filepath.Join(dir, "before.mp4"), filepath.Join(dir, "after.mp4")
			if err := errors.Join(os.WriteFile(before, data, 0o600), os.WriteFile(after, out, 0o600)); err != nil {
				t.Fatal(err)
			}
			for i, n := range c.tracks {
				streams := func(path string, n int) string {
					list := tool(t, "ffprobe", "-v", "error", "-select_streams", fmt.Sprint(n), "-show_entries",
						"stream=codec_name,profile,level,width,height,sample_rate,channels,start_time,nb_frames,avg_frame_rate,r_frame_rate", path)
					return regexp.MustCompile(`(\.\d\d)\d+`).ReplaceAllString(list, "$1")
				}
				if diff := cmp.Diff(streams(before, n), streams(after, i)); diff != "" {
					t.Errorf("stream %d (-movie +fragments):\n%s", i, diff)
				}
				packets := func(path string, n int) (out []string) {
					list := tool(t, "ffmpeg", "-v", "error", "-i", path, "-map", fmt.Sprintf("0:%d", n), "-c", "copy", "-bsf:v", "filter_units=remove_types=6|9|12", "-f", "framemd5", "-")
					for line := range strings.Lines(list) {
						if fields := strings.Split(line, ","); len(fields) > 5 { // all but when they are decoded
							out = append(out, strings.ReplaceAll(strings.Join(fields[2:], ""), " ", ""))
						}
					}
					return out
				}
				if diff := cmp.Diff(packets(before, n), packets(after, i)); diff != "" {
					t.Errorf("stream %d (-movie +fragments):\n%s", i, diff)
				}
			}
			checkFragments(t, after, file)
			for i, f := range file.Fragments {
				if f.Open || f.Key == 0 {
					t.Errorf("fragment %d is %+v", i, f)
				}
			}
		})
	}
}

// TestFragmentsAgreeWithFFmpeg: HLS gets the same pieces as from ffmpeg's fragments.
func TestFragmentsAgreeWithFFmpeg(t *testing.T) {
	t.Parallel()
	fragmented, plain := encode(t, slices.Concat(lavfi("testsrc2=s=64x64:r=30:d=7"), lavfi("sine=440:d=7"))...)
	data, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	_, got, err := remade(data, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, want := wrapped(t, fragmented)
	seconds := func(f File) (out []string) {
		for _, f := range f.Fragments {
			out = append(out, fmt.Sprintf("%.3f %t", f.Seconds, f.Open))
		}
		return out
	}
	if diff := cmp.Diff(seconds(want), seconds(got)); diff != "" {
		t.Errorf("fragments (-ffmpeg +ours):\n%s", diff)
	}
	if diff := cmp.Diff(want.Tracks, got.Tracks); diff != "" {
		t.Errorf("tracks (-ffmpeg +ours):\n%s", diff)
	}
}

// Whatever is not plain is left to ffmpeg.
func TestFragmentsOfOddMovies(t *testing.T) {
	t.Parallel()
	both := slices.Concat(lavfi("testsrc2=s=64x64:r=30:d=4"), lavfi("sine=440:d=4"), exported)
	plain := movie(t, "in.mp4", both...)
	from := filepath.Join(t.TempDir(), "from.mp4")
	if err := os.WriteFile(from, plain, 0o600); err != nil {
		t.Fatal(err)
	}
	changed := func(old, new string) []byte {
		if !bytes.Contains(plain, []byte(old)) {
			t.Fatalf("there is no %q", old)
		}
		return bytes.ReplaceAll(plain, []byte(old), []byte(new))
	}
	for name, data := range map[string][]byte{
		"in fragments":       movie(t, "in.mp4", "-i", from, "-c", "copy", "-movflags", "+frag_keyframe+empty_moov"),
		"trimmed":            movie(t, "in.mp4", "-ss", "1", "-i", from, "-c", "copy"),
		"late pictures":      movie(t, "in.mp4", "-i", from, "-itsoffset", "0.4", "-i", from, "-map", "1:v", "-map", "0:a", "-c", "copy"),
		"turned":             movie(t, "in.mp4", "-i", from, "-c", "copy", "-metadata:s:v", "rotate=90"),
		"QuickTime's sound":  movie(t, "in.mov", "-i", from, "-c", "copy"),
		"another codec":      movie(t, "in.mp4", "-i", from, "-c:a", "copy", "-c:v", "mpeg4"),
		"other sound":        movie(t, "in.mp4", "-i", from, "-c:v", "copy", "-c:a", "libmp3lame"),
		"cut short":          movie(t, "in.mp4", "-i", from, "-c", "copy", "-movflags", "+faststart")[:len(plain)*3/4],
		"elsewhere":          changed("url \x00\x00\x00\x01", "url \x00\x00\x00\x00"),
		"no times":           changed("stts", "free"),
		"without its chunks": changed("stco", "free"),
		"no film":            []byte("no film"),
		"nothing":            nil,
	} {
		if out, _, err := remade(data, 0, 1); err == nil {
			t.Errorf("%s: was taken, %d bytes", name, len(out))
		}
	}
	for _, tracks := range [][]int{{1, 0}, {0, 2}, {0, -1}, {2}, {0, 1, 0}} {
		if _, _, err := remade(plain, tracks...); !errors.Is(err, ErrOdd) {
			t.Errorf("tracks %v: %v", tracks, err)
		}
	}
}

// An error of what is read comes through, and what comes late is waited for.
func TestFragmentsOfAFault(t *testing.T) {
	t.Parallel()
	data := movie(t, "in.mp4", slices.Concat(lavfi("testsrc2=s=64x64:r=30:d=4"), exported)...)
	gone := errors.New("gone")
	source := &failingAfter{data: data, err: gone}
	r, err := Fragments(source, int64(len(data)), 0)
	if err != nil {
		t.Fatal(err)
	}
	source.failing = true
	if _, err := io.Copy(io.Discard, r); !errors.Is(err, gone) {
		t.Errorf("error %v, want %v", err, gone)
	}

	r, err = Fragments(bytes.NewReader(data), int64(len(data)), 0)
	if err == nil {
		err = iotest.TestReader(r, mustRead(t, data))
	}
	if err != nil {
		t.Error(err)
	}
}

func mustRead(t *testing.T, data []byte) []byte {
	r, err := Fragments(bytes.NewReader(data), int64(len(data)), 0)
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

type failingAfter struct {
	data    []byte
	failing bool
	err     error
}

func (f *failingAfter) ReadAt(p []byte, at int64) (int, error) {
	if f.failing {
		return 0, f.err
	}
	return bytes.NewReader(f.data).ReadAt(p, at)
}

// hostile reads whatever it is, and checks that nothing grows out of it.
func hostile(t interface{ Fatalf(string, ...any) }, data []byte, tracks ...int) bool {
	r, err := Fragments(bytes.NewReader(data), int64(len(data)), tracks...)
	if err != nil {
		return false
	}
	most := 256*int64(len(data)) + 1<<16
	n, err := io.Copy(io.Discard, io.LimitReader(r, most+1))
	if err != nil {
		t.Fatalf("what was checked can't be read: %v", err)
	}
	if n > most {
		t.Fatalf("%d bytes have become more than %d", len(data), most)
	}
	r, err = Fragments(bytes.NewReader(data), int64(len(data)), tracks...)
	if err != nil {
		t.Fatalf("was taken, and is not: %v", err)
	}
	file, err := Stream(r, io.Discard, 0)
	return err == nil && len(file.Fragments) > 0
}

// TestFragmentsOfDamage: an index of which any number is another one gives an error or
// a file, and no more bytes than there are.
func TestFragmentsOfDamage(t *testing.T) {
	t.Parallel()
	data := movie(t, "in.mp4", slices.Concat(lavfi("testsrc2=s=32x32:r=10:d=2.5"), lavfi("sine=440:d=2.5"), exported)...)
	moov := bytes.Index(data, []byte("moov"))
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		other := bytes.Clone(data)
		for range rapid.IntRange(1, 3).Draw(t, "times") {
			at := rapid.IntRange(moov, len(data)-4).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				other[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			case 1:
				binary.BigEndian.PutUint32(other[at:], rapid.SampledFrom([]uint32{0, 1, 1 << 31, 1<<32 - 1}).Draw(t, "number"))
			default:
				other = other[:at]
			}
			if len(other) < len(data) {
				break
			}
		}
		if hostile(t, other, 0, 1) {
			taken++
		}
	})
	if taken == 0 {
		t.Error("nothing was taken: the damage is too large to say anything")
	}
}

func FuzzFragments(f *testing.F) {
	f.Add(movie(f, "in.mp4", slices.Concat(lavfi("testsrc2=s=16x16:r=5:d=1"), lavfi("sine=440:d=1:r=8000"), exported)...))
	f.Add(movie(f, "in.mp4", slices.Concat(lavfi("testsrc2=s=16x16:r=5:d=1"), exported, []string{"-g", "2", "-an", "-movflags", "+faststart"})...))
	f.Fuzz(func(t *testing.T, data []byte) {
		hostile(t, data, 0)
		hostile(t, data, 0, 1)
	})
}

// TestSamplesOfATable: what a table says is what was laid out.
func TestSamplesOfATable(t *testing.T) {
	box := func(kind string, list ...uint32) child { return child{kind, numbers(list...)} }
	table := []child{
		box("stts", 0, 2, 3, 10, 2, 20), box("ctts", 0, 2, 1, 5, 4, 0), box("stss", 0, 2, 1, 4),
		box("stsc", 0, 2, 1, 2, 1, 2, 3, 1), box("stco", 0, 2, 1000, 5000), box("stsz", 0, 0, 5, 1, 2, 3, 4, 5),
	}
	s, err := readSamples(table)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		p, ok, err := s.next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		got = append(got, fmt.Sprint(p.at, p.size, p.decoded, p.duration, p.shift, p.key))
	}
	want := []string{"1000 1 0 10 5 true", "1001 2 10 10 0 false", "5000 3 20 10 0 false", "5003 4 30 20 0 true", "5007 5 50 20 0 false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for i, wrong := range []child{
		box("stts", 0, 1, 3, 10), box("stts", 0, 9, 3, 10), box("stsc", 0, 1, 1, 2, 2), box("stsc", 0, 1, 2, 2, 1), box("stco", 0, 1, 1000),
		box("stsz", 0, 0, 5, 1, 0, 3, 4, 5), box("stsz", 0, 1, 1<<30), box("stsz", 0, 0, 0), box("stsz", 0),
	} {
		other := slices.Clone(table)
		other[slices.IndexFunc(other, func(c child) bool { return c.kind == wrong.kind })] = wrong
		s, err := readSamples(other)
		for ok := true; ok && err == nil; {
			_, ok, err = s.next()
		}
		if err == nil {
			t.Errorf("%d: a wrong %s was taken", i, wrong.kind)
		}
	}
	if strings.Contains(fmt.Sprint(readSamples(table[1:])), "<nil>") {
		t.Error("a table without times was taken")
	}
}
