package hybrid

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Nothing that was written beside the pictures is left, every place is where it
// was, and what a player decodes is the same.
func TestQuiet(t *testing.T) {
	fragmented, _ := encode(t, "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=4", "-f", "lavfi", "-i", "sine=440:d=4")
	secret := "0123456789abcdef0123456789abcdef+" + string(bytes.Repeat([]byte("51.5007N 0.1246W "), 40))
	told := filepath.Join(t.TempDir(), "told.mp4")
	tool(t, "ffmpeg", "-v", "error", "-i", fragmented, "-c", "copy", "-bsf:v", "h264_metadata=sei_user_data="+secret+":aud=insert",
		"-movflags", "+frag_keyframe+delay_moov+default_base_moof+negative_cts_offsets+skip_trailer", told)
	before, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(before, []byte("51.5007N")) {
		t.Fatal("the sample says nothing")
	}
	decoded := tool(t, "ffmpeg", "-v", "error", "-i", told, "-f", "framehash", "-")
	file, err := os.OpenFile(told, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	read, err := Wrap(file, int64(len(before)), 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := read.Quiet(file); err != nil {
			t.Fatal(err)
		}
	}
	after, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != len(before) || bytes.Contains(after, []byte("51.5007N")) || bytes.Contains(after, []byte("x264 - core")) {
		t.Errorf("%d bytes of %d, or something is left", len(after), len(before))
	}
	if now := tool(t, "ffmpeg", "-v", "error", "-i", told, "-f", "framehash", "-"); now != decoded {
		t.Error("other pictures")
	}
	// ffmpeg's own reader of units finds them well formed.
	tool(t, "ffmpeg", "-v", "error", "-xerror", "-i", told, "-map", "0:v", "-c", "copy", "-bsf:v", "filter_units=pass_types=1-12,trace_headers", "-f", "null", "-")
}

// Words of any length are replaced by filler that adds up.
func TestFillerWords(t *testing.T) {
	for n := int64(1); n < 3000; n++ {
		file := scratchFile(t, bytes.Repeat([]byte{'~'}, int(n)+2))
		if err := fillerFor(n, true).overwrite(file, 1); err != nil {
			t.Fatal(err)
		}
		all, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		if all[0] != '~' || all[n+1] != '~' {
			t.Fatalf("of %d bytes: % x", n, all)
		}
		unit := all[1 : n+1]
		if n < 4 {
			if unit[0] != unitFiller {
				t.Fatalf("of %d bytes: % x", n, unit)
			}
			continue
		}
		rest := unit[1:]
		for len(rest) > 1 {
			size, at := 0, 1
			for rest[at] == 0xFF {
				size, at = size+255, at+1
			}
			size += int(rest[at])
			if rest[0] != 3 || at+1+size >= len(rest) || bytes.Count(rest[at+1:at+1+size], []byte{0xFF}) != size {
				t.Fatalf("of %d bytes: % x", n, unit)
			}
			rest = rest[at+1+size:]
		}
		if unit[0] != unitSEI || len(rest) != 1 || rest[0] != 0x80 {
			t.Fatalf("of %d bytes: % x", n, unit)
		}
		file.Close()
		os.Remove(file.Name())
	}
}

func scratchFile(t testing.TB, data []byte) *os.File {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err == nil {
		_, err = file.Write(data)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// units puts lengths of 4 bytes before each.
func units(list ...string) []byte {
	var out []byte
	for _, u := range list {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(u))), u...)
	}
	return out
}

func TestQuietRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		sample []byte
		key    bool
	}{
		"a unit that is too long":         {[]byte{0, 0, 0, 9, 1, 2}, false},
		"a unit of nothing":               {[]byte{0, 0, 0, 0, 1}, false},
		"half a length":                   {append(units("\x01abc"), 0, 0), false},
		"a length without a unit":         {append(units("\x01abc"), 0, 0, 0, 1), false},
		"a key picture that needs others": {units("\x06abc", "\x01abc"), true},
		"a key picture without a picture": {units("\x06abc", "\x09a"), true},
	} {
		file := scratchFile(t, c.sample)
		if err := quietSample(file, span{end: int64(len(c.sample)), key: c.key}, 4); !errors.Is(err, ErrUnits) {
			t.Errorf("%s: %v", name, err)
		}
	}
	file := scratchFile(t, units("\x09\xf0", "\x06abc", "\x65abc", "\x18abc"))
	if err := quietSample(file, span{end: 30, key: true}, 4); err != nil {
		t.Error(err)
	}
	if got, _ := os.ReadFile(file.Name()); !bytes.Equal(got, units("\x09\xf0", "\x06\x03\x00\x80", "\x65abc", "\x0c\xff\xff\x80")) {
		t.Errorf("% x", got)
	}
}

// Whatever the units are, it ends, stays within the sample, and leaves the
// pictures alone.
func FuzzQuiet(f *testing.F) {
	f.Add(units("\x09\xf0", "\x06abc", "\x65abc", "\x18abc"), byte(4), true)
	f.Add([]byte{1, 0x65, 3, 6, 1, 2}, byte(1), false)
	f.Fuzz(func(t *testing.T, sample []byte, width byte, key bool) {
		width = width%4 + 1
		file := scratchFile(t, append(append([]byte("before"), sample...), "after"...))
		defer file.Close()
		err := quietSample(file, span{at: 6, end: 6 + int64(len(sample)), key: key}, int(width))
		if err != nil && !errors.Is(err, ErrUnits) {
			t.Fatal(err)
		}
		got, _ := os.ReadFile(file.Name())
		if len(got) != len(sample)+11 || !bytes.HasPrefix(got, []byte("before")) || !bytes.HasSuffix(got, []byte("after")) {
			t.Fatalf("% x", got)
		}
		if err != nil {
			return
		}
		for now, then := got[6:], sample; len(then) > 0; {
			n := 0
			for _, b := range then[:width] {
				n = n<<8 | int(b)
			}
			n += int(width)
			kind := then[width] & 31
			if kind != 6 && kind != 0 && kind < 24 && !bytes.Equal(now[:n], then[:n]) {
				t.Fatalf("a unit of kind %d was % x and is % x", kind, then[:n], now[:n])
			}
			if now, then = now[n:], then[n:]; len(then) > 0 && !bytes.Equal(now[:width], then[:min(int(width), len(then))]) {
				t.Fatal("a length has changed")
			}
		}
	})
}
