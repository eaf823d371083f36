package image

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/media"
)

// profile makes a sound ICC profile of a space with one tag of n bytes.
func profile(space colourSpace, n int) []byte {
	p := make([]byte, profileHeaderSize+4+profileTagSize+n)
	binary.BigEndian.PutUint32(p, uint32(len(p)))
	copy(p[8:], "\x04\x30\x00\x00")
	copy(p[12:], "mntr")
	copy(p[16:], space)
	copy(p[20:], "XYZ ")
	copy(p[36:], "acsp")
	binary.BigEndian.PutUint32(p[128:], 1)
	copy(p[132:], "desc")
	binary.BigEndian.PutUint32(p[136:], 144)
	binary.BigEndian.PutUint32(p[140:], uint32(n))
	for i := range n {
		p[144+i] = byte(i*i>>3 ^ i)
	}
	copy(p[144:], "desc\x00\x00\x00\x00Display P3")
	return p
}

func TestProfileFor(t *testing.T) {
	sound := profile(spaceRGB, 400)
	changed := func(at int, with string) []byte {
		p := bytes.Clone(sound)
		copy(p[at:], with)
		return p
	}
	for name, c := range map[string]struct {
		raw   []byte
		space colourSpace
		want  []byte
	}{
		"sound":               {sound, spaceRGB, sound},
		"sound grey":          {profile(spaceGrey, 40), spaceGrey, profile(spaceGrey, 40)},
		"bytes after its end": {append(bytes.Clone(sound), "GPSSECRET"...), spaceRGB, sound},
		"none":                {nil, spaceRGB, nil},
		"of another space":    {sound, spaceGrey, nil},
		"of CMYK":             {profile("CMYK", 40), spaceRGB, nil},
		"no signature":        {changed(36, "acsq"), spaceRGB, nil},
		"a device link":       {changed(12, "link"), spaceRGB, nil},
		"longer than it is":   {changed(0, "\x00\x10\x00\x00"), spaceRGB, nil},
		"shorter than header": {changed(0, "\x00\x00\x00\x40"), spaceRGB, nil},
		"too many tags":       {changed(128, "\xff\xff\xff\xff"), spaceRGB, nil},
		"a tag outside":       {changed(136, "\x7f\xff\xff\xff"), spaceRGB, nil},
		"a tag of 4 GB":       {changed(140, "\xff\xff\xff\xff"), spaceRGB, nil},
		"cut":                 {sound[:300], spaceRGB, nil},
		"tiny":                {sound[:20], spaceRGB, nil},
		"too long":            {profile(spaceRGB, maxProfile), spaceRGB, nil},
	} {
		if got := profileFor(c.raw, c.space); !bytes.Equal(got, c.want) {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(c.want))
		}
	}
}

// jpegProfileOf reads the profile out of a JPEG.
func jpegProfileOf(file []byte) []byte {
	head := readJPEGHead(bytes.NewReader(file))
	return head.profile.bytes()
}

func TestProfileIsKept(t *testing.T) {
	for name, p := range map[string][]byte{
		"P3-like":             profile(spaceRGB, 404),
		"of several segments": profile(spaceRGB, 150_000),
	} {
		inJPEG := insert(jpegOf(t, quarters(300, 200)), 2, jpegProfileSegments(p))
		_, out := process(t, media.JPEG, inJPEG)
		for file := range out.files {
			isQuarters(t, out.decoded(t, file), 20)
			if got := jpegProfileOf(out.files[file]); !bytes.Equal(got, p) {
				t.Errorf("%s: %s carries %d bytes of profile, want %d", name, file, len(got), len(p))
			}
		}

		img := quarters(300, 200)
		for i := 3; i < len(img.Pix); i += 4 {
			img.Pix[i] = 200
		}
		_, out = process(t, media.PNG, insert(pngOf(t, img), pngHeaderSize, pngProfileChunk(p)))
		if len(out.files) != 5 {
			t.Errorf("%d files", len(out.files))
		}
		for file := range out.files {
			out.decoded(t, file) // checks every chunk's sum
			if got := pngProfile(readPNGHead(bytes.NewReader(out.files[file])).profile); !bytes.Equal(got, p) {
				t.Errorf("%s: %s carries %d bytes of profile, want %d", name, file, len(got), len(p))
			}
		}
	}
}

func TestProfileMovesToTheOutputFormat(t *testing.T) {
	p := profile(spaceRGB, 100)
	_, out := process(t, media.PNG, insert(pngOf(t, photo(200, 100)), pngHeaderSize, pngProfileChunk(p)))
	if got := jpegProfileOf(out.files["large.jpg"]); !bytes.Equal(got, p) {
		t.Errorf("the JPEG of a PNG carries %d bytes of profile", len(got))
	}
}

func TestProfileThatDoesNotFitIsDropped(t *testing.T) {
	for name, p := range map[string][]byte{
		"CMYK": profile("CMYK", 100),
		"grey": profile(spaceGrey, 100),
		"junk": bytes.Repeat([]byte("junk"), 100),
	} {
		_, out := process(t, media.JPEG, insert(jpegOf(t, quarters(200, 100)), 2, jpegProfileSegments(p)))
		for file, b := range out.files {
			if bytes.Contains(b, []byte("ICC_PROFILE")) {
				t.Errorf("%s carries a profile of %s", file, name)
			}
		}
	}
}

func TestJPEGProfilePieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := make([]byte, rapid.IntRange(1, 400_000).Draw(t, "size"))
		for i := range p {
			p[i] = byte(i % 251)
		}
		var payloads [][]byte
		for rest := jpegProfileSegments(p); len(rest) > 0; {
			n := 2 + int(binary.BigEndian.Uint16(rest[2:]))
			payloads = append(payloads, rest[4:n])
			rest = rest[n:]
		}
		var c jpegProfile
		for i, piece := range rapid.Permutation(payloads).Draw(t, "order") {
			if i > 0 && c.bytes() != nil {
				t.Fatal("a profile before all of its pieces")
			}
			c.add([]byte("MPF\x00 is another use of APP2"))
			c.add(piece)
		}
		if !bytes.Equal(c.bytes(), p) {
			t.Fatal("the pieces do not give the profile back")
		}
		c.add(payloads[0])
		if c.bytes() != nil {
			t.Fatal("a piece came twice, and nobody knows which is right")
		}
	})
}

func TestPNGProfileInflatesNoMoreThanIsKept(t *testing.T) {
	chunk := pngProfileChunk(make([]byte, 6<<20))
	if got := pngProfile(chunk[8 : len(chunk)-4]); got != nil {
		t.Errorf("a profile of %d bytes", len(got))
	}
}

func TestPNGChunk(t *testing.T) {
	got := pngChunk("tEXt", []byte("ab"))
	want := append([]byte("\x00\x00\x00\x02tEXtab"), binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte("tEXtab")))...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzProfile(f *testing.F) {
	f.Add(profile(spaceRGB, 40))
	f.Add(append(profile(spaceGrey, 0), "more"...))
	chunk := pngProfileChunk(profile(spaceRGB, 40))
	f.Add(chunk[8 : len(chunk)-4])
	f.Add([]byte("name\x00\x00not zlib"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, space := range []colourSpace{spaceRGB, spaceGrey} {
			if p := profileFor(b, space); p != nil && (!bytes.HasPrefix(b, p) || int(binary.BigEndian.Uint32(p)) != len(p)) {
				t.Errorf("a profile of %d bytes that does not say so", len(p))
			}
		}
		if p := pngProfile(b); len(p) > maxProfile {
			t.Errorf("a profile of %d bytes", len(p))
		}
		var c jpegProfile
		c.add(append([]byte(jpegProfileMark), b...))
		if p := c.bytes(); p != nil && !bytes.HasSuffix(b, p) {
			t.Error("a profile that was not in the segment")
		}
	})
}
