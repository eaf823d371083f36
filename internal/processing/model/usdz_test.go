package model

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"magpie/internal/media"
)

// crate is a binary layer by its beginning, of n bytes.
func crate(n int) string {
	b := make([]byte, n)
	copy(b, crateSign+"\x00\x08\x00")
	binary.LittleEndian.PutUint64(b[16:], uint64(n-8))
	return string(b)
}

// props are members of a sound archive.
func props() []entry {
	return []entry{
		{name: "scene.usdc", data: crate(300)},
		{name: "layers/more.usda", data: "#usda 1.0\n()\n"},
		{name: "0/wood.png", data: pngSign + "rest"},
		{name: "0/stone.JPG", data: "\xff\xd8\xff\xe0rest"},
		{name: "0/sky.exr", data: "\x76\x2f\x31\x01rest"},
		{name: "0/grün.avif", data: "\x00\x00\x00\x1cftypavifrest", flags: 1 << 11},
		{name: "sounds/a.m4a", data: "\x00\x00\x00\x1cftypM4A rest"},
		{name: "sounds/b.mp3", data: "ID3rest"},
		{name: "sounds/c.mp3", data: "\xff\xfb\x90rest"},
		{name: "sounds/d.wav", data: "RIFF\x00\x00\x00\x00WAVErest"},
	}
}

func TestUSDZTaken(t *testing.T) {
	for what, file := range map[string][]byte{
		"all sorts":       usdzOf(props(), "", ""),
		"a layer":         usdzOf([]entry{{name: "a.usd", data: crate(96)}}, "", ""),
		"a layer of text": usdzOf([]entry{{name: "a.USD", data: "#usda 1.0\n"}}, "", ""),
		"times and notes": usdzOf([]entry{{name: "a.usda", data: "#usda 1.0\n", extra: "UT\x05\x00\x03SECR", central: "UT\x05\x00\x03SECR", comment: "SECRET", mode: 0x81a4}}, "", ""),
	} {
		served := taken(t, what, file, media.USDZ)
		if bytes.Contains(served, []byte("SECR")) {
			t.Errorf("%s: what is served has a note of the original", what)
		}
		if again := taken(t, what, served, media.USDZ); !bytes.Equal(again, served) {
			t.Errorf("%s: what is served would be served otherwise", what)
		}
		sameMembers(t, what, file, served)
	}
}

// sameMembers reads both archives with another reader.
func sameMembers(t *testing.T, what string, a, b []byte) {
	t.Helper()
	list := func(file []byte) (out []string) {
		z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, f := range z.File {
			at, err := f.DataOffset()
			if err != nil || at%alignment != 0 || f.Method != zip.Store {
				t.Errorf("%s: %s at %d, method %d, %v", what, f.Name, at, f.Method, err)
			}
			r, err := f.Open()
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Errorf("%s: %s: %v", what, f.Name, err)
			}
			out = append(out, f.Name+": "+string(data))
		}
		return out
	}
	if got, want := strings.Join(list(b), "\n"), strings.Join(list(a), "\n"); got != want {
		t.Errorf("%s: what is served holds\n%q\nand came as\n%q", what, got, want)
	}
}

func TestUSDZArchive(t *testing.T) {
	const invalid, unsupported = media.InvalidMedia, media.UnsupportedMedia
	whole := usdzOf(props(), "", "")
	end := len(whole) - endSize
	with := func(at int, b ...byte) []byte {
		f := bytes.Clone(whole)
		copy(f[at:], b)
		return f
	}
	list := bytes.Index(whole, []byte(centralSign))
	overlapping := usdzOf([]entry{{name: "a.usda", data: "#usda 1.0\n"}, {name: "b.usda", data: "#usda 1.0\n"}}, "", "")
	second := bytes.LastIndex(overlapping, []byte(centralSign))
	binary.LittleEndian.PutUint32(overlapping[second+42:], 0)
	for _, c := range []struct {
		what        string
		file        []byte
		name, words string
	}{
		{"nothing", nil, invalid, "does not end as a ZIP"},
		{"a few bytes", []byte("PK\x05\x06"), invalid, "does not end as a ZIP"},
		{"no members", []byte(endSign + strings.Repeat("\x00", 18)), invalid, "no members"},
		{"cut", whole[:len(whole)-1], invalid, "does not end as a ZIP"},
		{"bytes behind its end", append(bytes.Clone(whole), "<html>"...), invalid, "does not end as a ZIP"},
		{"a comment", append(with(end+20, 6, 0), "<html>"...), invalid, "does not end as a ZIP"},
		{"bytes before its beginning", append([]byte("%PDF-1.7"), whole...), invalid, "the archive's end begins"},
		{"bytes before the list", usdzOf(props(), "hidden", ""), invalid, "and their list lies from"},
		{"bytes behind the list", func() []byte {
			f := bytes.Join([][]byte{whole[:end], []byte("hidden"), whole[end:]}, nil)
			binary.LittleEndian.PutUint32(f[end+6+12:], uint32(end-list+6))
			return f
		}(), invalid, "6 bytes unused"},
		{"one of several", with(end+4, 1), invalid, "one part of an archive"},
		{"some of several", with(end+8, 9), invalid, "one part of an archive"},
		{"fewer than listed", with(end+8, 9, 0, 9, 0), invalid, "bytes unused"},
		{"more than listed", with(end+8, 11, 0, 11, 0), invalid, "list of members ends early"},
		{"ZIP64 by number", with(end+8, 0xff, 0xff, 0xff, 0xff), unsupported, "ZIP64"},
		{"ZIP64 by place", with(end+16, 0xff, 0xff, 0xff, 0xff), unsupported, "ZIP64"},
		{"a list of 4 GB", with(end+12, 0xfe, 0xff, 0xff, 0xff), unsupported, "8388608 is the most"},
		{"a list elsewhere", with(end+16, 1), invalid, "would lie from"},
		{"no entry in the list", with(list, 'x'), invalid, "list of members ends early"},
		{"a name beyond the list", with(list+28, 0xff, 0xff), invalid, "list of members ends early"},
		{"a member elsewhere", with(list+42, 64), invalid, "begins at 64, and the one before it ends at 0"},
		{"a member of ZIP64", with(list+20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), unsupported, "uses ZIP64"},
		{"a member of another part", with(list+34, 1), invalid, "another part"},
		{"members on each other", overlapping, invalid, "begins at 0, and the one before it ends at"},
		{"no local header", with(0, 'x'), invalid, "no member at 0"},
	} {
		turnedAway(t, c.what, c.file, media.USDZ, c.name, c.words)
	}
}

func TestUSDZMembers(t *testing.T) {
	const invalid, unsupported = media.InvalidMedia, media.UnsupportedMedia
	const layer = "#usda 1.0\n"
	named := func(name string) entry { return entry{name: name, data: layer} }
	for _, c := range []struct {
		what        string
		e           entry
		name, words string
	}{
		{"compressed", entry{name: "a.usda", data: layer, method: 8}, invalid, "is compressed (method 8)"},
		{"encrypted", entry{name: "a.usda", data: layer, flags: 1}, invalid, "is encrypted"},
		{"strongly encrypted", entry{name: "a.usda", data: layer, flags: 1 << 6}, invalid, "is encrypted"},
		{"sizes behind it", entry{name: "a.usda", data: layer, flags: 1 << 3}, invalid, "sizes behind it"},
		{"other flags", entry{name: "a.usda", data: layer, flags: 1 << 13}, invalid, "flags 0x2000"},
		{"sizes that differ", entry{name: "a.usda", data: layer, stored: 5}, invalid, "is said to become"},
		{"another size before it", entry{name: "a.usda", data: layer, size: 1}, invalid, "differ"},
		{"another sum before it", entry{name: "a.usda", data: layer, crc: 1}, invalid, "differ"},
		{"another name before it", entry{name: "a.usda", data: layer, local: "b.usda"}, invalid, `has a member "a.usda" at`},
		{"not aligned", entry{name: "a.usda", data: layer, shift: 1}, invalid, "no multiple of 64"},
		{"aligned to 32", entry{name: "a.usda", data: layer, shift: 32}, invalid, "no multiple of 64"},
		{"bytes behind it", entry{name: "a.usda", data: layer, gap: "hidden"}, invalid, "ends at"},
		{"a symbolic link", entry{name: "a.usda", data: layer, mode: 0xa1ff}, invalid, "symbolic link"},
		{"ZIP64 before it", entry{name: "a.usda", data: layer, extra: "\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"}, unsupported, "uses ZIP64"},
		{"ZIP64 in the list", entry{name: "a.usda", data: layer, central: "\x01\x00\x00\x00"}, unsupported, "uses ZIP64"},
		{"a second name", entry{name: "a.usda", data: layer, extra: "\x75\x70\x06\x00\x01\x00\x00\x00\x00x"}, invalid, "second name"},
		{"extra fields that end early", entry{name: "a.usda", data: layer, central: "xx\x09\x00"}, invalid, "can't be followed"},
		{"half an extra field", entry{name: "a.usda", data: layer, central: "xx"}, invalid, "can't be followed"},

		{"an absolute name", named("/etc/a.usda"), invalid, "no relative path"},
		{"a name with a drive", named("C:a.usda"), invalid, "no relative path"},
		{"a name of another system", named(`..\a.usda`), invalid, "no relative path"},
		{"a name that climbs", named("x/../../a.usda"), invalid, `leads through ".."`},
		{"a name that stays", named("./a.usda"), invalid, `leads through "."`},
		{"a name with a hole", named("x//a.usda"), invalid, `leads through ""`},
		{"a folder", entry{name: "textures/"}, invalid, "is a folder"},
		{"no name", named(""), invalid, "0 bytes"},
		{"a long name", named(strings.Repeat("x", 2000) + ".usda"), invalid, "2005 bytes"},
		{"a name that is no text", named("\xff.usda"), invalid, "not UTF-8"},
		{"a name with a zero", named("a\x00.usda"), invalid, "control character"},
		{"a name twice", named("MAIN.usda"), invalid, `two members "MAIN.usda"`},

		{"a page", entry{name: "index.html", data: "<html>"}, invalid, `"index.html" is of no sort`},
		{"a program", entry{name: "run", data: "\x7fELF"}, invalid, "is of no sort"},
		{"an archive", entry{name: "a.usdz", data: "PK\x03\x04"}, invalid, "is of no sort"},
		{"a drawing", entry{name: "a.svg", data: "<svg/>"}, invalid, "is of no sort"},
		{"what a Mac leaves", entry{name: "__MACOSX/._a.png", data: "\x00\x05\x16\x07"}, invalid, "does not begin as .png files do"},
		{"text as a binary layer", entry{name: "a.usdc", data: layer}, invalid, "does not begin as .usdc files do"},
		{"a page as a layer", entry{name: "a.usda", data: "<html>"}, invalid, "does not begin as .usda files do"},
		{"a later text", entry{name: "a.usda", data: "#usda 2.0\n"}, invalid, "does not begin as .usda files do"},
		{"an empty picture", entry{name: "a.png"}, invalid, "does not begin as .png files do"},
		{"a JPEG as a PNG", entry{name: "a.png", data: "\xff\xd8\xff\xe0"}, invalid, "does not begin as .png files do"},
		{"a page as a JPEG", entry{name: "a.jpeg", data: "<html>"}, invalid, "does not begin as .jpeg files do"},
		{"a page as a sound", entry{name: "a.wav", data: "RIFF....AVI "}, invalid, "does not begin as .wav files do"},
		{"a short binary layer", entry{name: "a.usdc", data: crate(88)[:80]}, invalid, "too few"},
		{"a binary layer to come", entry{name: "a.usdc", data: crateSign + "\x01" + crate(100)[9:]}, unsupported, "version 1.8"},
		{"contents outside", entry{name: "a.usdc", data: crate(100)[:16] + "\xff\xff\xff\xff\xff\xff\xff\xff" + crate(100)[24:]}, invalid, "table of contents"},
	} {
		file := usdzOf([]entry{{name: "main.usda", data: layer}, c.e, {name: "last.usda", data: layer}}, "", "")
		turnedAway(t, c.what, file, media.USDZ, c.name, c.words)
	}
	turnedAway(t, "a picture first", usdzOf([]entry{{name: "a.png", data: pngSign}, {name: "a.usda", data: layer}}, "", ""), media.USDZ, invalid, "first member is")
}

// Bytes that aren't what their sum says are found when they are read.
func TestUSDZSums(t *testing.T) {
	for _, name := range []string{"scene.usdc", "sounds/d.wav"} {
		file := usdzOf(props(), "", "")
		at := bytes.Index(file, []byte(name)) + 100
		if name != "scene.usdc" {
			at = bytes.Index(file, []byte("WAVErest")) + 5
		}
		file[at] ^= 1
		turnedAway(t, name, file, media.USDZ, media.InvalidMedia, `"`+name+`" do not have the sum`)
	}
}

// What the store fails to give is not the file's fault.
func TestFaultsOfTheStore(t *testing.T) {
	for kind, file := range map[media.Type][]byte{media.GLB: scene(), media.USDZ: usdzOf(props(), "", "")} {
		for n := 1; n < 200; n++ {
			r := &failing{r: bytes.NewReader(file), after: n}
			f, err := examine(source{r, int64(len(file))}, kind)
			if err == nil {
				_, err = io.Copy(io.Discard, f.content)
			}
			var failure *media.Failure
			if r.reads < n {
				if err != nil || n < 5 {
					t.Errorf("%s: %d reads, %v", kind, r.reads, err)
				}
				break
			}
			if !errors.Is(err, errStore) || errors.As(err, &failure) {
				t.Errorf("%s, read %d: %v", kind, n, err)
			}
		}
	}
}

var errStore = errors.New("the store is gone")

type failing struct {
	r            io.ReaderAt
	reads, after int
}

func (f *failing) ReadAt(p []byte, off int64) (int, error) {
	if f.reads++; f.reads >= f.after {
		return 0, errStore
	}
	return f.r.ReadAt(p, off)
}

func holdsUp(t *testing.T, file []byte, kind media.Type) {
	t.Helper()
	out, err := process(file, kind)
	var f *media.Failure
	switch {
	case err == nil:
		if again, err := process(out.file, kind); err != nil || !bytes.Equal(again.file, out.file) {
			t.Errorf("what is served of %q is not what would be served of it: %v", file, err)
		}
	case !errors.As(err, &f) || f.Name == media.InternalError || !strings.HasSuffix(f.Message, ".") || out.saved != 0:
		t.Errorf("%q: %v", file, err)
	}
}

func FuzzUSDZ(f *testing.F) {
	f.Add(usdzOf(props(), "", ""))
	f.Add(usdzOf([]entry{{name: "a.usda", data: "#usda 1.0\n"}}, "", ""))
	f.Add(usdzOf([]entry{{name: "a.usda", data: "#usda 1.0\n", extra: "UT\x05\x00\x03SECR", central: "UT\x05\x00\x03SECR", comment: "note"}}, "", ""))
	f.Fuzz(func(t *testing.T, file []byte) { holdsUp(t, file, media.USDZ) })
}

func TestUSDZCutAndAltered(t *testing.T) {
	whole := usdzOf(props(), "", "")
	for n := range whole {
		turnedAway(t, fmt.Sprintf("%d of %d bytes", n, len(whole)), whole[:n], media.USDZ, media.InvalidMedia, "The model is damaged: ")
	}
	for at := range whole {
		file := bytes.Clone(whole)
		file[at] ^= byte(1 + at%255)
		holdsUp(t, file, media.USDZ)
	}
}
