package hybrid

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// high is how an editor encodes for a wide public.
var high = []string{
	"-c:v", "libx264", "-preset", "superfast", "-profile:v", "high", "-threads", "1", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "15", "-c:a", "aac",
}

func look(data []byte) (*Movie, error) { return Look(bytes.NewReader(data), int64(len(data))) }

func TestLook(t *testing.T) {
	t.Parallel()
	data := movie(t, "in.mp4", slices.Concat(lavfi("testsrc2=s=64x48:r=30:d=2"), lavfi("sine=440:d=2:r=48000"), high)...)
	m, err := look(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Pictures{
		Track: 0, Profile: "High", Level: 10, Width: 64, Height: 48, Square: true, Frames: 60, Rate: [2]int64{15360, 512},
		Average: [2]int64{15360 * 60, 512 * 60}, Duration: 2 * time.Second,
	}, m.Pictures); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&Sound{Track: 1, Channels: 1, SampleRate: 48000, Duration: 2 * time.Second}, m.Sound); diff != "" {
		t.Error(diff)
	}
}

// What says of itself in two places what must be one, or is of a kind of which more is to
// be known, is not taken.
func TestLookOfOddMovies(t *testing.T) {
	t.Parallel()
	both := slices.Concat(lavfi("testsrc2=s=64x48:r=30:d=2"), lavfi("sine=440:d=2:r=48000"), high)
	plain := movie(t, "in.mp4", both...)
	dir := t.TempDir()
	from, words := filepath.Join(dir, "from.mp4"), filepath.Join(dir, "words.srt")
	if err := errors.Join(os.WriteFile(from, plain, 0o600), os.WriteFile(words, []byte("1\n00:00:00,000 --> 00:00:01,000\nhello\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	again := func(args ...string) []byte {
		return movie(t, "in.mp4", append([]string{"-i", from, "-c", "copy"}, args...)...)
	}
	changed := func(old string, by int, what ...byte) []byte {
		out := bytes.Clone(plain)
		at := bytes.Index(out, []byte(old))
		if at < 0 {
			t.Fatalf("there is no %q", old)
		}
		copy(out[at+4+by:], what)
		return out
	}
	for name, data := range map[string][]byte{
		"subtitles":          movie(t, "in.mp4", "-i", from, "-i", words, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text"),
		"two films":          movie(t, "in.mp4", "-i", from, "-map", "0:v", "-map", "0:v", "-c", "copy"),
		"two sounds":         movie(t, "in.mp4", "-i", from, "-map", "0", "-map", "0:a", "-c", "copy"),
		"sound alone":        again("-map", "0:a"),
		"turned":             again("-metadata:s:v", "rotate=90"),
		"wide pixels":        again("-aspect", "2:1"),
		"in fragments":       again("-movflags", "+frag_keyframe+empty_moov"),
		"high in contrast":   movie(t, "in.mp4", slices.Concat(both, []string{"-color_trc", "smpte2084"})...),
		"black is 0":         movie(t, "in.mp4", slices.Concat(both, []string{"-color_range", "pc"})...),
		"brighter than said": movie(t, "in.mp4", slices.Concat(both, []string{"-x264-params", "alternative-transfer=arib-std-b67"})...),
		"lines in turns":     movie(t, "in.mp4", slices.Concat(both, []string{"-flags", "+ilme+ildct"})...),
		"uneven":             movie(t, "in.mp4", slices.Concat(lavfi("testsrc2=s=64x48:r=30:d=2,select='not(mod(n,7))+not(mod(n,5))'"), []string{"-fps_mode", "passthrough"}, high)...),
		"Baseline":           movie(t, "in.mp4", slices.Concat(both, []string{"-profile:v", "baseline"})...),
		"10 bits":            movie(t, "in.mp4", slices.Concat(both, []string{"-profile:v", "high10", "-pix_fmt", "yuv420p10le"})...),
		"5.1":                movie(t, "in.mp4", slices.Concat(both, []string{"-ac", "6"})...),
		"a low rate":         movie(t, "in.mp4", slices.Concat(both, []string{"-ar", "22050"})...),
		"a turned movie":     changed("mvhd", 36, 0, 0, 0, 0),
		"another width":      changed("tkhd", 76, 0, 65),
		"another size":       changed("avcC", -62, 0, 65),
		"another length":     changed("mdhd", 16, 0, 1, 0, 0),
		"no length":          changed("mdhd", 16, 0, 0, 0, 0),
		"another profile":    changed("avcC", 9, 110),
		"one for players":    changed("avcC", 1, 110),
		"another version":    changed("avcC", 0, 2),
		"two parameter sets": changed("avcC", 5, 0xe2),
		"a part of the set":  changed("avcC", 6, 0, 6),
		"no film":            []byte("no film"),
	} {
		if m, err := look(data); err == nil {
			t.Errorf("%s: %+v", name, m.Pictures)
		}
	}

	// What the first picture says of itself is believed by decoders.
	at := bytes.Index(plain, []byte("avcC")) + 4
	n := int(binary.BigEndian.Uint16(plain[at+6:]))
	for name, c := range map[string]struct {
		change byte
		taken  bool
	}{"the same": {0, true}, "others": {1, false}} {
		// In place of the encoder's words, which come first.
		other := bytes.Clone(plain)
		m, err := look(plain)
		if err != nil {
			t.Fatal(err)
		}
		s := m.fragments.tracks[0].samples
		first, _, _ := s.next()
		unit := int(binary.BigEndian.Uint32(other[first.at:]))
		if unit < n+4+5 {
			t.Fatalf("the first unit has %d bytes", unit)
		}
		binary.BigEndian.PutUint32(other[first.at:], uint32(n))
		copy(other[first.at+4:], other[at+8:at+8+n])
		other[int(first.at)+4+n-1] ^= c.change
		binary.BigEndian.PutUint32(other[int(first.at)+4+n:], uint32(unit-n-4))
		other[int(first.at)+8+n] = unitFiller
		if _, err := look(other); (err == nil) != c.taken {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A movie's header may be of any length.
func TestLookOfShortHeaders(t *testing.T) {
	t.Parallel()
	for n := range 64 {
		if _, err := onlyTracks([]child{{"mvhd", make([]byte, n)}}); !errors.Is(err, ErrOdd) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// A track that has two boxes of which one is read is another one to who reads the other.
func TestLookOfBoxesTwice(t *testing.T) {
	t.Parallel()
	const ftyp = 32
	plain := movie(t, "in.mp4", slices.Concat(lavfi("testsrc2=s=64x48:r=30:d=2"), lavfi("sine=440:d=2:r=48000"), high, []string{"-movflags", "+faststart"})...)
	moov := int(binary.BigEndian.Uint32(plain[ftyp:]))
	index, err := children(plain[ftyp+8 : ftyp+moov])
	if err != nil || string(plain[ftyp+4:ftyp+8]) != "moov" {
		t.Fatalf("%q, %v", plain[ftyp+4:ftyp+8], err)
	}
	// doubled has a box twice wherever it is, or none with "".
	var doubled func(list []child, kind string) []byte
	doubled = func(list []child, kind string) (out []byte) {
		for _, c := range list {
			data := c.data
			if readOnce[c.kind] != nil {
				parts, err := children(data)
				if err != nil {
					t.Fatal(err)
				}
				data = doubled(parts, kind)
			} else if c.kind == "stsd" && kind == "entry" {
				data = slices.Concat(data, data[8:])
			}
			out = append(out, boxOf(c.kind, data)...)
			if c.kind == kind {
				out = append(out, boxOf(c.kind, data)...)
			}
		}
		return out
	}
	if _, err := onlyTracksOf(doubled(index, "")); err != nil {
		t.Fatal(err)
	}
	for _, kind := range append(slices.Concat(slices.Collect(maps.Values(readOnce))...), "mvhd", "entry") {
		if _, err := onlyTracksOf(doubled(index, kind)); !errors.Is(err, ErrOdd) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func onlyTracksOf(moov []byte) ([]int, error) {
	list, err := children(moov)
	if err != nil {
		return nil, err
	}
	return onlyTracks(list)
}

// The durations of sound are those of its samples: more of them could be so many that
// their sum comes round to what the header says.
func TestLookOfSoundsDurations(t *testing.T) {
	t.Parallel()
	const ticks = 10 << 10
	for name, c := range map[string]struct {
		durations []uint32
		taken     bool
	}{
		"as many as samples": {[]uint32{10, 1 << 10}, true},
		"fewer":              {[]uint32{9, 1 << 10}, false},
		"more":               {[]uint32{10, 1 << 10, 1, 1}, false},
		// 2³²-1 times itself is 1-2³³, without the bits that are too many.
		"round to the same": {[]uint32{10, 1 << 10, 1<<32 - 1, 1<<32 - 1, 2, 1<<32 - 1, 1, 1}, false},
	} {
		data := numbers(c.durations...)
		track := &movieTrack{scale: 48000, said: ticks, config: []byte{0x11, 0x88}, samples: samples{count: 10, durations: counted{data: data}}}
		if s, err := track.sound(1); (err == nil) != c.taken {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

func FuzzLook(f *testing.F) {
	f.Add(movie(f, "in.mp4", slices.Concat(lavfi("testsrc2=s=16x16:r=5:d=1"), lavfi("sine=440:d=1:r=48000"), high)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := look(data)
		if err != nil {
			return
		}
		if p := m.Pictures; p.Frames == 0 || p.Duration <= 0 || p.Rate[0] <= 0 || p.Rate[1] <= 0 || p.Average[1] <= 0 {
			t.Fatalf("%+v", p)
		}
		if key, err := m.KeyPicture(); err == nil && len(key) > len(data)+8<<10 {
			t.Fatalf("a picture of %d bytes of %d", len(key), len(data))
		}
	})
}
